import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { stage } from "../../src/money/AccountingStage.ts"
import { type AttemptObserver, isObservable } from "../../src/pipeline/internal/AttemptObserver.ts"
import { CurrentSendState } from "../../src/pipeline/internal/SendState.ts"
import * as Stage from "../../src/pipeline/Stage.ts"
import type { Call } from "../../src/pipeline/Call.ts"
import { finish } from "../support/responses.ts"
import { answer, recording, start, text } from "./support/recording.ts"

/** The stage with an observer that logs, and whose own stage logs too. */
const observed = (needsStage: boolean) => {
  const { accounting, call, log } = recording()
  const begin = () => {
    if (needsStage) return undefined
    log.push("begin")
    return {
      onEvents: (events: ReadonlyArray<{ readonly _tag: string }>) =>
        void log.push(events.map(({ _tag }) => _tag).join()),
      end: (exit: Exit.Exit<unknown, unknown>) => void log.push(`end ${exit._tag}`)
    }
  }
  const observer: AttemptObserver = {
    stage: Stage.make("attempt", {
      effect: (inner) => (call) => {
        log.push("stage")
        return inner(call)
      },
      stream: (inner) => (call) => {
        log.push("stage")
        return inner(call)
      }
    }),
    begin,
    beginStream: begin,
    needsStage: () => needsStage
  }
  const accounted = stage(accounting)
  assert.isTrue(isObservable(accounted))
  return { call, log, stage: isObservable(accounted) ? accounted.observedBy(observer) : accounted }
}

const events = Stream.make(start, text, finish)

describe("Observed accounting stage", () => {
  it.effect("begins an attempt after its reservation", () =>
    Effect.gen(function* () {
      const { call, log, stage } = observed(false)
      yield* stage.effect(() => Effect.succeed(answer(true)))(call)
      assert.deepStrictEqual(log, ["reserve kimi-k3", "begin", "end Success", "settle 90+20"])
    })
  )

  it.effect("ends an attempt that was interrupted", () =>
    Effect.gen(function* () {
      const { call, log, stage } = observed(false)
      const attempt = stage.effect(() => Effect.never)(call)
      const fiber = yield* Effect.forkChild(attempt, { startImmediately: true })
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(log.slice(0, 3), ["reserve kimi-k3", "begin", "end Failure"])
    })
  )

  it.effect("passes on the events of a stream", () =>
    Effect.gen(function* () {
      const { call, log, stage } = observed(false)
      yield* Stream.runDrain(stage.stream(() => events)(call))
      assert.deepStrictEqual(log.slice(0, 4), ["reserve kimi-k3", "begin", "Start,TextDelta,Finish", "end Success"])
      assert.strictEqual(log.length, 5)
    })
  )

  it.effect("leaves attempts to the stage of the observer where it is needed", () =>
    Effect.gen(function* () {
      const { call, log, stage } = observed(true)
      yield* stage.effect(() => Effect.succeed(answer(true)))(call)
      yield* Stream.runDrain(stage.stream(() => events)(call))
      assert.deepStrictEqual(log.slice(0, 5), ["reserve kimi-k3", "stage", "settle 90+20", "stage", "reserve kimi-k3"])
      assert.strictEqual(log.length, 6)
    })
  )
})

/** The call with a budget that runs an effect before each reservation. */
const reservingAfter = (call: Call, before: Effect.Effect<unknown>): Call => {
  const budget = call.state?.budget
  return budget === undefined
    ? call
    : {
        ...call,
        state: { budget: { ...budget, reserve: (attempt) => Effect.andThen(before, budget.reserve(attempt)) } }
      }
}

describe("Accounting stage with a budget that has to be waited for", () => {
  const runs = ["chat", "stream"] as const

  const run = (kind: (typeof runs)[number], stage: Stage.Stage, call: Call) =>
    kind === "chat"
      ? stage.effect(() => Effect.succeed(answer(true)))(call)
      : Stream.runDrain(stage.stream(() => events)(call))

  it.effect.each(runs)("begins no attempt of a %s that is interrupted meanwhile", (kind) =>
    Effect.gen(function* () {
      const { call, log, stage } = observed(false)
      const attempt = run(kind, stage, reservingAfter(call, Effect.sleep("1 second")))
      const fiber = yield* Effect.forkChild(attempt, { startImmediately: true })
      const interruption = yield* Effect.forkChild(Fiber.interrupt(fiber), { startImmediately: true })
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(interruption)
      assert.deepStrictEqual(log, ["reserve kimi-k3", "settle nothing"])
    })
  )

  it.effect.each(runs)("reserves outside of the attempt of a %s, whose request is another", (kind) =>
    Effect.gen(function* () {
      const { call, stage } = observed(false)
      const seen: Array<unknown> = []
      const look = Effect.map(CurrentSendState, (sending) => seen.push(sending))
      yield* run(kind, stage, reservingAfter(call, look))
      assert.deepStrictEqual(seen, [undefined])
    })
  )
})
