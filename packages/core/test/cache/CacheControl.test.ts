import { assert, describe, it } from "@effect/vitest"
import { Cause, Duration, Effect, Exit } from "effect"
import * as CacheControl from "../../src/cache/CacheControl.ts"
import { ConfigurationError } from "../../src/errors/ConfigurationErrors.ts"

describe("CacheControl", () => {
  it.effect("uses the cache by default", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* CacheControl.CacheControl, { mode: "use", timeToLive: undefined, tags: [] })
    })
  )

  it.effect("applies inside the effect, with omitted options unchanged", () =>
    Effect.gen(function* () {
      const inner = yield* CacheControl.CacheControl.pipe(
        CacheControl.provide({ timeToLive: "1 minute", mode: undefined }),
        CacheControl.provide({ mode: "refresh", tags: ["x"], timeToLive: Duration.minutes(2) })
      )
      assert.deepStrictEqual(inner, { mode: "refresh", timeToLive: Duration.minutes(1), tags: ["x"] })
      assert.strictEqual((yield* CacheControl.CacheControl).mode, "use")
    })
  )

  for (const { expected, given, name } of [
    { given: { timeToLive: "1 fortnight" }, name: "timeToLive", expected: "a duration" },
    { given: { mode: "never" }, name: "mode", expected: "one of use, refresh, bypass, onlyIfCached" },
    { given: { tags: "nightly" }, name: "tags", expected: "a list of texts" },
    { given: { tags: ["nightly", 1] }, name: "tags", expected: "a list of texts" },
    { given: { tag: ["nightly"] }, name: "tag", expected: "a known option; did you mean tags?" }
  ]) {
    it.effect(`dies of ${JSON.stringify(given)}`, () =>
      Effect.gen(function* () {
        const exit = yield* Effect.exit(CacheControl.provide(given as never)(Effect.void))
        const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
        if (!(error instanceof ConfigurationError)) return assert.fail("no ConfigurationError")
        assert.deepStrictEqual(error.issues, [{ name: `CacheControl ${name}`, expected }])
      })
    )
  }
})
