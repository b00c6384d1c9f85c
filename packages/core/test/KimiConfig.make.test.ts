import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Redacted } from "effect"
import * as KimiConfig from "../src/KimiConfig.ts"
import { canary, env, json, keyOf, namesOf, printed, refused } from "./support/config.ts"

const apiKey = Redacted.make("sk-1")

describe("KimiConfig.make", () => {
  const reject = (options: Record<string, unknown>) => Effect.flip(KimiConfig.make(options))

  it.effect("accepts durations in every form", () =>
    Effect.gen(function* () {
      const { idleTimeout, totalTimeout, connectTimeout } = yield* KimiConfig.make({
        apiKey,
        idleTimeout: "5 seconds",
        totalTimeout: 250,
        connectTimeout: Duration.minutes(1),
        model: undefined
      })
      assert.deepStrictEqual(
        [idleTimeout, totalTimeout, connectTimeout],
        [Duration.seconds(5), Duration.millis(250), Duration.minutes(1)]
      )
    })
  )

  it.effect("reports every unusable option at once, by the name it has in code", () =>
    Effect.gen(function* () {
      const error = yield* reject({
        apiKey: canary,
        idleTimeout: "soon",
        totalTimeout: -1,
        connectTimeout: Infinity,
        maxEventBytes: 0.5,
        modle: "a"
      })
      assert.deepStrictEqual(namesOf(error), [
        "apiKey",
        "idleTimeout",
        "totalTimeout",
        "connectTimeout",
        "maxEventBytes",
        "modle"
      ])
      for (const text of printed(error)) assert.notInclude(text, canary)
    })
  )

  it.effect("accepts only a short name for the account", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* KimiConfig.make({ apiKey, account: "team-a.eu_1" })).account, "team-a.eu_1")
      for (const account of ["", "team/a", "team a", "{team}", "a".repeat(65)]) {
        assert.deepStrictEqual(namesOf(yield* reject({ apiKey, account })), ["account"], account)
      }
    })
  )

  it.effect("accepts a tier with limits as numbers", () =>
    Effect.gen(function* () {
      const config = yield* KimiConfig.make({ apiKey, tier: 2, requestsPerMinute: 7, admissionMaxWait: "3 seconds" })
      assert.deepStrictEqual(
        [config.tier, config.requestsPerMinute, config.maxConcurrency, config.admissionMaxWait],
        [2, 7, undefined, Duration.seconds(3)]
      )
      assert.strictEqual((yield* KimiConfig.make({ apiKey, tier: 0 })).tier, 0)
    })
  )

  it.effect("refuses a tier that is not a whole number from 0 to 5", () =>
    Effect.gen(function* () {
      for (const tier of [6, -1, 2.5, "2", Number.NaN]) {
        const error = yield* reject({ apiKey, tier })
        assert.deepStrictEqual(error.issues, [{ name: "tier", expected: "a tier from 0 to 5" }], String(tier))
      }
    })
  )

  it.effect("refuses limits that are not whole numbers over zero", () =>
    Effect.gen(function* () {
      const error = yield* reject({
        apiKey,
        maxConcurrency: 0,
        requestsPerMinute: -1,
        tokensPerMinute: 1.5,
        tokensPerDay: "8",
        admissionMaxWait: 0,
        admissionMaxQueue: Infinity
      })
      assert.deepStrictEqual(namesOf(error), [
        "maxConcurrency",
        "requestsPerMinute",
        "tokensPerMinute",
        "tokensPerDay",
        "admissionMaxWait",
        "admissionMaxQueue"
      ])
    })
  )

  it.effect("names the option that was probably meant by an unknown one", () =>
    Effect.gen(function* () {
      const error = yield* reject({ apiKey, totalTimout: "1 second" })
      assert.deepStrictEqual(error.issues, [
        { name: "totalTimout", expected: "a known option; did you mean totalTimeout?" }
      ])
    })
  )

  it.effect("lists the options where no name is near", () =>
    Effect.gen(function* () {
      const error = yield* reject({ unrelatedName: 1 })
      assert.match(`${error.issues[0]?.expected}`, /^one of the options provider, apiKey, /)
    })
  )

  it.effect("states that an endless number has to be finite", () =>
    Effect.gen(function* () {
      const numbers = {
        totalTimeout: Infinity,
        maxAttempts: Infinity,
        maxResponseBytes: Infinity,
        retryBudgetCapacity: Infinity,
        retryBudgetCost: Infinity,
        healthBalanceWarning: Infinity
      }
      for (const { expected, name } of (yield* reject({ apiKey: Redacted.make("sk-1234"), ...numbers })).issues) {
        assert.match(expected, /^a finite /, name)
      }
    })
  )

  it.effect("states how to give a key that is not redacted", () =>
    Effect.gen(function* () {
      for (const secret of ["sk-1234", 1234, { key: "sk-1234" }, ["sk-1234"]]) {
        for (const name of ["apiKey", "redisPassword"]) {
          const error = yield* reject({ apiKey: Redacted.make("sk-5678"), [name]: secret })
          assert.match(error.message, new RegExp(`${name}: expected a redacted .*: use Redacted.make`))
          assert.notInclude(error.message, "1234")
        }
      }
    })
  )

  it.effect("requires a key, except of hosts that need none", () =>
    Effect.gen(function* () {
      for (const provider of ["moonshot", "moonshot-cn", "together", "openrouter"]) {
        const error = yield* reject({ provider })
        assert.deepStrictEqual(error.issues, [
          { name: "apiKey", expected: `an API key, which the host ${provider} requires` }
        ])
      }
      assert.isUndefined((yield* KimiConfig.make({ provider: "ollama" })).apiKey)
      const custom = yield* KimiConfig.make({ provider: "custom", baseUrl: "https://host.example/v1" })
      assert.isUndefined(custom.apiKey)
    })
  )

  it.effect("requires a base URL of a custom host", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(namesOf(yield* reject({ provider: "custom" })), ["baseUrl"])
    })
  )

  it.effect("refuses plain http beyond this machine in any spelling unless it is allowed", () =>
    Effect.gen(function* () {
      const beyond = [
        "http://host.example/v1",
        "HTTP://host.example/v1",
        " http://host.example",
        "http://127.0.0.1.host.example"
      ]
      for (const baseUrl of [...beyond, "http://localhost.example", "http://10.0.0.1:8080/v1"]) {
        assert.deepStrictEqual(namesOf(yield* reject({ apiKey, baseUrl })), ["baseUrl"], baseUrl)
        assert.strictEqual((yield* KimiConfig.make({ apiKey, baseUrl, allowPlainHttp: true })).baseUrl, baseUrl)
      }
      for (const baseUrl of [
        "http://localhost:11434/v1",
        "http://127.0.0.1:8080",
        "http://[::1]/v1",
        "https://host.example/v1"
      ]) {
        assert.strictEqual((yield* KimiConfig.make({ apiKey, baseUrl })).baseUrl, baseUrl)
      }
    })
  )

  it.effect("refuses a base URL with user, query or fragment, or of another scheme", () =>
    Effect.gen(function* () {
      const host = "host.example/v1"
      for (const rest of [`https://u@${host}`, `https://u:p@${host}`, `https://${host}?a=1`, `https://${host}#a`]) {
        assert.deepStrictEqual(namesOf(yield* reject({ apiKey, baseUrl: rest })), ["baseUrl"], rest)
      }
      for (const baseUrl of [`https://${host}?`, `https://${host}#`, `ftp://${host}`, "file:///v1", host, ""]) {
        assert.deepStrictEqual(namesOf(yield* reject({ apiKey, baseUrl })), ["baseUrl"], baseUrl)
      }
    })
  )

  it.effect("names a contradiction by where the option was given", () =>
    Effect.gen(function* () {
      const http = "http://host.example/v1"
      assert.deepStrictEqual(namesOf(yield* refused(env({ KIMI_API_KEY: "sk-1", KIMI_BASE_URL: http }))), [
        "KIMI_BASE_URL"
      ])
      assert.deepStrictEqual(namesOf(yield* refused(json({ apiKey: "sk-1", baseUrl: http }))), ["kimi.baseUrl"])
      assert.deepStrictEqual(namesOf(yield* refused(json({ apiKey: "sk-1" }), { baseUrl: http })), ["baseUrl"])
      assert.deepStrictEqual(namesOf(yield* refused(env({}), { apiKey: Redacted.make("a b") })), ["apiKey"])
    })
  )

  it.effect("never contains the key in any printed form", () =>
    Effect.gen(function* () {
      const config = yield* KimiConfig.make({ apiKey: Redacted.make(canary) })
      for (const text of [...printed(config), `${String(config.apiKey)}`]) assert.notInclude(text, canary)
      assert.include(JSON.stringify(config), "<redacted>")
      assert.strictEqual(keyOf(config), canary)
    })
  )
})
