import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import * as CacheControl from "../../src/cache/CacheControl.ts"

describe("CacheControl", () => {
  it.effect("lets calls use the cache unless something else is said", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* CacheControl.CacheControl, { mode: "use", ttl: undefined, tags: [] })
    })
  )

  it.effect("holds inside, and leaves what it does not say as it is outside", () =>
    Effect.gen(function* () {
      const inner = yield* CacheControl.CacheControl.pipe(
        CacheControl.provide({ ttl: Duration.minutes(1) }),
        CacheControl.provide({ mode: "refresh", tags: ["x"], ttl: Duration.minutes(2) })
      )
      assert.deepStrictEqual(inner, { mode: "refresh", ttl: Duration.minutes(1), tags: ["x"] })
      assert.strictEqual((yield* CacheControl.CacheControl).mode, "use")
    })
  )
})
