import { assert, describe, it } from "@effect/vitest"
import * as TokenCount from "@kimi-effect/core/TokenCount"
import { Effect, Random } from "effect"
import * as Traffic from "../../src/simulator/Traffic.ts"

const hour = 3_600_000
const arrivals = (options: Traffic.Options) =>
  Effect.map(Effect.service(Random.Random), (random) => Traffic.arrivals(options, 24 * hour, random)).pipe(
    Random.withSeed(1)
  )

describe("arrivals", () => {
  it.effect("are ordered by time", () =>
    Effect.gen(function* () {
      const all = yield* arrivals({ calls: 10_000, weights: [1, 0, 3] })
      assert.strictEqual(all.length, 10_000)
      const moments = all.map(({ at }) => at)
      assert.deepStrictEqual(
        moments,
        moments.toSorted((a, b) => a - b)
      )
    })
  )

  it.effect("follow the weights of the parts of the time", () =>
    Effect.gen(function* () {
      const moments = (yield* arrivals({ calls: 10_000, weights: [1, 0, 3] })).map(({ at }) => at)
      const parts = [0, 1, 2].map((part) => moments.filter((at) => Math.floor(at / (8 * hour)) === part).length)
      assert.strictEqual(parts[1], 0)
      // Four standard deviations of 10,000 draws.
      assert.closeTo((parts[0] ?? 0) / 10_000, 0.25, 0.0174)
    })
  )

  it.effect("follow the distributions of the options", () =>
    Effect.gen(function* () {
      const all = yield* arrivals({
        calls: 4_000,
        streamRatio: 0.25,
        models: ["kimi-k2.6", "kimi-k3"],
        promptTokens: { median: 2_000, p95: 8_000 },
        outputTokens: { median: 300, p95: 900 },
        maxCompletionTokens: 500
      })
      const ratio = (of: (arrival: Traffic.Arrival) => boolean) => all.filter(of).length / all.length
      assert.closeTo(
        ratio(({ isStream }) => isStream),
        0.25,
        0.03
      )
      assert.closeTo(
        ratio(({ outputTokens }) => outputTokens <= 300),
        0.5,
        0.04
      )
      assert.closeTo(
        ratio(({ outputTokens }) => outputTokens <= 900),
        0.95,
        0.02
      )
      assert.strictEqual(
        ratio(({ request }) => request.model === "kimi-k3"),
        0.5
      )
      assert.strictEqual(
        ratio(({ request }) => request.max_completion_tokens === 500),
        1
      )
      // For this model the host adds nothing to the prompt, except four tokens per message.
      const tokens = all.map(({ request }) => TokenCount.ofPrompt({ ...request, model: "moonshot-v1-8k" }) - 4)
      assert.closeTo(tokens.filter((count) => count <= 2_000).length / all.length, 0.5, 0.04)
      assert.closeTo(tokens.filter((count) => count <= 8_000).length / all.length, 0.95, 0.02)
      assert.isBelow(new Set(all.map(({ request }) => request)).size, 2_000)
    })
  )

  const few = { calls: 2_000, promptTokens: { median: 100, p95: 100 } }
  const texts = (all: ReadonlyArray<Traffic.Arrival>) =>
    new Set(all.map(({ request }) => JSON.stringify(request.messages))).size

  it.effect("repeat prompts at the given ratio", () =>
    Effect.gen(function* () {
      assert.strictEqual(texts(yield* arrivals(few)), 1)
      assert.strictEqual(texts(yield* arrivals({ ...few, repeatRatio: 0 })), 2_000)
      const some = yield* arrivals({ ...few, repeatRatio: 0.25 })
      assert.closeTo(texts(some) / 2_000, 0.75, 0.05)
    })
  )

  it.effect("have the same times for another ratio of repeated prompts", () =>
    Effect.gen(function* () {
      const some = yield* arrivals({ ...few, repeatRatio: 0.25 })
      assert.deepStrictEqual(
        some.map(({ at }) => at),
        (yield* arrivals(few)).map(({ at }) => at)
      )
    })
  )
})
