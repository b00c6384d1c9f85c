/** Batches whose host fails for some time, with the circuit of a client and a test clock. */
import { assert, describe, it } from "@effect/vitest"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Batch from "../../src/batch/Batch.ts"
import type { BatchResponse } from "../../src/batch/BatchResponse.ts"
import * as RowStream from "../../src/batch/internal/RowStream.ts"
import type { KimiClient } from "../../src/KimiClient.ts"
import { ask, linesOf, passing, questions } from "../support/batch.ts"
import { circuitKey, failuresToOpen, withOutage } from "../support/outage.ts"

const tagsOf = (responses: ReadonlyArray<BatchResponse>) =>
  responses.flatMap((row) => (row._tag === "Failed" ? [row.error._tag] : []))

const run = (
  input: Batch.Input,
  options: Batch.Options,
  around: RowStream.Around<string, never> | undefined
): Effect.Effect<ReadonlyArray<BatchResponse>, ConfigurationError, KimiClient> =>
  Stream.runCollect(RowStream.make<string, never, never, never, never, never>(() => input, options, around))

const open = Array.from({ length: failuresToOpen }, () => "ServiceUnavailableError")

describe("a Batch during an outage of the host", () => {
  for (const options of [
    {},
    { concurrency: 1 },
    { order: "input" },
    { deduplicate: false },
    { stop: { deadline: "1 hour" } }
  ] as const) {
    it.effect(`answers all rows but those that opened the circuit, with the options ${JSON.stringify(options)}`, () =>
      withOutage((outage) =>
        Effect.gen(function* () {
          yield* outage.goDown("3 seconds")
          const { progress, responses } = yield* passing(Batch.run(questions(100), options))
          // The last one is the first probe.
          assert.deepStrictEqual(tagsOf(responses), [...open, "ServiceUnavailableError"])
          assert.strictEqual(outage.sent, 100)
          assert.deepInclude(progress, { done: 100, failed: failuresToOpen + 1, stopped: undefined })
        })
      )
    )
  }

  it.effect("stops when the outage takes too long", () =>
    withOutage((outage) =>
      Effect.gen(function* () {
        outage.isDown = true
        const { progress, responses } = yield* passing(
          Batch.run(questions(100), { concurrency: 8, stop: { outage: "1 second" } })
        )
        assert.deepStrictEqual(tagsOf(responses), [...open, "CircuitOpenError"])
        assert.deepInclude(responses.at(-1), { attempts: 0 })
        assert.deepInclude(progress, { done: 4, failed: 4, elapsed: 1000 })
        assert.deepInclude(progress.stopped, { _tag: "Error", tag: "CircuitOpenError" })
      })
    )
  )

  it.effect("waits for 10 minutes by default", () =>
    withOutage((_, circuits) =>
      Effect.gen(function* () {
        yield* circuits.isolate(circuitKey)
        const { progress, responses } = yield* passing(Batch.run(questions(100)))
        assert.deepStrictEqual(tagsOf(responses), ["CircuitOpenError"])
        assert.deepInclude(progress, { elapsed: 600_000 })
      })
    )
  )

  it.effect("fails each row that waits too long if such an error does not stop it", () =>
    withOutage((_, circuits) =>
      Effect.gen(function* () {
        yield* circuits.isolate(circuitKey)
        const { progress, responses } = yield* passing(
          Batch.run(questions(3), { stop: { outage: "1 second", errorTags: [] } })
        )
        assert.strictEqual(tagsOf(responses).length, 3)
        assert.isUndefined(progress.stopped)
      })
    )
  )

  it.effect("continues when an isolated circuit is closed", () =>
    withOutage((outage, circuits) =>
      Effect.gen(function* () {
        yield* circuits.isolate(circuitKey)
        const fiber = yield* Effect.forkChild(Batch.run(questions(20)))
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(outage.sent, 0)
        yield* circuits.reset(circuitKey)
        const { progress } = yield* passing(Fiber.join(fiber))
        assert.deepInclude(progress, { done: 20, failed: 0 })
        assert.isAtMost(progress.elapsed, 60_000 + 5000 + 200)
      })
    )
  )

  for (const [name, around] of [
    ["rows alone", undefined],
    ["rows with something around them", (_, run) => run]
  ] as ReadonlyArray<[string, RowStream.Around<string, never> | undefined]>) {
    it.effect(`ends at its deadline while ${name} wait`, () =>
      withOutage((outage, circuits) =>
        Effect.gen(function* () {
          yield* circuits.isolate(circuitKey)
          let elapsed = 0
          const options: Batch.Options = {
            stop: { deadline: "3 seconds" },
            onProgress: (progress) => Effect.sync(() => void (elapsed = progress.elapsed))
          }
          const outcomes = yield* passing(run(questions(100), options, around))
          assert.deepStrictEqual(outcomes, [])
          assert.deepStrictEqual([outage.sent, elapsed], [0, 3000])
        })
      )
    )

    it.effect(`leaves out ${name} that wait when another row stops it`, () =>
      withOutage((outage, circuits) =>
        Effect.gen(function* () {
          const input = Stream.concat(
            Stream.make(ask("broke")),
            Stream.unwrap(Effect.as(circuits.isolate(circuitKey), Stream.fromArray(questions(20))))
          )
          let elapsed = 0
          const options: Batch.Options = {
            concurrency: 4,
            onProgress: (progress) => Effect.sync(() => void (elapsed = progress.elapsed))
          }
          const outcomes = yield* passing(run(input, options, around))
          assert.deepStrictEqual(linesOf(outcomes), [1])
          assert.deepStrictEqual(tagsOf(outcomes), ["QuotaExceededError"])
          assert.deepStrictEqual([outage.sent, elapsed], [1, 5000])
        })
      )
    )
  }

  it.effect("ends when its stream is left", () =>
    withOutage((outage, circuits) =>
      Effect.gen(function* () {
        yield* circuits.isolate(circuitKey)
        const fiber = yield* Effect.forkChild(Stream.runDrain(Batch.stream(questions(20))))
        yield* TestClock.adjust("1 second")
        yield* Fiber.interrupt(fiber)
        yield* circuits.reset(circuitKey)
        yield* TestClock.adjust("1 hour")
        assert.strictEqual(outage.sent, 0)
      })
    )
  )

  it.effect("sends equal rows once after it", () =>
    withOutage((outage, circuits) =>
      Effect.gen(function* () {
        yield* circuits.isolate(circuitKey)
        const fiber = yield* Effect.forkChild(Batch.run(["1", "1", "1"].map(ask)))
        yield* TestClock.adjust("1 minute")
        yield* circuits.reset(circuitKey)
        const { progress } = yield* passing(Fiber.join(fiber))
        assert.deepInclude(progress, { done: 3, failed: 0, cached: 2 })
        assert.strictEqual(outage.sent, 1)
      })
    )
  )

  it.effect("leaves out equal rows when it takes too long", () =>
    withOutage((_, circuits) =>
      Effect.gen(function* () {
        yield* circuits.isolate(circuitKey)
        const { progress, responses } = yield* passing(Batch.run(["1", "1"].map(ask), { stop: { outage: "1 second" } }))
        assert.deepStrictEqual(tagsOf(responses), ["CircuitOpenError"])
        assert.deepInclude(progress, { done: 1, failed: 1 })
      })
    )
  )

  it.effect("refuses an outage that is no time", () =>
    withOutage(() =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(Batch.run(questions(1), { stop: { outage: 0 } }))
        assert.include(error.message, "stop.outage")
      })
    )
  )
})
