import { assert, describe, it } from "@effect/vitest"
import { MockProvider } from "@kimi-effect/testing"
import { BigDecimal, Effect, Option } from "effect"
import * as Batch from "../../src/batch/Batch.ts"
import { ask, passing, withHost } from "../support/batch.ts"

describe("equal rows of a Batch", () => {
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

  it.effect("requests a row once that repeats among thousands of others", () =>
    withHost(
      Effect.gen(function* () {
        const texts = Array.from({ length: 4_000 }, (_, index) => (index % 7 === 0 ? "same" : `Row ${index}`))
        yield* passing(Batch.run(texts.map(ask), { concurrency: 4 }))
        const mock = yield* MockProvider.MockProvider
        assert.strictEqual((yield* mock.requests).length, new Set(texts).size)
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

  it.effect("requests a row again whose equal row is not among the last 1,000 answers", () =>
    withHost(
      Effect.gen(function* () {
        const mock = yield* MockProvider.MockProvider
        const different = Array.from({ length: 2_200 }, (_, index) => `row ${index + 1}`)
        const rows = [...different, "row 1201", "row 1200"].map(ask)
        const { responses } = yield* passing(Batch.run(rows, { concurrency: 1 }))
        assert.deepStrictEqual(
          responses.slice(-2).map(({ isCached }) => isCached),
          [true, false]
        )
        assert.strictEqual((yield* mock.requests).length, 2_201)
      })
    )
  )

  it.effect("requests a row again whose equal row has an answer that is too long to be kept", () =>
    Effect.gen(function* () {
      const { responses } = yield* passing(Batch.run(["1", "1"].map(ask), { concurrency: 1 }))
      assert.deepStrictEqual(
        responses.map(({ isCached }) => isCached),
        [false, false]
      )
    }).pipe(Effect.provide(MockProvider.layerClient({ script: () => "a".repeat(600_000) })))
  )

  it.effect("requests equal rows of several short texts once", () =>
    withHost(
      Effect.gen(function* () {
        const mock = yield* MockProvider.MockProvider
        // Sums of the characters would often be equal here, and a different row would hide the equal one.
        const rows = Array.from({ length: 900 }, (_, index) => ({
          messages: [
            { role: "system" as const, content: `s${100 + (index % 30)}` },
            { role: "user" as const, content: `q${100 + Math.floor(index / 30)}` }
          ]
        }))
        const { progress } = yield* passing(Batch.run([...rows, ...rows], { concurrency: 1 }))
        assert.strictEqual(progress.cached, 900)
        assert.strictEqual((yield* mock.requests).length, 900)
      })
    )
  )

  it.effect("requests equal rows of long texts once among others", () =>
    withHost(
      Effect.gen(function* () {
        const mock = yield* MockProvider.MockProvider
        // Of all lengths modulo a word, which the bytes of a text end within.
        const rows = Array.from({ length: 40 }, (_, index) => ask("é".repeat(1 + (index % 2)) + "a".repeat(33 + index)))
        const { progress } = yield* passing(Batch.run([...rows, ...rows], { concurrency: 1 }))
        assert.strictEqual(progress.cached, 40)
        assert.strictEqual((yield* mock.requests).length, 40)
      })
    )
  )

  it.effect("answers a row whose equal row ends while they are compared", () =>
    withHost(
      Effect.gen(function* () {
        const mock = yield* MockProvider.MockProvider
        // Long enough to be compared by digests, which are not made at once.
        const long = "a".repeat(3_000)
        const { responses } = yield* passing(Batch.run([long, long].map(ask), { concurrency: 2 }))
        // Both end when their digests are there, in either order.
        assert.sameDeepMembers(
          responses.map((row) => [row._tag, row.line, row.isCached]),
          [
            ["Answered", 1, false],
            ["Answered", 2, true]
          ]
        )
        assert.strictEqual((yield* mock.requests).length, 1)
      })
    )
  )
})
