import { assert, describe, it } from "@effect/vitest"
import * as Accounting from "@kimi-effect/core/Accounting"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import { MockProvider, Reply } from "@kimi-effect/testing"
import { BigDecimal, Effect, Fiber, Layer, Option, Redacted, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Batch from "../../src/batch/Batch.ts"
import type { BatchProgress } from "../../src/batch/BatchProgress.ts"
import * as KimiClient from "../../src/KimiClient.ts"
import { ask, linesOf, numbers, passing, questions, withHost } from "../support/batch.ts"

describe("Batch", () => {
  it.effect("answers every row", () =>
    withHost(
      Effect.gen(function* () {
        const { progress, responses } = yield* passing(Batch.run(questions(40)))
        assert.deepStrictEqual(
          responses.map((row) => (row._tag === "Answered" ? [row.id, row.line, row.value, row.attempts] : row)),
          numbers(40).map((number) => [`${number}`, number, `${number}`, 1])
        )
        assert.deepInclude(progress, { done: 40, failed: 0, cached: 0, total: 40, isFinal: true, stopped: undefined })
      })
    )
  )

  it.effect("has the number nearest to the exact cost", () =>
    withHost(
      Effect.gen(function* () {
        const { progress, responses } = yield* passing(Batch.run(questions(40)))
        const exact = BigDecimal.sumAll(responses.map(({ cost }) => Option.getOrThrow(cost).total))
        assert.strictEqual(progress.cost.USD, Number(BigDecimal.format(exact)))
      })
    )
  )

  it.effect("emits outcomes as they come", () =>
    withHost(
      Effect.gen(function* () {
        const { responses } = yield* passing(Batch.run(["5", "1", "3"].map(ask)))
        assert.deepStrictEqual(linesOf(responses), [2, 3, 1])
      })
    )
  )

  it.effect("emits outcomes in the order of the rows", () =>
    withHost(
      Effect.gen(function* () {
        const { responses } = yield* passing(Batch.run(["5", "1", "3"].map(ask), { order: "input" }))
        assert.deepStrictEqual(linesOf(responses), [1, 2, 3])
      })
    )
  )

  it.effect("takes rows from an async iterable with their ids", () =>
    withHost(
      Effect.gen(function* () {
        const rows = async function* () {
          yield { id: "a", request: ask("0 a") }
          yield { id: "b", line: 7, request: ask("0 b") }
        }
        const { responses } = yield* passing(Batch.run(rows(), { concurrency: 1 }))
        assert.deepStrictEqual(
          responses.map(({ id, line }) => [id, line]),
          [
            ["a", 1],
            ["b", 7]
          ]
        )
      })
    )
  )

  it.effect("fails with the error of its input", () =>
    withHost(
      Effect.gen(function* () {
        const rows = Stream.concat(Stream.make(ask("1")), Stream.fail("unreadable" as const))
        assert.strictEqual(yield* Effect.flip(passing(Batch.run(rows))), "unreadable")
      })
    )
  )

  it.effect("keeps at most the given number of rows in flight", () =>
    withHost(
      Effect.gen(function* () {
        const mock = yield* MockProvider.MockProvider
        const fiber = yield* Effect.forkChild(
          Batch.run(
            numbers(20).map((number) => ask(`9 ${number}`)),
            { concurrency: 4 }
          )
        )
        yield* TestClock.adjust("1 second")
        assert.strictEqual((yield* mock.requests).length, 4)
        yield* TestClock.adjust("1 hour")
        yield* Fiber.join(fiber)
      })
    )
  )

  it.effect("emits outcomes while other rows run", () =>
    withHost(
      Effect.gen(function* () {
        const lines: Array<number> = []
        const fiber = yield* Batch.stream(["1", "2", "9"].map(ask), { concurrency: 4 }).pipe(
          Stream.runForEach(({ line }) => Effect.sync(() => lines.push(line))),
          Effect.forkChild
        )
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(lines, [1])
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(lines, [1, 2])
        yield* Fiber.interrupt(fiber)
      })
    )
  )

  it.effect("emits every outcome to a consumer that is slower than the rows", () =>
    withHost(
      Effect.gen(function* () {
        const lines = new Set<number>()
        const slow = Batch.stream(
          numbers(200).map((number) => ask(`0 ${number}`)),
          { concurrency: 64 }
        ).pipe(
          Stream.runForEach(({ line }) =>
            Effect.andThen(
              Effect.sleep("1 second"),
              Effect.sync(() => lines.add(line))
            )
          )
        )
        yield* passing(slow)
        assert.strictEqual(lines.size, 200)
      })
    )
  )

  it.effect("calls nothing but chat of a client that wraps others", () =>
    withHost(
      Effect.gen(function* () {
        const client = yield* KimiClient.KimiClient
        const members: Array<string> = []
        const counted = KimiClient.makeWith({
          effect: (call, member) => {
            members.push(member)
            return call(client)
          },
          stream: (call) => call(client),
          text: (call) => call(client)
        })
        members.length = 0
        yield* passing(Batch.run([ask("1")]).pipe(Effect.provideService(KimiClient.KimiClient, counted)))
        assert.deepStrictEqual(members, ["chat"])
      })
    )
  )

  it.effect("reads rows only as fast as their outcomes are taken", () =>
    withHost(
      Effect.gen(function* () {
        let read = 0
        const endless = (function* () {
          for (;;) yield ask(`0 ${(read += 1)}`)
        })()
        const outcomes = yield* Batch.stream(endless, { concurrency: 4 }).pipe(Stream.take(10), Stream.runCollect)
        assert.strictEqual(outcomes.length, 10)
        assert.isAtMost(read, 10 + 4 + 2)
      })
    )
  )

  it.effect("gives a failed row its error", () =>
    withHost(
      Effect.gen(function* () {
        const { progress, responses } = yield* passing(Batch.run(["0", "fail", "1"].map(ask), { order: "input" }))
        const [, row] = responses
        assert.deepStrictEqual(row?._tag === "Failed" ? [row.error._tag, row.line] : row, ["ModelNotFoundError", 2])
        assert.deepInclude(progress, { done: 3, failed: 1 })
      })
    )
  )

  it.effect("fails with the first failed row when asked", () =>
    withHost(
      Effect.gen(function* () {
        const rows = Batch.stream(["0", "fail", "1"].map(ask)).pipe(Batch.failFast, Stream.runCollect)
        assert.strictEqual((yield* Effect.flip(passing(rows)))._tag, "ModelNotFoundError")
      })
    )
  )

  it.effect("reads responses with a schema", () =>
    withHost(
      Effect.gen(function* () {
        const { responses } = yield* passing(
          Batch.run(['{"count":3}', '{"count":"x"}', "no JSON"].map(ask), {
            order: "input",
            schema: Schema.Struct({ count: Schema.Int })
          })
        )
        assert.deepStrictEqual(
          responses
            .map((row) => (row._tag === "Answered" ? row.value.count : row.error))
            .map((value) => (typeof value === "number" ? value : "reason" in value && value.reason)),
          [3, "schema mismatch", "invalid JSON"]
        )
      })
    )
  )

  it.effect("reports its progress", () =>
    withHost(
      Effect.gen(function* () {
        const reports: Array<BatchProgress> = []
        yield* passing(
          Batch.run(["2", "4", "4 fourth"].map(ask), {
            progressInterval: "1500 millis",
            onProgress: (progress) => Effect.sync(() => reports.push(progress))
          })
        )
        assert.deepStrictEqual(
          reports.map(({ done, elapsed, isFinal, remaining, rowsPerSecond }) => [
            elapsed,
            done,
            rowsPerSecond,
            remaining,
            isFinal
          ]),
          [
            [1500, 0, 0, undefined, false],
            [3000, 1, 1 / 3, 6000, false],
            [4000, 3, 0.75, 0, true]
          ]
        )
      })
    )
  )

  it.effect("completes with a listener that returns nothing", () =>
    withHost(
      Effect.gen(function* () {
        const reports: Array<number> = []
        const onProgress = ({ done }: BatchProgress) => void reports.push(done)
        yield* passing(
          Batch.run(["2", "4"].map(ask), {
            progressInterval: "1500 millis",
            onProgress: onProgress as unknown as (progress: BatchProgress) => Effect.Effect<void>
          })
        )
        assert.deepStrictEqual(reports, [0, 1, 2])
      })
    )
  )

  it.effect("refuses options that cannot be used", () =>
    withHost(
      Effect.gen(function* () {
        const error = yield* Effect.flip(Batch.run([], { concurrency: 0, stop: { errorRate: 2 } }))
        assert.deepStrictEqual(
          error.issues.map(({ name }) => name),
          ["Batch concurrency", "Batch stop.errorRate"]
        )
      })
    )
  )

  it.effect("counts the attempts of a row that was billed for a lost response", () => {
    const host = MockProvider.layerTransport({ script: [Reply.connectionLost(), "yes"] })
    const client = KimiClient.layerTransport.pipe(
      Layer.provide(host),
      Layer.provide(Accounting.layer),
      Layer.provide(KimiConfig.layer({ apiKey: Redacted.make("sk-test-0123456789abcdef") }))
    )
    return Effect.gen(function* () {
      const { responses } = yield* passing(Batch.run([ask("1")]))
      assert.deepStrictEqual(
        responses.map((row) => [row._tag, row.attempts]),
        [["Answered", 2]]
      )
    }).pipe(Effect.provide(client))
  })
})
