import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Random, Schedule } from "effect"
import * as Backoff from "../../src/resilience/Backoff.ts"

const jitters = ["full", "equal", "decorrelated", "none"] as const
const options = (jitter: Backoff.Jitter): Backoff.Options => ({
  baseDelay: Duration.millis(500),
  maxDelay: Duration.seconds(30),
  jitter
})

/** The first `count` waits, in milliseconds. */
const waits = (given: Backoff.Options, count: number) =>
  Effect.gen(function* () {
    const step = yield* Schedule.toStep(Backoff.schedule(given))
    const found: Array<number> = []
    for (let i = 0; i < count; i++) {
      const [, wait] = yield* step(0, undefined)
      found.push(Duration.toMillis(wait))
    }
    return found
  })

/** A `Random` whose every number is the same. */
const chance = (value: number) =>
  Effect.provideService(Random.Random, { nextDoubleUnsafe: () => value, nextIntUnsafe: () => 0 })

describe("Backoff.schedule", () => {
  it.effect("doubles up to the cap without jitter", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(
        yield* waits(options("none"), 8),
        [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]
      )
    })
  )

  it.effect("takes delays in any form of a duration", () =>
    Effect.gen(function* () {
      const given: Backoff.Options = { baseDelay: "500 millis", maxDelay: 1_500, jitter: "none" }
      assert.deepStrictEqual(yield* waits(given, 3), [500, 1_000, 1_500])
    })
  )

  it.effect("spreads full jitter from zero to the exponential wait", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* chance(0)(waits(options("full"), 3)), [0, 0, 0])
      assert.deepStrictEqual(yield* chance(0.5)(waits(options("full"), 3)), [250, 500, 1_000])
    })
  )

  it.effect("spreads equal jitter from half of the exponential wait", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* chance(0)(waits(options("equal"), 3)), [250, 500, 1_000])
      assert.deepStrictEqual(yield* chance(0.5)(waits(options("equal"), 3)), [375, 750, 1_500])
    })
  )

  it.effect("grows decorrelated jitter from the previous wait", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* chance(0)(waits(options("decorrelated"), 3)), [500, 500, 500])
      assert.deepStrictEqual(yield* chance(0.5)(waits(options("decorrelated"), 3)), [1_000, 1_750, 2_875])
    })
  )

  it.effect("stays below the cap after any number of failures", () =>
    Effect.gen(function* () {
      for (const jitter of jitters) {
        const found = yield* chance(0.999)(waits(options(jitter), 2_000))
        assert.isTrue(found.every((wait) => Number.isFinite(wait) && wait >= 0 && wait <= 30_000))
      }
    })
  )

  it.effect("depends only on the seed", () =>
    Effect.gen(function* () {
      const seeded = (seed: string) => Random.withSeed(waits(options("full"), 6), seed)
      assert.deepStrictEqual(yield* seeded("a"), yield* seeded("a"))
      assert.notDeepEqual(yield* seeded("a"), yield* seeded("b"))
    })
  )
})

describe("Backoff.bounds", () => {
  it.effect("contain every wait of every jitter", () =>
    Effect.gen(function* () {
      for (const jitter of jitters) {
        for (let seed = 0; seed < 200; seed++) {
          let previous = 500
          const found = yield* Random.withSeed(waits(options(jitter), 12), `${jitter}-${seed}`)
          for (const [index, wait] of found.entries()) {
            const [from, to] = Backoff.bounds(options(jitter), index + 1, previous)
            assert.isTrue(from <= wait && wait <= to, `${jitter} ${index}: ${from} <= ${wait} <= ${to}`)
            previous = wait
          }
        }
      }
    })
  )
})
