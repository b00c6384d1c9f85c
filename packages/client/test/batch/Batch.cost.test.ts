import { assert, describe, it } from "@effect/vitest"
import { MockProvider } from "@kimi-effect/testing"
import { Effect } from "effect"
import * as Batch from "../../src/batch/Batch.ts"
import { ask, numbers, passing, withHost } from "../support/batch.ts"

describe("a Batch with a limit of its cost", () => {
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

  it.effect("has what it has spent at its end as the amount of its limit", () =>
    withHost(
      Effect.gen(function* () {
        const { progress } = yield* passing(
          Batch.run(["1", "2", "3"].map(ask), { concurrency: 3, stop: { cost: { USD: 0.000_000_1 } } })
        )
        assert.strictEqual(progress.done, 3)
        assert.deepStrictEqual(progress.stopped, {
          _tag: "Cost",
          currency: "USD",
          amount: progress.cost.USD ?? Number.NaN
        })
      })
    )
  )

  it.effect("stops after a row whose cost no limit counts", () =>
    withHost(
      Effect.gen(function* () {
        const { progress, responses } = yield* passing(
          Batch.run(
            numbers(9).map((number) => ask(`0 ${number}`)),
            { concurrency: 1, stop: { cost: { CNY: 1 } } }
          )
        )
        assert.strictEqual(progress.stopped?._tag === "Error" && progress.stopped.tag, "UnknownPriceError")
        assert.lengthOf(responses, 1)
      })
    )
  )

  it.effect("reads no further row after an answer that reaches the cost", () =>
    withHost(
      Effect.gen(function* () {
        const mock = yield* MockProvider.MockProvider
        const { progress } = yield* passing(
          Batch.run(["5", "1", "2", "3"].map(ask), { concurrency: 2, stop: { cost: { USD: 0.000_000_1 } } })
        )
        assert.strictEqual(progress.stopped?._tag, "Cost")
        assert.strictEqual((yield* mock.requests).length, 2)
      })
    )
  )
})
