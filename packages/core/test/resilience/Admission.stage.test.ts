import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import type { Call } from "../../src/pipeline/Call.ts"
import * as Admission from "../../src/resilience/Admission.ts"
import { account, stateOf } from "./support/admission.ts"
import { make } from "./support/breaker.ts"
import { answer, call } from "./support/hedge.ts"

const limited: Call = { ...call, request: { ...call.request, max_completion_tokens: 500 } }

describe("The stage of admission", () => {
  it.effect("counts the tokens of calls for their account", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { tokensPerMinute: 1_000 } })
      const { effect, stream } = Admission.stage(admission)
      assert.deepStrictEqual(yield* effect(() => Effect.succeed(answer(1)))(limited), answer(1))
      const one = (yield* stateOf(admission)).tokensInMinute
      assert.isAtLeast(one, 500)
      const error = yield* Effect.flip(
        Stream.runDrain(
          stream(() => Stream.empty)({ ...limited, request: { ...limited.request, max_completion_tokens: 5_000 } })
        )
      )
      assert.strictEqual(error._tag, "AdmissionLimitError")
    })
  )

  it.effect("holds the permit of a stream until that ends", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { concurrency: 1 } })
      const { stream } = Admission.stage(admission)
      const open = yield* Effect.forkChild(Stream.runDrain(stream(() => Stream.never)(call)), {
        startImmediately: true
      })
      assert.strictEqual((yield* admission.states).get(account)?.inFlight, 1)
      yield* Fiber.interrupt(open)
      assert.strictEqual((yield* admission.states).get(account)?.inFlight, 0)
    })
  )

  it.effect("rejects a waiting call when its circuit opens", () =>
    Effect.gen(function* () {
      const circuits = yield* make()
      const admission = yield* Admission.make({ limits: { concurrency: 1 } })
      const { effect } = Admission.stage(admission, circuits)
      const first = yield* Effect.forkChild(effect(() => Effect.never)(call), { startImmediately: true })
      const waiting = yield* Effect.forkChild(Effect.flip(effect(() => Effect.succeed(answer(1)))(call)), {
        startImmediately: true
      })
      yield* circuits.forceOpen("moonshot/kimi-k3")
      yield* Fiber.interrupt(first)
      assert.deepInclude(yield* Fiber.join(waiting), { _tag: "CircuitOpenError", key: "moonshot/kimi-k3" })
    })
  )

  it.effect("makes a waiting call without circuits around it", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { concurrency: 1 } })
      const { effect } = Admission.stage(admission)
      const first = yield* Effect.forkChild(effect(() => Effect.never)(call), { startImmediately: true })
      const waiting = yield* Effect.forkChild(effect(() => Effect.succeed(answer(1)))(call), { startImmediately: true })
      yield* Fiber.interrupt(first)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Fiber.join(waiting), answer(1))
    })
  )

  it.effect("describes the options of its limits", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { concurrency: 1 } })
      const { name, options } = Admission.stage(admission)
      assert.deepStrictEqual([name, options], ["admission", admission.options])
    })
  )

  it.effect("is off without limits", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.Admission
      const stage = Admission.stage(admission)
      assert.deepStrictEqual([stage.name, stage.options], ["admission", { is: "off" }])
      const inner = () => Effect.succeed(answer(1))
      assert.strictEqual(stage.effect(inner), inner)
    }).pipe(Effect.provide(Admission.layerOff))
  )

  it.effect("gives every permit at once when it is off", () =>
    Effect.gen(function* () {
      const { acquire } = yield* Admission.Admission
      const permit = yield* acquire({ account, tokens: () => 0 }, (effect) => effect)
      permit.recordRateStatus({})
      yield* permit.release("success")
    }).pipe(Effect.provide(Admission.layerOff))
  )
})
