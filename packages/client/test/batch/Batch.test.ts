import { assert, describe, it } from "@effect/vitest"
import * as Accounting from "@kimi-effect/core/Accounting"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import { MockProvider, Reply, type Script } from "@kimi-effect/testing"
import { BigDecimal, Effect, Fiber, Layer, Option, Redacted, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Batch from "../../src/batch/Batch.ts"
import type { BatchProgress } from "../../src/batch/BatchProgress.ts"
import * as KimiClient from "../../src/KimiClient.ts"

const ask = (content: string) => ({ messages: [{ role: "user" as const, content }] })

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

const questions = (count: number) => numbers(count).map((number) => ask(`${number}`))

/** Answers with the question, after as many seconds as the number in it. */
const echo = (request: ModelRequest): Script.Answer | Effect.Effect<Script.Answer> => {
  const content = request.messages.at(-1)?.content
  const text = typeof content === "string" ? content : ""
  if (text.startsWith("fail")) return Reply.modelNotFound()
  if (text.startsWith("broke")) return Reply.quotaExceeded()
  return Effect.as(Effect.sleep(`${Number.parseInt(text, 10) || 0} seconds`), text)
}

const withHost = <A, E>(program: Effect.Effect<A, E, KimiClient.KimiClient | MockProvider.MockProvider>) =>
  program.pipe(Effect.provide(MockProvider.layerClient({ script: echo })))

/** Lets time pass until the effect ends. */
const passing = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    yield* TestClock.adjust("1 hour")
    return yield* Fiber.join(fiber)
  })

const linesOf = (outcomes: ReadonlyArray<{ readonly line: number }>) => outcomes.map(({ line }) => line)

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

  it.effect("reads no rows that nobody takes the outcomes of", () =>
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

  it.effect("stops after an error that every row would have", () =>
    withHost(
      Effect.gen(function* () {
        const mock = yield* MockProvider.MockProvider
        const { progress, responses } = yield* passing(Batch.run(["0", "broke", "1", "2"].map(ask), { concurrency: 1 }))
        assert.deepStrictEqual(linesOf(responses), [1, 2])
        assert.deepStrictEqual(progress.stopped, { _tag: "Error", tag: "QuotaExceededError" })
        assert.strictEqual((yield* mock.requests).length, 2)
      })
    )
  )

  it.effect("stops when too many rows fail", () =>
    withHost(
      Effect.gen(function* () {
        const rows = numbers(100).map((number) => ask(number % 2 === 0 ? `fail ${number}` : `0 ${number}`))
        const { progress } = yield* passing(Batch.run(rows, { concurrency: 1, stop: { errorRate: 0.3, minRows: 10 } }))
        assert.deepInclude(progress, { done: 10, failed: 5 })
        assert.deepStrictEqual(progress.stopped, { _tag: "ErrorRate", rate: 0.5 })
      })
    )
  )

  it.effect("stops at a cost", () =>
    withHost(
      Effect.gen(function* () {
        const one = yield* passing(Batch.run([ask("0")]))
        const price = one.progress.cost.USD ?? Number.NaN
        const { progress } = yield* passing(
          Batch.run(
            numbers(9).map((number) => ask(`0 ${number}`)),
            { concurrency: 1, stop: { cost: { USD: price * 2.5 } } }
          )
        )
        assert.strictEqual(progress.stopped?._tag, "Cost")
        assert.isBelow(progress.done, 9)
        assert.isAtLeast(progress.cost.USD ?? 0, price * 2.5)
      })
    )
  )

  it.effect("returns what it has at the deadline", () =>
    withHost(
      Effect.gen(function* () {
        const mock = yield* MockProvider.MockProvider
        const fiber = yield* Effect.forkChild(Batch.run(questions(10), { stop: { deadline: "5500 millis" } }))
        while ((yield* mock.requests).length < 10) yield* Effect.yieldNow
        yield* TestClock.adjust("5 seconds")
        const { progress, responses } = yield* passing(Fiber.join(fiber))
        assert.deepStrictEqual(linesOf(responses), [1, 2, 3, 4, 5])
        assert.deepInclude(progress, { done: 5, isFinal: true, stopped: { _tag: "Deadline" }, elapsed: 5500 })
      })
    )
  )

  it.effect("requests equal rows once", () =>
    withHost(
      Effect.gen(function* () {
        const mock = yield* MockProvider.MockProvider
        const { progress, responses } = yield* passing(Batch.run(["1", "1", "2", "1"].map(ask), { order: "input" }))
        assert.deepStrictEqual(
          responses.map((row) => row._tag === "Answered" && row.value),
          ["1", "1", "2", "1"]
        )
        assert.deepStrictEqual(
          responses.map(({ attempts, isCached }) => [attempts, isCached]),
          [
            [1, false],
            [0, true],
            [1, false],
            [0, true]
          ]
        )
        assert.strictEqual(progress.cached, 2)
        assert.strictEqual((yield* mock.requests).length, 2)
      })
    )
  )

  it.effect("charges equal rows once", () =>
    withHost(
      Effect.gen(function* () {
        const { responses } = yield* passing(Batch.run(["1", "1"].map(ask), { order: "input" }))
        const [first, second] = responses.map(({ cost }) => Option.getOrThrow(cost))
        assert.isTrue(BigDecimal.isPositive(first?.total ?? BigDecimal.fromBigInt(0n)))
        assert.isTrue(BigDecimal.isZero(second?.total ?? BigDecimal.fromBigInt(1n)))
      })
    )
  )

  it.effect("requests equal rows each when asked", () =>
    withHost(
      Effect.gen(function* () {
        const mock = yield* MockProvider.MockProvider
        yield* passing(Batch.run(["1", "1"].map(ask), { deduplicate: false }))
        assert.strictEqual((yield* mock.requests).length, 2)
      })
    )
  )

  it.effect("requests a row again whose equal row failed before", () =>
    withHost(
      Effect.gen(function* () {
        const mock = yield* MockProvider.MockProvider
        yield* passing(Batch.run(["fail", "fail"].map(ask), { concurrency: 1 }))
        assert.strictEqual((yield* mock.requests).length, 2)
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
