import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { canary, env, json, namesOf, printed, read, refused } from "../../support/config.ts"

const steps = [
  { provider: "together", apiKey: "sk-together", model: "moonshotai/Kimi-K3", tier: 2, on: ["OverloadedError"] },
  { model: "kimi-k2.6", maxConcurrency: 5, requestPolicy: "repair" }
]

describe("the option fallback", () => {
  it.effect("reads steps from JSON in a variable", () =>
    Effect.gen(function* () {
      const { fallback } = yield* read(env({ KIMI_API_KEY: "sk-1", KIMI_FALLBACK: JSON.stringify(steps) }))
      assert.deepStrictEqual(fallback, [
        { ...steps[0], apiKey: Redacted.make("sk-together") },
        { model: "kimi-k2.6", maxConcurrency: 5, requestPolicy: "repair" }
      ] as never)
    })
  )

  it.effect("reads the same steps from a JSON document", () =>
    Effect.gen(function* () {
      const fromText = yield* read(env({ KIMI_API_KEY: "sk-1", KIMI_FALLBACK: JSON.stringify(steps) }))
      const fromDocument = yield* read(json({ apiKey: "sk-1", fallback: steps }))
      assert.deepStrictEqual(fromDocument.fallback, fromText.fallback)
    })
  )

  it.effect("reports what is wrong with each member of a step", () =>
    Effect.gen(function* () {
      const wrong = [{ provider: "moonshine", modle: "a", tier: 9, on: "OverloadedError,x" }, 1]
      assert.deepStrictEqual(namesOf(yield* refused(json({ apiKey: "sk-1", fallback: wrong }))), [
        "kimi.fallback[0].provider",
        "kimi.fallback[0].modle",
        "kimi.fallback[0].tier",
        "kimi.fallback[1]"
      ])
    })
  )

  it.effect.each(["{bad", '{"provider":"ollama"}', ' {"model":"kimi-k2.6"}'])(
    "takes no object without its list for the id of a model: %s",
    (text) =>
      Effect.gen(function* () {
        assert.deepStrictEqual((yield* refused(env({ KIMI_API_KEY: "sk-1", KIMI_FALLBACK: text }))).issues, [
          {
            name: "KIMI_FALLBACK",
            expected: 'ids of models with semicolons between, a JSON list such as [{ "provider": "ollama" }], or off'
          }
        ])
      })
  )

  it.effect("names the step at another host that has no key", () =>
    Effect.gen(function* () {
      const variables = { KIMI_API_KEY: "sk-1", KIMI_FALLBACK: '[{"model":"kimi-k2.6"},{"provider":"together"}]' }
      assert.deepStrictEqual((yield* refused(env(variables))).issues, [
        {
          name: "KIMI_FALLBACK[1].apiKey",
          expected: "an API key in this step: its host together requires one, and gets none of another host"
        }
      ])
    })
  )

  it.effect("names the step at a custom host that has no base URL", () =>
    Effect.gen(function* () {
      const given = { apiKey: "sk-1", fallback: [{ provider: "custom" }] }
      assert.deepStrictEqual(namesOf(yield* refused(json(given))), ["kimi.fallback[0].baseUrl"])
    })
  )

  it.effect("names the step that would send a key without TLS", () =>
    Effect.gen(function* () {
      const given = { apiKey: "sk-1", fallback: [{ baseUrl: "http://gateway.example/v1" }] }
      assert.deepStrictEqual(namesOf(yield* refused(json(given))), ["kimi.fallback[0].baseUrl"])
    })
  )

  it.effect("accepts a step at a host that needs no key", () =>
    Effect.gen(function* () {
      const { fallback } = yield* read(json({ apiKey: "sk-1", fallback: [{ provider: "ollama" }] }))
      assert.deepStrictEqual(fallback, [{ provider: "ollama" }])
    })
  )

  it.effect("reports a key that the client itself lacks once", () =>
    Effect.gen(function* () {
      const error = yield* refused(json({ fallback: [{ model: "kimi-k2.6" }] }))
      assert.deepStrictEqual(namesOf(error), ["KIMI_API_KEY"])
    })
  )

  it.effect("shows no key of a step", () =>
    Effect.gen(function* () {
      const config = yield* read(json({ apiKey: "sk-1", fallback: [{ apiKey: canary }] }))
      for (const text of printed(config)) assert.notInclude(text, canary)
      const error = yield* refused(json({ apiKey: "sk-1", fallback: [{ apiKey: `${canary} spoiled` }] }))
      for (const text of [...printed(error), error.message]) assert.notInclude(text, canary)
    })
  )
})
