import { assert, describe, it } from "@effect/vitest"
import { Effect, Random } from "effect"
import * as Latencies from "../../../src/resilience/internal/Latencies.ts"

const filled = (times: ReadonlyArray<number>, options?: Latencies.Options) => {
  const latencies = Latencies.make(options)
  for (const millis of times) latencies.record("a", millis)
  return latencies
}

const upTo = (size: number) => Array.from({ length: size }, (_, index) => index + 1)

describe("Latencies", () => {
  it("computes the percentile by nearest rank exactly", () => {
    const latencies = filled(upTo(100).toReversed())
    for (let rank = 1; rank <= 100; rank++) assert.strictEqual(latencies.percentile("a", rank / 100), rank)
    assert.strictEqual(latencies.percentile("a", 0), 1)
    assert.strictEqual(latencies.percentile("a", 0.951), 96)
    assert.strictEqual(filled([7]).percentile("a", 0.5), 7)
    assert.strictEqual(filled([3, 1]).percentile("a", 0.5), 1)
    assert.strictEqual(filled([3, 1]).percentile("a", 0.51), 3)
  })

  it("is undefined with too few samples, or for another key", () => {
    const latencies = filled(upTo(19))
    assert.isUndefined(latencies.percentile("a", 0.95, 20))
    assert.strictEqual(latencies.percentile("a", 0.95, 19), 19)
    assert.isUndefined(latencies.percentile("b", 0.95))
    latencies.record("a", 20)
    assert.strictEqual(latencies.percentile("a", 0.95, 20), 19)
  })

  it("drops the oldest sample for the newest", () => {
    const latencies = filled([9, 1, 5], { maxSamples: 3 })
    assert.strictEqual(latencies.percentile("a", 1), 9)
    latencies.record("a", 2)
    assert.strictEqual(latencies.percentile("a", 1), 5)
    latencies.record("a", 2)
    latencies.record("a", 2)
    latencies.record("a", 1)
    assert.strictEqual(latencies.percentile("a", 1), 2)
    assert.strictEqual(latencies.percentile("a", 0), 1)
  })

  it("keeps 128 samples of 256 keys by default", () => {
    const latencies = Latencies.make()
    for (let sample = 0; sample < 129; sample++) latencies.record("a", sample === 0 ? 1_000 : 1)
    assert.strictEqual(latencies.percentile("a", 1), 1)
    for (let key = 0; key < 300; key++) latencies.record(`key ${key}`, key)
    assert.strictEqual(latencies.keys().length, 256)
  })

  it("drops the key without a new sample for longest", () => {
    const latencies = Latencies.make({ maxKeys: 3 })
    for (const key of ["a", "b", "c", "a", "d"]) latencies.record(key, 1)
    assert.deepStrictEqual(latencies.keys(), ["c", "a", "d"])
    assert.isUndefined(latencies.percentile("b", 0.5))
    assert.strictEqual(latencies.percentile("a", 0.5, 2), 1)
  })

  it.effect("agrees with sorting the latest samples, for any sequence", () =>
    Effect.gen(function* () {
      const random = yield* Random.Random
      for (let trace = 0; trace < 200; trace++) {
        const samples = 1 + Math.floor(random.nextDoubleUnsafe() * 12)
        // Few different times, so that many are equal.
        const range = 1 + Math.floor(random.nextDoubleUnsafe() * 30)
        const latencies = Latencies.make({ maxSamples: samples })
        const all: Array<number> = []
        for (let step = 0; step < 60; step++) {
          const millis = Math.floor(random.nextDoubleUnsafe() * range)
          latencies.record("a", millis)
          all.push(millis)
          const latest = all.slice(-samples).toSorted((one, other) => one - other)
          for (const percent of [0, 1, 33, 50, 90, 95, 100]) {
            // The first time that at least so many percent of all do not exceed.
            const expected = latest.find((_, index) => (index + 1) * 100 >= percent * latest.length)
            assert.strictEqual(latencies.percentile("a", percent / 100), expected)
          }
        }
      }
    }).pipe(Random.withSeed("latencies"))
  )
})
