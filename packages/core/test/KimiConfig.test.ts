import { assert, describe, it } from "@effect/vitest"
import { Cause, ConfigProvider, Duration, Effect, Layer, Redacted, Schema } from "effect"
import { codec } from "../src/errors/KimiError.ts"
import * as KimiConfig from "../src/KimiConfig.ts"
import { canary, env, json, keyOf, namesOf, printed, read, refused } from "./support/config.ts"

describe("KimiConfig.fromConfig", () => {
  it.effect("has a default for every option but the key", () =>
    Effect.gen(function* () {
      const config = yield* read(env({ KIMI_API_KEY: "sk-1" }))
      assert.strictEqual(keyOf(config), "sk-1")
      assert.deepStrictEqual({ ...config, apiKey: undefined }, KimiConfig.defaults)
    })
  )

  it.effect("reads the contents of a .env file", () =>
    Effect.gen(function* () {
      const text =
        "# the key\nKIMI_API_KEY='sk-1' # not the key\nexport KIMI_MODEL=\"kimi-k3\"\nKIMI_IDLE_TIMEOUT=30 seconds\n"
      const config = yield* read(ConfigProvider.fromDotEnvContents(text))
      assert.deepStrictEqual([keyOf(config), config.model], ["sk-1", "kimi-k3"])
      assert.deepStrictEqual(config.idleTimeout, Duration.seconds(30))
    })
  )

  const sources = env({ KIMI_MODEL: "from-env", KIMI_PROVIDER: "" }).pipe(
    ConfigProvider.orElse(ConfigProvider.fromDotEnvContents("KIMI_MODEL=from-file\nKIMI_MAX_CONNECTIONS=2\n")),
    ConfigProvider.orElse(json({ apiKey: "sk-json", model: "from-json", maxConnections: 3, maxEventBytes: 5 }))
  )

  it.effect("uses the first source that has an option", () =>
    Effect.gen(function* () {
      const config = yield* read(sources, { requestPolicy: "repair" })
      assert.deepStrictEqual(
        [config.model, config.maxConnections, config.maxEventBytes, keyOf(config), config.provider],
        ["from-env", 2, 5, "sk-json", "moonshot"]
      )
    })
  )

  it.effect("prefers options from code to all sources", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* read(sources, { model: "from-code" })).model, "from-code")
      assert.strictEqual((yield* read(sources, { model: undefined })).model, "from-env")
    })
  )

  it.effect("prefers KIMI_API_KEY to MOONSHOT_API_KEY", () =>
    Effect.gen(function* () {
      const key = (variables: Record<string, string>) => Effect.map(read(env(variables)), keyOf)
      assert.strictEqual(yield* key({ MOONSHOT_API_KEY: "sk-m" }), "sk-m")
      assert.strictEqual(yield* key({ KIMI_API_KEY: "sk-k", MOONSHOT_API_KEY: "sk-m" }), "sk-k")
      assert.strictEqual(yield* key({ KIMI_API_KEY: "", MOONSHOT_API_KEY: "sk-m" }), "sk-m")
    })
  )

  it.effect("treats an empty API key as absent", () =>
    Effect.gen(function* () {
      const error = yield* refused(env({ KIMI_API_KEY: "", MOONSHOT_API_KEY: "" }))
      assert.deepStrictEqual(namesOf(error), ["KIMI_API_KEY"])
    })
  )

  it.effect("treats an empty text as absent", () =>
    Effect.gen(function* () {
      const config = yield* read(env({ KIMI_API_KEY: "sk-1", KIMI_MODEL: "", KIMI_IDLE_TIMEOUT: "" }))
      assert.deepStrictEqual({ ...config, apiKey: undefined }, KimiConfig.defaults)
      const kept = ConfigProvider.fromEnv({ env: { KIMI_API_KEY: "sk-1", KIMI_MODEL: "" }, preserveEmptyStrings: true })
      assert.strictEqual((yield* read(kept)).model, undefined)
    })
  )

  it.effect("treats a JSON null as absent", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* read(json({ apiKey: "sk-1", model: null }))).model, undefined)
    })
  )

  it.effect("reports all invalid variables with their expected forms", () =>
    Effect.gen(function* () {
      const timeout = 'a finite duration over zero, such as "30 seconds"'
      const bytes = 'a finite whole number of bytes over zero, such as "32 MiB"'
      const count = "a finite whole number over zero"
      const error = yield* refused(
        env({
          KIMI_PROVIDER: "moonshine",
          KIMI_API_KEY: "two words",
          KIMI_BASE_URL: "api.moonshot.ai/v1",
          KIMI_CONNECT_TIMEOUT: "soon",
          KIMI_FIRST_TOKEN_TIMEOUT: "-5 seconds",
          KIMI_IDLE_TIMEOUT: "0 seconds",
          KIMI_TOTAL_TIMEOUT: "Infinity",
          KIMI_RECOVERY: "on",
          KIMI_MAX_RECOVERIES: "0",
          KIMI_TIER: "6",
          KIMI_MAX_CONCURRENCY: "0",
          KIMI_REQUESTS_PER_MINUTE: "-3",
          KIMI_TOKENS_PER_MINUTE: "1.5",
          KIMI_TOKENS_PER_DAY: "unlimited",
          KIMI_ADMISSION_MAX_WAIT: "0 seconds",
          KIMI_ADMISSION_MAX_QUEUE: "0",
          KIMI_MAX_RESPONSE_BYTES: "32MB",
          KIMI_MAX_EVENT_BYTES: "0",
          KIMI_MAX_TOOL_ARGUMENT_BYTES: "-1",
          KIMI_MAX_CONNECTIONS: "1.5",
          KIMI_REQUEST_POLICY: "ignore",
          KIMI_ALLOW_PLAIN_HTTP: "yes"
        })
      )
      assert.deepStrictEqual(error.issues, [
        { name: "KIMI_PROVIDER", expected: "one of moonshot, moonshot-cn, together, openrouter, ollama, custom" },
        { name: "KIMI_API_KEY", expected: "an API key of visible ASCII characters without spaces" },
        { name: "KIMI_BASE_URL", expected: "an http or https URL without user, query and fragment" },
        { name: "KIMI_ALLOW_PLAIN_HTTP", expected: "true or false" },
        { name: "KIMI_MAX_CONNECTIONS", expected: count },
        { name: "KIMI_MAX_RESPONSE_BYTES", expected: bytes },
        { name: "KIMI_MAX_EVENT_BYTES", expected: bytes },
        { name: "KIMI_MAX_TOOL_ARGUMENT_BYTES", expected: bytes },
        { name: "KIMI_REQUEST_POLICY", expected: "reject or repair" },
        { name: "KIMI_CONNECT_TIMEOUT", expected: timeout },
        { name: "KIMI_FIRST_TOKEN_TIMEOUT", expected: timeout },
        { name: "KIMI_IDLE_TIMEOUT", expected: timeout },
        { name: "KIMI_TOTAL_TIMEOUT", expected: timeout },
        { name: "KIMI_RECOVERY", expected: "off, regenerate or continue" },
        { name: "KIMI_MAX_RECOVERIES", expected: count },
        { name: "KIMI_TIER", expected: "a tier from 0 to 5" },
        { name: "KIMI_MAX_CONCURRENCY", expected: count },
        { name: "KIMI_REQUESTS_PER_MINUTE", expected: count },
        { name: "KIMI_TOKENS_PER_MINUTE", expected: count },
        { name: "KIMI_TOKENS_PER_DAY", expected: count },
        { name: "KIMI_ADMISSION_MAX_WAIT", expected: timeout },
        { name: "KIMI_ADMISSION_MAX_QUEUE", expected: count }
      ])
      for (const { name } of error.issues) assert.include(error.message, `\n  ${name}: expected `)
    })
  )

  it.effect("reports JSON members that are unknown or not a single value", () =>
    Effect.gen(function* () {
      const members = { apiKey: "sk-1", modle: "a", baseUrl: ["a"], requestPolicy: { a: 1 }, maxConnections: "many" }
      const error = yield* refused(json(JSON.parse(JSON.stringify({ ...members, __proto__: null, toString: "a" }))))
      assert.sameMembers(namesOf(error), [
        "kimi.modle",
        "kimi.toString",
        "kimi.baseUrl",
        "kimi.requestPolicy",
        "kimi.maxConnections"
      ])
    })
  )

  it.effect("names a variable in lower case, which an environment has as a member of kimi", () =>
    Effect.gen(function* () {
      const variables = { kimi_tier: "9", kimi_teir: "2", kimi_other_tool: "1", kimi_fallback_0_provider: "none" }
      const error = yield* refused(ConfigProvider.orElse(env(variables), json({ apiKey: "sk-1", maxAttempts: 0 })))
      assert.sameMembers(namesOf(error), [
        "kimi_tier",
        "kimi_teir",
        "kimi_other_tool",
        "kimi.fallback[0].provider",
        "kimi.maxAttempts"
      ])
    })
  )

  it.effect("never repeats the value that was given", () =>
    Effect.gen(function* () {
      const spoiled = `${canary} spoiled`
      const fromEnv = { KIMI_API_KEY: spoiled, KIMI_BASE_URL: `https://${canary}@host/`, KIMI_TOTAL_TIMEOUT: canary }
      const errors = [
        yield* refused(env(fromEnv)),
        yield* refused(env({ MOONSHOT_API_KEY: spoiled })),
        yield* refused(json({ apiKey: spoiled, model: { secret: canary }, maxEventBytes: canary, other: canary })),
        yield* refused(env({}), { apiKey: Redacted.make(spoiled), baseUrl: `ftp://${canary}` })
      ]
      for (const error of errors) {
        const encoded = JSON.stringify(Schema.encodeSync(codec)(error))
        for (const text of [...printed(error), error.message, encoded, Cause.pretty(Cause.fail(error))]) {
          assert.notInclude(text, canary)
        }
      }
    })
  )

  it.effect("reports a source that cannot be read as the option that it hides", () =>
    Effect.gen(function* () {
      const broken = ConfigProvider.make((path) =>
        path[0] === "KIMI_MODEL"
          ? Effect.fail(new ConfigProvider.SourceError({ message: canary }))
          : Effect.succeed(path[0] === "KIMI_API_KEY" ? ConfigProvider.makeValue("sk-1") : undefined)
      )
      assert.deepStrictEqual(namesOf(yield* refused(broken)), ["KIMI_MODEL"])
    })
  )
})

describe("KimiConfig layers", () => {
  const model = Effect.map(KimiConfig.KimiConfig, (config) => config.model)
  const source = ConfigProvider.layer(env({ KIMI_API_KEY: "sk-1", KIMI_MODEL: "b" }))

  it.effect("provide the options from code", () =>
    Effect.gen(function* () {
      assert.strictEqual(
        yield* Effect.provide(model, KimiConfig.layer({ apiKey: Redacted.make("sk-1"), model: "a" })),
        "a"
      )
    })
  )

  it.effect("provide the options of the current provider", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* Effect.provide(model, Layer.provide(KimiConfig.layerConfig(), source)), "b")
    })
  )

  it.effect("prefer options from code to the current provider", () =>
    Effect.gen(function* () {
      const own = KimiConfig.layerConfig({ model: "c" })
      assert.strictEqual(yield* Effect.provide(model, Layer.provide(own, source)), "c")
    })
  )

  it.effect("fail with invalid options", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* Effect.flip(Effect.provide(model, KimiConfig.layer({}))))._tag, "ConfigurationError")
    })
  )
})
