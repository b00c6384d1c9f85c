import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import * as CacheOptions from "../../../src/cache/internal/CacheOptions.ts"
import * as KimiConfig from "../../../src/KimiConfig.ts"

const entries = "a finite whole number over zero and up to 10000000"
const replays = "one of immediate, recorded"

const invalid: ReadonlyArray<readonly [options: object, name: string, expected: string]> = [
  [{ replay: "slow" }, "replay", replays],
  [{ maxEntries: 0 }, "maxEntries", entries],
  [{ maxEntries: 1.5 }, "maxEntries", entries],
  [{ maxEntries: 10_000_001 }, "maxEntries", entries],
  [{ maxBytes: 1_000, maxEntryBytes: 1_001 }, "maxEntryBytes", "at most maxBytes"],
  [{ maxEntryBytes: 0 }, "maxEntryBytes", "a finite whole number over zero"],
  [
    { timeToLive: "1 minute", staleAfter: "1 minute" },
    "staleAfter",
    "less than timeToLive, at which a response expires"
  ]
]

const valid: ReadonlyArray<object> = [
  {},
  { replay: "immediate" },
  { replay: "recorded" },
  { maxEntries: 1 },
  { maxEntries: 10_000_000 },
  { maxBytes: 1_000, maxEntryBytes: 1_000 },
  { maxBytes: 1_000 },
  { alsoCache: [] },
  { timeToLive: "1 minute", staleAfter: "59 seconds" }
]

describe("options of a cache", () => {
  it.effect.each(invalid)("rejects %j", ([options, name, expected]) =>
    Effect.gen(function* () {
      const { issues } = yield* Effect.flip(CacheOptions.resolveMemory(options))
      assert.deepStrictEqual([...issues], [{ name: `ResponseCache ${name}`, expected }])
    })
  )

  it.effect.each(valid)("accepts %j", (options) => Effect.asVoid(CacheOptions.resolveMemory(options)))

  it.effect("rejects a kind of response that it does not know", () =>
    Effect.gen(function* () {
      const unknown = { alsoCache: ["errors"] } as unknown as CacheOptions.Options
      const { issues } = yield* Effect.flip(CacheOptions.resolveMemory(unknown))
      assert.deepStrictEqual(
        issues.map(({ name }) => name),
        ["ResponseCache alsoCache"]
      )
      assert.match(issues[0]?.expected ?? "", /^one of \w+/)
    })
  )

  it.effect("rejects every invalid option of a store", () =>
    Effect.gen(function* () {
      const { issues } = yield* Effect.flip(
        CacheOptions.resolvePersisted({
          timeout: 0,
          writeTimeout: 0,
          cooldown: 0,
          maxPending: 0,
          maxPendingBytes: 0,
          flushTimeout: 0
        })
      )
      assert.deepStrictEqual(
        issues.map(({ name }) => name),
        ["timeout", "writeTimeout", "cooldown", "maxPending", "maxPendingBytes", "flushTimeout"].map(
          (name) => `ResponseCache ${name}`
        )
      )
    })
  )

  it("are read from a configuration", () => {
    const config = {
      ...KimiConfig.defaults,
      cacheTimeout: Duration.seconds(3)
    } as unknown as KimiConfig.Values
    const { cooldown, timeout, timeToLive } = CacheOptions.persistedFromConfig(config)
    assert.deepStrictEqual([timeout, cooldown, timeToLive].map(Duration.toMillis), [
      3_000,
      5_000,
      Duration.toMillis(CacheOptions.defaults.timeToLive)
    ])
  })

  it("take every option of a cache from a configuration", () => {
    const options = CacheOptions.fromConfig({
      ...KimiConfig.defaults,
      cacheTimeToLive: Duration.seconds(1),
      cacheStaleAfter: Duration.millis(2),
      cacheRefreshCooldown: Duration.millis(3),
      cacheAlso: ["truncated"],
      cacheSharesFallback: true,
      cacheReplay: "recorded",
      cacheMaxBytes: 4_000,
      cacheMaxEntries: 5,
      cacheMaxEntryBytes: 600
    })
    assert.deepStrictEqual(options, {
      timeToLive: Duration.seconds(1),
      staleAfter: Duration.millis(2),
      refreshCooldown: Duration.millis(3),
      alsoCache: ["truncated"],
      sharesFallback: true,
      replay: "recorded",
      maxBytes: 4_000,
      maxEntries: 5,
      maxEntryBytes: 600
    })
  })

  it("limit a response to the size of a memory that is configured smaller", () => {
    const { maxEntryBytes } = CacheOptions.fromConfig({
      ...KimiConfig.defaults,
      cacheMaxBytes: 1_000,
      cacheMaxEntryBytes: 2_000
    })
    assert.strictEqual(maxEntryBytes, 1_000)
  })
})
