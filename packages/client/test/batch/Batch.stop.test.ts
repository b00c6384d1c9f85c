import { assert, describe, it } from "@effect/vitest"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import * as PriceTable from "@kimi-effect/core/PriceTable"
import { MockProvider } from "@kimi-effect/testing"
import { Effect, Exit, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Batch from "../../src/batch/Batch.ts"
import type { BatchProgress } from "../../src/batch/BatchProgress.ts"
import * as KimiClient from "../../src/KimiClient.ts"
import { ask, linesOf, numbers, passing, questions, withHost } from "../support/batch.ts"

const stopTagOf = ({ stopped }: BatchProgress) => (stopped?._tag === "Error" ? stopped.tag : undefined)

describe("the end of a Batch", () => {
  it.effect("stops after an error that every row would have", () =>
    withHost(
      Effect.gen(function* () {
        const mock = yield* MockProvider.MockProvider
        const { progress, responses } = yield* passing(Batch.run(["0", "broke", "1", "2"].map(ask), { concurrency: 1 }))
        assert.deepStrictEqual(linesOf(responses), [1, 2])
        const error = responses.flatMap((row) => (row._tag === "Failed" ? [row.error] : []))[0]
        assert.deepInclude(progress.stopped, { _tag: "Error", tag: "QuotaExceededError" })
        assert.propertyVal(progress.stopped, "error", error)
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

  it.effect("reads no further row after one that stops it", () =>
    withHost(
      Effect.gen(function* () {
        const mock = yield* MockProvider.MockProvider
        const { responses } = yield* passing(Batch.run(["5", "broke", "1", "2"].map(ask), { concurrency: 2 }))
        assert.deepStrictEqual(linesOf(responses), [2, 1])
        assert.strictEqual((yield* mock.requests).length, 2)
      })
    )
  )

  it.effect("reads no further row after an answer that completes the rows of the error rate", () =>
    withHost(
      Effect.gen(function* () {
        const mock = yield* MockProvider.MockProvider
        const { progress } = yield* passing(
          Batch.run(["5", "fail", "1", "2"].map(ask), { concurrency: 2, stop: { errorRate: 0.4, minRows: 2 } })
        )
        assert.deepStrictEqual(progress.stopped, { _tag: "ErrorRate", rate: 0.5 })
        assert.strictEqual((yield* mock.requests).length, 3)
      })
    )
  )

  for (const order of ["completion", "input"] as const) {
    for (const concurrency of [1, 2, 16]) {
      const options = { concurrency, order }
      it.effect(`stops while its input waits for a row, ${concurrency} at once in the order of ${order}`, () =>
        withHost(
          Effect.gen(function* () {
            const input = Stream.concat(Stream.fromIterable(["0", "broke"].map(ask)), Stream.never)
            const { progress } = yield* passing(Batch.run(input, options))
            assert.strictEqual(progress.done, 2)
            assert.strictEqual(stopTagOf(progress), "QuotaExceededError")
          })
        )
      )

      it.effect(`takes no row of its input after a stop, ${concurrency} at once in the order of ${order}`, () =>
        withHost(
          Effect.gen(function* () {
            let taken = 0
            const input = Stream.fromIterable(["broke", "0 1", "0 2", "0 3"].map(ask)).pipe(
              Stream.rechunk(1),
              Stream.mapEffect((row) => Effect.as(Effect.sleep("1 second"), row)),
              Stream.tap(() => Effect.sync(() => (taken += 1)))
            )
            const { responses } = yield* passing(Batch.run(input, options))
            assert.deepStrictEqual(linesOf(responses), [1])
            assert.strictEqual(taken, 1)
          })
        )
      )
    }
  }

  it.effect("stops while an async iterable waits for a row", () =>
    withHost(
      Effect.gen(function* () {
        async function* waiting() {
          yield ask("broke")
          await new Promise<never>(() => {})
        }
        const { progress } = yield* passing(Batch.run(waiting()))
        assert.strictEqual(progress.done, 1)
        assert.strictEqual(stopTagOf(progress), "QuotaExceededError")
      })
    )
  )

  it.effect("completes the rows in flight when it stops while its input waits", () =>
    withHost(
      Effect.gen(function* () {
        const input = Stream.concat(Stream.fromIterable(["5", "broke"].map(ask)), Stream.never)
        const { responses } = yield* passing(Batch.run(input))
        assert.deepStrictEqual(linesOf(responses), [2, 1])
      })
    )
  )

  it.effect("closes an input that waits when it stops", () =>
    withHost(
      Effect.gen(function* () {
        let isClosed = false
        const input = Stream.concat(Stream.make(ask("broke")), Stream.never).pipe(
          Stream.ensuring(Effect.sync(() => (isClosed = true)))
        )
        yield* passing(Batch.run(input))
        assert.isTrue(isClosed)
      })
    )
  )

  for (const [cause, count, options] of [
    ["stops", 10, {}],
    ["stops in the order of its rows", 10, { order: "input" }],
    ["is left", 1, {}]
  ] as const) {
    it.effect(`closes a generator when it ${cause}`, () =>
      withHost(
        Effect.gen(function* () {
          let isClosed = false
          function* rows() {
            try {
              yield ask("broke")
              while (true) yield ask("0")
            } finally {
              isClosed = true
            }
          }
          yield* passing(Stream.runDrain(Stream.take(Batch.stream(rows(), options), count)))
          assert.isTrue(isClosed)
        })
      )
    )
  }

  it.effect("closes no generator that has thrown", () =>
    withHost(
      Effect.gen(function* () {
        let closed = 0
        const rows: Iterable<ReturnType<typeof ask>> = {
          [Symbol.iterator]: () => ({
            next: () => {
              throw new Error("no rows")
            },
            return: () => {
              closed += 1
              return { done: true, value: undefined }
            }
          })
        }
        assert.deepStrictEqual(yield* passing(Effect.exit(Batch.run(rows))), Exit.die(new Error("no rows")))
        assert.strictEqual(closed, 0)
      })
    )
  )

  it.effect("stops at its deadline while its input waits for a row", () =>
    withHost(
      Effect.gen(function* () {
        const input = Stream.concat(Stream.make(ask("0")), Stream.never)
        const { progress } = yield* passing(Batch.run(input, { stop: { deadline: "5 seconds" } }))
        assert.deepInclude(progress, { done: 1, stopped: { _tag: "Deadline" }, elapsed: 5000 })
      })
    )
  )

  it.effect("emits what was answered before a defect of the client", () =>
    withHost(
      Effect.gen(function* () {
        const client = yield* KimiClient.KimiClient
        const response = yield* client.chat(ask("0"))
        const defective = {
          ...client,
          chat: (request: ChatRequest) =>
            request.messages[0]?.content === "defect" ? Effect.die("defect") : Effect.succeed(response)
        }
        const lines: Array<number> = []
        const exit = yield* Batch.stream(["1", "defect", "2"].map(ask), { concurrency: 2 }).pipe(
          Stream.runForEach(({ line }) => Effect.sync(() => lines.push(line))),
          Effect.provideService(KimiClient.KimiClient, defective),
          Effect.exit
        )
        assert.deepStrictEqual(lines, [1])
        assert.deepStrictEqual(exit, Exit.die("defect"))
      })
    )
  )

  it.effect("reads no further row after a defect", () =>
    withHost(
      Effect.gen(function* () {
        const client = yield* KimiClient.KimiClient
        let calls = 0
        const defective = {
          ...client,
          chat: (request: ChatRequest) => {
            calls += 1
            return request.messages[0]?.content === "defect" ? Effect.die("defect") : client.chat(request)
          }
        }
        const rows = numbers(100).map((number) => ask(number === 10 ? "defect" : `0 ${number}`))
        const exit = yield* passing(
          Batch.stream(rows, { concurrency: 4 }).pipe(
            Stream.runForEach(() => Effect.sleep("1 minute")),
            Effect.provideService(KimiClient.KimiClient, defective),
            Effect.exit
          )
        )
        assert.deepStrictEqual(exit, Exit.die("defect"))
        assert.isAtMost(calls, 10 + 4)
      })
    )
  )

  it.effect("fails with the defect of a price table", () =>
    withHost(
      Effect.gen(function* () {
        const model = () => {
          throw new Error("no prices")
        }
        const exit = yield* passing(
          Batch.run(["1", "2"].map(ask), { concurrency: 2 }).pipe(
            Effect.provideService(PriceTable.PriceTable, { ...PriceTable.catalog, model }),
            Effect.exit
          )
        )
        assert.deepStrictEqual(exit, Exit.die(new Error("no prices")))
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

  it.effect("keeps what it has at the deadline when equal rows wait for one call", () =>
    withHost(
      Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(
          Batch.run(["1", "9", "9", "2"].map(ask), { stop: { deadline: "5500 millis" } })
        )
        yield* TestClock.adjust("1 hour")
        const { progress, responses } = yield* passing(Fiber.join(fiber))
        assert.deepStrictEqual(linesOf(responses), [1, 4])
        assert.deepStrictEqual(progress.stopped, { _tag: "Deadline" })
      })
    )
  )

  it.effect("refuses a cost that is no amount, which no cost would reach", () =>
    withHost(
      Effect.gen(function* () {
        const error = yield* Effect.flip(Batch.run([ask("0")], { stop: { cost: { USD: Number.NaN } } }))
        assert.include(error.message, "stop.cost.USD")
      })
    )
  )
})
