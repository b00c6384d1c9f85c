import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Stream } from "effect"
import { stage } from "../../src/money/AccountingStage.ts"
import { type AttemptObserver, isObservable } from "../../src/pipeline/internal/AttemptObserver.ts"
import * as Stage from "../../src/pipeline/Stage.ts"
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
