import { assert, describe, it } from "@effect/vitest"
import { MockProvider } from "@kimi-effect/testing"
import { type Duration, Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Batch from "../../../src/batch/Batch.ts"
import type { BatchRow } from "../../../src/batch/BatchResponse.ts"
import * as RowStream from "../../../src/batch/internal/RowStream.ts"
import { skipped } from "../../../src/batch/internal/settling.ts"
import { ask, numbers, passing, withHost } from "../../support/batch.ts"

/** Interrupts a row after some time, as a job does that loses the lease of its range. */
const losing =
  (duration: Duration.Input): RowStream.Around<string, never> =>
  (row, run) =>
    row.id === "lost" ? Effect.timeoutOrElse(run, { duration, orElse: () => Effect.succeed(skipped) }) : run

const stream = (options: Batch.Options, around: RowStream.Around<string, never>) =>
  RowStream.make<string, never, never, never, never, never>(
    () => ["lost", "second", "third"].map((id): BatchRow => ({ id, request: ask("9") })),
    { concurrency: 3, ...options },
    around
  )

/** Emits the rows at once, after some time. */
const later = (texts: ReadonlyArray<string>, duration: Duration.Input) =>
  Stream.concat(Stream.fromEffectDrain(Effect.sleep(duration)), Stream.fromArray(texts.map(ask)))

describe("RowStream", () => {
  it.effect("runs rows that are read late at once, by workers that wait for them", () =>
    withHost(
      Effect.gen(function* () {
        const input = Stream.concat(
          Stream.fromArray(numbers(8).map((number) => ask(`1 ${number}`))),
          later(
            numbers(8).map((number) => `1 later ${number}`),
            "10 seconds"
          )
        )
        const { progress } = yield* passing(Batch.run(input, { concurrency: 8 }))
        assert.deepInclude(progress, { done: 16, elapsed: 12_000 })
      })
    )
  )

  it.effect("runs rows that are read more slowly than they end", () =>
    withHost(
      Effect.gen(function* () {
        const input = Stream.mapEffect(Stream.fromIterable(numbers(50)), (number) =>
          Effect.as(Effect.sleep("1 second"), ask(`0 ${number}`))
        )
        const { progress } = yield* passing(Batch.run(input, { concurrency: 8 }))
        assert.deepInclude(progress, { done: 50, elapsed: 50_000 })
      })
    )
  )

  it.effect("requests a row whose equal row is interrupted alone", () =>
    withHost(
      Effect.gen(function* () {
        const mock = yield* MockProvider.MockProvider
        const outcomes = yield* passing(Stream.runCollect(stream({}, losing("1 second"))))
        assert.deepStrictEqual(outcomes.map(({ id, isCached }) => [id, isCached]).toSorted(), [
          ["second", false],
          ["third", true]
        ])
        assert.strictEqual((yield* mock.requests).length, 2)
      })
    )
  )

  it.effect("requests no row whose equal row is interrupted at the deadline", () =>
    withHost(
      Effect.gen(function* () {
        const mock = yield* MockProvider.MockProvider
        const fiber = yield* Effect.forkChild(
          Stream.runCollect(stream({ stop: { deadline: "5 seconds" } }, losing("5 seconds")))
        )
        yield* TestClock.adjust("1 second")
        const outcomes = yield* passing(Fiber.join(fiber))
        assert.deepStrictEqual(outcomes, [])
        assert.strictEqual((yield* mock.requests).length, 1)
      })
    )
  )

  it.effect("requests no row whose equal row is interrupted by the end of the stream", () =>
    withHost(
      Effect.gen(function* () {
        const mock = yield* MockProvider.MockProvider
        const fiber = yield* Effect.forkChild(Stream.runDrain(stream({}, losing("1 hour"))))
        yield* TestClock.adjust("1 second")
        yield* Fiber.interrupt(fiber)
        assert.strictEqual((yield* mock.requests).length, 1)
      })
    )
  )
})
