import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { inspect } from "node:util"
import { KimiConfig } from "@kimi-effect/core"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Duration, Effect, Layer, Logger, Redacted } from "effect"
import * as ConfigFile from "../../src/node/ConfigFile.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "kimi-config-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

const write = (path: string, text: string) =>
  Effect.sync(() => {
    writeFileSync(path, text)
    return path
  })

const configOf = (options: ConfigFile.Options, env: Record<string, string> = {}) =>
  KimiConfig.KimiConfig.pipe(
    Effect.provide(
      KimiConfig.layerConfig().pipe(
        Layer.provide(ConfigFile.layer(options)),
        Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord(env)))
      )
    )
  )

describe("ConfigFile.layer", () => {
  it.effect("lets the environment win over the .env file, and that over the JSON document", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const dotEnv = yield* write(join(path, ".env"), 'KIMI_API_KEY="sk-from-dotenv"\nKIMI_MODEL=from-dotenv\n')
      const json = yield* write(
        join(path, "kimi.json"),
        JSON.stringify({ kimi: { apiKey: "sk-from-json", model: "from-json", idleTimeout: "9 seconds" } })
      )
      const config = yield* configOf({ dotEnv, json }, { KIMI_MODEL: "from-env" })
      assert.strictEqual(config.model, "from-env")
      assert.strictEqual(config.apiKey && Redacted.value(config.apiKey), "sk-from-dotenv")
      assert.deepStrictEqual(config.idleTimeout, Duration.seconds(9))
    })
  )

  it.effect("finds misspelt variables in the environment and in the .env file", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const dotEnv = yield* write(join(path, ".env"), "KIMI_API_KEY=sk-1\nKIMI_MODLE=a\nKIMI_MODLE_A=a\n")
      const json = yield* write(join(path, "kimi.json"), JSON.stringify({ kimi: { model: "a" } }))
      const lines: Array<string> = []
      const logger = Logger.make(({ message }) => void lines.push(String(message)))
      yield* Effect.provide(
        configOf({ dotEnv, json }, { KIMI_TIERS: "1", KIMI_MODLE_A_B: "1" }),
        Logger.layer([logger])
      )
      assert.deepStrictEqual(lines, [
        "The variable KIMI_MODLE sets no option of this library; did you mean KIMI_MODEL?",
        "The variable KIMI_MODLE_A sets no option of this library",
        "The variable KIMI_MODLE_A_B sets no option of this library",
        "The variable KIMI_TIERS sets no option of this library; did you mean KIMI_TIER?"
      ])
    })
  )

  it.effect("names a file that is not there", () =>
    Effect.gen(function* () {
      const missing = join(yield* folder, "missing.env")
      const error = yield* Effect.flip(configOf({ dotEnv: missing }))
      assert.deepStrictEqual(error.issues, [{ name: missing, expected: "a file that can be read" }])
    })
  )

  it.effect("names a document that is no JSON and shows nothing of it", () =>
    Effect.gen(function* () {
      const json = yield* write(join(yield* folder, "kimi.json"), '{"kimi": {"apiKey": "sk-canary-5e17" ')
      const error = yield* Effect.flip(configOf({ json }))
      assert.deepStrictEqual(error.issues, [{ name: json, expected: "a JSON document" }])
      assert.notInclude(inspect(error, { depth: 9, showHidden: true }), "sk-canary-5e17")
    })
  )
})
