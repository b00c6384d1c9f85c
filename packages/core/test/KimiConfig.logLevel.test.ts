import { assert, describe, it } from "@effect/vitest"
import { Effect, LogLevel, Redacted } from "effect"
import * as KimiConfig from "../src/KimiConfig.ts"
import { env, json, read, refused } from "./support/config.ts"

const expected = "all, trace, debug, info, warn, error, fatal or none"

describe("the option logLevel", () => {
  it.effect("accepts every level of Effect, in any case in a source", () =>
    Effect.gen(function* () {
      for (const level of LogLevel.values) {
        for (const text of [level, level.toLowerCase(), level.toUpperCase()]) {
          assert.strictEqual((yield* read(env({ KIMI_API_KEY: "sk-1", KIMI_LOG_LEVEL: text }))).logLevel, level)
        }
        assert.strictEqual((yield* read(json({ apiKey: "sk-1", logLevel: level }))).logLevel, level)
        assert.strictEqual((yield* KimiConfig.make({ apiKey: Redacted.make("sk-1"), logLevel: level })).logLevel, level)
      }
    })
  )

  it.effect("refuses what is no level", () =>
    Effect.gen(function* () {
      for (const text of ["loud", "warning", " Warn", "3"]) {
        const { issues } = yield* refused(env({ KIMI_API_KEY: "sk-1", KIMI_LOG_LEVEL: text }))
        assert.deepStrictEqual(issues, [{ name: "KIMI_LOG_LEVEL", expected }])
      }
    })
  )
})
