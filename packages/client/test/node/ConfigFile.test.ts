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
  const layered = Effect.gen(function* () {
    const path = yield* folder
    const dotEnv = yield* write(join(path, ".env"), 'KIMI_API_KEY="sk-from-dotenv"\nKIMI_MODEL=from-dotenv\n')
    const json = yield* write(
      join(path, "kimi.json"),
      JSON.stringify({ kimi: { apiKey: "sk-from-json", model: "from-json", idleTimeout: "9 seconds" } })
    )
    return yield* configOf({ dotEnv, json }, { KIMI_MODEL: "from-env" })
  })

  it.effect("prefers the environment to the files", () =>
    Effect.gen(function* () {
      const config = yield* layered
      assert.strictEqual(config.model, "from-env")
    })
  )

  it.effect("prefers the .env file to the JSON document", () =>
    Effect.gen(function* () {
      const config = yield* layered
      assert.strictEqual(config.apiKey && Redacted.value(config.apiKey), "sk-from-dotenv")
    })
  )

  it.effect("reads other options from the JSON document", () =>
    Effect.gen(function* () {
      const config = yield* layered
      assert.deepStrictEqual(config.idleTimeout, Duration.seconds(9))
    })
  )

  it.effect("reports misspelt variables of the environment or the .env file", () =>
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

  it.effect("names a missing file", () =>
    Effect.gen(function* () {
      const missing = join(yield* folder, "missing.env")
      const error = yield* Effect.flip(configOf({ dotEnv: missing }))
      assert.deepStrictEqual(error.issues, [
        { name: missing, expected: "a file that can be read; it does not exist (ENOENT)" }
      ])
    })
  )

  const malformed = Effect.gen(function* () {
    const json = yield* write(join(yield* folder, "kimi.json"), '{"kimi": {"apiKey": "sk-canary-5e17" ')
    return { json, error: yield* Effect.flip(configOf({ json })) }
  })

  it.effect("names a document that is not JSON", () =>
    Effect.gen(function* () {
      const { error, json } = yield* malformed
      assert.deepStrictEqual(error.issues, [{ name: json, expected: "a JSON document; line 1 is not JSON" }])
    })
  )

  it.effect("does not include the document in its error", () =>
    Effect.gen(function* () {
      const { error } = yield* malformed
      assert.notInclude(inspect(error, { depth: 9, showHidden: true }), "sk-canary-5e17")
    })
  )
})
