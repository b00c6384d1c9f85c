import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { LiveConfig, KimiConfig } from "@kimi-effect/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as ConfigFile from "../../src/node/ConfigFile.ts"
import { folder } from "./support/files.ts"
import { namesOf } from "./support/options.ts"

describe("ConfigFile", () => {
  it.effect.each(["", " "])("refuses '%s', which is no path", (dotEnv) =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* namesOf(ConfigFile.layer({ dotEnv })), ["ConfigFile dotEnv"])
    })
  )

  it.effect("refuses a document in which every option would be the default", () =>
    Effect.gen(function* () {
      const json = join(yield* folder, "kimi.json")
      for (const text of ["[1, 2]", "null", '"sk-canary"', '{ "kimi": "sk-canary" }', '{ "kimi": [] }']) {
        writeFileSync(json, text)
        const error = yield* Effect.flip(ConfigFile.make({ json }))
        assert.deepStrictEqual(error.issues, [
          { name: json, expected: "a JSON object whose member kimi is an object with the options" }
        ])
      }
    })
  )

  it.effect("reads a document that begins with a byte order mark", () =>
    Effect.gen(function* () {
      const json = join(yield* folder, "kimi.json")
      writeFileSync(json, '\ufeff{ "kimi": { "apiKey": "sk-test", "maxAttempts": 3 } }')
      const live = yield* Effect.provide(
        LiveConfig.LiveConfig,
        Layer.provide(LiveConfig.layerConfig(), ConfigFile.layer({ json }))
      )
      const { config } = yield* live.current
      assert.strictEqual(config.maxAttempts, 3)
      assert.notStrictEqual(config.maxAttempts, KimiConfig.defaults.maxAttempts)
    })
  )
})
