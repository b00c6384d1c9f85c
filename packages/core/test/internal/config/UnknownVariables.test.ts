import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Logger } from "effect"
import * as KimiConfig from "../../../src/KimiConfig.ts"
import * as UnknownVariables from "../../../src/internal/config/UnknownVariables.ts"
import { canary, env, json } from "../../support/config.ts"

const find = (provider: ConfigProvider.ConfigProvider) =>
  Effect.provideService(UnknownVariables.find, ConfigProvider.ConfigProvider, provider)

/** What an effect logs, as texts. */
const logged = (effect: Effect.Effect<unknown>, provider: ConfigProvider.ConfigProvider) =>
  Effect.gen(function* () {
    const lines: Array<string> = []
    const logger = Logger.make(({ logLevel, message }) => void lines.push(`${logLevel}: ${String(message)}`))
    yield* effect.pipe(
      Effect.provide(Logger.layer([logger])),
      Effect.provideService(ConfigProvider.ConfigProvider, provider)
    )
    return lines
  })

describe("unknown variables", () => {
  it.effect("are found with the nearest known name", () =>
    Effect.gen(function* () {
      const found = yield* find(
        env({ KIMI_MODLE: "a", KIMI_APIKEY: "b", KIMI_CACHES: "c", KIMI_BREAKR: "off", KIMI_MODEL: "kimi-k3" })
      )
      assert.deepStrictEqual(found, [
        { name: "KIMI_APIKEY", nearest: "KIMI_API_KEY" },
        { name: "KIMI_BREAKR", nearest: "KIMI_BREAKER" },
        { name: "KIMI_CACHES", nearest: "KIMI_CACHE" },
        { name: "KIMI_MODLE", nearest: "KIMI_MODEL" }
      ])
    })
  )

  it.effect("have no nearest name where none is near", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* find(env({ KIMI_CLI_HOME: "/x" })), [{ name: "KIMI_CLI_HOME", nearest: undefined }])
    })
  )

  it.effect("are no options", () =>
    Effect.gen(function* () {
      const all = Object.fromEntries(
        (Object.keys(KimiConfig.options) as ReadonlyArray<KimiConfig.Name>).map((name) => [
          KimiConfig.variableName(name),
          "x"
        ])
      )
      assert.deepStrictEqual(yield* find(env({ ...all, MOONSHOT_API_KEY: "x", KIMI: "x", PATH: "x" })), [])
    })
  )

  it.effect("are in no JSON document", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* find(json({ modle: "a" })), [])
    })
  )

  it.effect("end for a provider that has every name", () =>
    Effect.gen(function* () {
      const everything = ConfigProvider.make(() =>
        Effect.succeed(ConfigProvider.makeRecord(new Set(["A", "B", "C"]), "x"))
      )
      assert.isAtMost((yield* find(everything)).length, 1_100)
    })
  )

  it.effect("are logged as a warning without their value", () =>
    Effect.gen(function* () {
      const lines = yield* logged(
        KimiConfig.warnUnknownVariables,
        env({ KIMI_MODLE: canary, KIMI_OTHER_PROGRAM: canary })
      )
      assert.deepStrictEqual(lines, [
        "Warn: The variable KIMI_MODLE sets no option of this library; did you mean KIMI_MODEL?",
        "Warn: The variable KIMI_OTHER_PROGRAM sets no option of this library"
      ])
    })
  )

  it.effect("are logged once by a warning that runs again", () =>
    Effect.gen(function* () {
      const warn = KimiConfig.makeUnknownVariablesWarning()
      const lines = yield* logged(Effect.andThen(warn, warn), env({ KIMI_MODLE: "a" }))
      assert.strictEqual(lines.length, 1)
    })
  )

  it.effect("are logged by layerConfig", () =>
    Effect.gen(function* () {
      const read = Effect.provide(Effect.orDie(KimiConfig.KimiConfig), KimiConfig.layerConfig())
      const lines = yield* logged(Effect.orDie(read), env({ KIMI_API_KEY: "sk-1", KIMI_MODLE: "a" }))
      assert.strictEqual(lines.length, 1)
    })
  )
})
