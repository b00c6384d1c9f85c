import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Random, Redacted } from "effect"
import { Digest } from "effect/crypto"
import * as CacheKey from "../../../../src/cache/internal/key/CacheKey.ts"
import type { ModelRequest } from "../../../../src/models/ChatRequest.ts"
import * as Requests from "../../support/requests.ts"
import { runs, seedOf } from "../../../../../../test/support/depth.ts"

const base: ModelRequest = { model: "kimi-k2.6", messages: [{ role: "user", content: "Hi" }] }

const textOf = (request: unknown, provider = "moonshot"): string =>
  // Requests come from outside, and may have members that the types do not have.
  CacheKey.serialize({ provider, tenant: "", request: request as ModelRequest })

const tools = [{ type: "function", function: { name: "look", parameters: { type: "object" } } }]
const asked = (args: string) => ({
  ...base,
  messages: [
    { role: "user", content: "Hi" },
    { role: "assistant", tool_calls: [{ id: "1", type: "function", function: { name: "look", arguments: args } }] }
  ]
})
const withMessage = (message: object) => ({ ...base, messages: [message] })

describe("CacheKey", () => {
  it.effect("is equal for equivalent requests only", () =>
    Effect.gen(function* () {
      const chance = yield* Random.Random
      const seen = new Map<string, string>()
      let changed = 0
      const requests = runs({ sample: 100, deep: 2_000 })
      for (let number = 0; number < requests; number++) {
        const request = Requests.random(chance)
        const text = textOf(request)
        for (let time = 0; time < 5; time++) {
          const other = Requests.rewritten(chance, request)
          assert.strictEqual(textOf(other), text, `${JSON.stringify(request)}\n${JSON.stringify(other)}`)
        }
        for (const [path, other] of Requests.changes(request)) {
          if ([".-messages", ".messages", ".-model"].includes(path)) continue
          assert.notStrictEqual(textOf(other), text, `${path} of ${JSON.stringify(request)}`)
          changed += 1
        }
        const known = seen.get(text)
        assert.isTrue(known === undefined || known === JSON.stringify(request))
        seen.set(text, JSON.stringify(request))
      }
      assert.isAtLeast(changed, requests * 50)
    }).pipe(Random.withSeed(seedOf("keys")))
  )

  it("counts no origin as an empty one", () => {
    const input = { provider: "moonshot", tenant: "", request: base }
    assert.strictEqual(CacheKey.serialize(input), CacheKey.serialize({ ...input, origin: "" }))
  })

  for (const extra_body of [
    { "extra_body.max_tokens": 5 },
    { extra_body: { max_tokens: 5 } },
    { 'extra_body "max_tokens"': 5 }
  ]) {
    it(`distinguishes a member of extra_body from one named like its path: ${JSON.stringify(extra_body)}`, () => {
      const request = { ...base, extra_body: { max_tokens: 5 } }
      assert.notStrictEqual(textOf({ ...base, extra_body }, "custom"), textOf(request, "custom"))
    })
  }

  const equal: ReadonlyArray<readonly [what: string, one: unknown, other: unknown]> = [
    ["stop", { ...base, stop: "x" }, { ...base, stop: ["x"] }],
    ["max tokens", { ...base, max_tokens: 9 }, { ...base, max_completion_tokens: 9 }],
    ["max tokens, both", { ...base, max_tokens: 5, max_completion_tokens: 9 }, { ...base, max_completion_tokens: 9 }],
    ["the model's max tokens", { ...base, max_completion_tokens: 32_768 }, base],
    ["fixed temperature", { ...base, temperature: 1 }, base],
    [
      "fixed temperature, not thinking",
      { ...base, temperature: 0.6, thinking: { type: "disabled" } },
      { ...base, thinking: { type: "disabled" } }
    ],
    ["fixed top_p", { ...base, top_p: 0.95 }, base],
    ["n", { ...base, n: 1 }, base],
    ["penalties", { ...base, presence_penalty: 0, frequency_penalty: -0 }, base],
    ["response format", { ...base, response_format: { type: "text" } }, base],
    ["tool choice with tools", { ...base, tools, tool_choice: "auto" }, { ...base, tools }],
    ["thinking", { ...base, thinking: { type: "enabled", keep: null } }, base],
    ["effort", { ...base, model: "kimi-k3", reasoning_effort: "max" }, { ...base, model: "kimi-k3" }],
    [
      "strict",
      {
        ...base,
        tools: [{ type: "function", function: { name: "look", parameters: { type: "object" }, strict: true } }]
      },
      { ...base, tools }
    ],
    ["stream", { ...base, stream: true, stream_options: { include_usage: true } }, base],
    ["the host's cache", { ...base, prompt_cache_key: "s1" }, base],
    ["the lifetime in the host's cache", { ...base, prompt_cache_options: { ttl: "1h" } }, base],
    ["the end user", { ...base, safety_identifier: "u1" }, base],
    ["an empty extra_body", { ...base, extra_body: {} }, base],
    ["extra_body like a member", { ...base, extra_body: { top_p: 0.5 } }, { ...base, top_p: 0.5 }],
    [
      "extra_body that a member overrides",
      { ...base, top_p: 0.5, extra_body: { top_p: 0.1 } },
      { ...base, top_p: 0.5 }
    ],
    ["extra_body that the call overrides", { ...base, extra_body: { model: "x", messages: [], stream: true } }, base],
    ["undefined", { ...base, temperature: undefined, tools: undefined }, base],
    ["a text as a part", withMessage({ role: "user", content: [{ type: "text", text: "Hi" }] }), base],
    [
      "the short form of media",
      withMessage({ role: "user", content: [{ type: "image_url", image_url: "ms://1" }] }),
      withMessage({ role: "user", content: [{ type: "image_url", image_url: { url: "ms://1" } }] })
    ],
    [
      "partial",
      withMessage({ role: "assistant", content: "a", partial: false }),
      withMessage({ role: "assistant", content: "a" })
    ],
    [
      "no content",
      withMessage({ role: "assistant", content: null, reasoning_content: "r" }),
      withMessage({ role: "assistant", reasoning_content: "r" })
    ],
    [
      "empty content beside calls",
      withMessage({ role: "assistant", content: "", tool_calls: [] }),
      withMessage({ role: "assistant", tool_calls: [] })
    ],
    ["space in arguments", asked('{"a": [1, 2],\n "b c": " "}'), asked('{"a":[1,2],"b c":" "}')],
    [
      "order in arguments",
      asked('{"a":1,"1":2,"b":"1234567890123456"}'),
      asked('{"b":"1234567890123456","a":1,"1":2}')
    ],
    ["space beside long numbers", asked('{ "a": 12345678901234567890 }'), asked('{"a":12345678901234567890}')]
  ]
  for (const [what, one, other] of equal) {
    it(`does not distinguish ${what}`, () => assert.strictEqual(textOf(one), textOf(other)))
  }

  const different: ReadonlyArray<readonly [what: string, one: unknown, other: unknown]> = [
    ["another temperature", { ...base, temperature: 0.9 }, base],
    ["the temperature of the other mode", { ...base, temperature: 0.6 }, base],
    ["thinking", { ...base, thinking: { type: "disabled" } }, base],
    ["kept reasoning", { ...base, thinking: { type: "enabled", keep: "all" } }, base],
    ["the effort where it is no default", { ...base, reasoning_effort: "max" }, base],
    ["tool choice without tools", { ...base, tool_choice: "auto" }, base],
    ["an unknown member", { ...base, something: 1 }, base],
    ["a member of extra_body", { ...base, extra_body: { seed: 1 } }, { ...base, extra_body: { seed: 2 } }],
    ["an odd member of extra_body", { ...base, extra_body: JSON.parse('{"__proto__":1}') }, base],
    [
      "extra_body that a member without a value overrides",
      { ...base, top_p: undefined, extra_body: { top_p: 0.5 } },
      { ...base, extra_body: { top_p: 0.5 } }
    ],
    ["a name of extra_body that hosts translate", { ...base, extra_body: { max_tokens: 9 } }, base],
    ["the type of a value", { ...base, stop: ["1"] }, { ...base, stop: [1] }],
    [
      "two texts as one",
      withMessage({
        role: "user",
        content: [
          { type: "text", text: "a" },
          { type: "text", text: "b" }
        ]
      }),
      withMessage({ role: "user", content: "ab" })
    ],
    ["a role", withMessage({ role: "system", content: "Hi" }), base],
    ["an unknown member of a message", withMessage({ role: "user", content: "Hi", weight: 0 }), base],
    [
      "lone surrogates",
      withMessage({ role: "user", content: "\ud800" }),
      withMessage({ role: "user", content: "\ud801" })
    ],
    ["text that looks like JSON", asked('"abc"'), asked("abc")],
    ["text that looks like its own mark", asked('!"abc"'), asked("abc")],
    ["space within texts of arguments", asked('{"a":" "}'), asked('{"a":""}')],
    ["an escaped quote in arguments", asked('{"a":"\\" "}'), asked('{"a":"\\""}')],
    [
      "numbers that JavaScript does not keep apart",
      asked('{"a":12345678901234567890}'),
      asked('{"a":12345678901234567891}')
    ],
    ["long decimals", asked('{"a":0.12345678901234567}'), asked('{"a":0.12345678901234568}')],
    ["numbers too large", asked("[1e400,1e21]"), asked("[2e400,1e21]")],
    ["a name given twice", asked('{"a":1,"a":2}'), asked('{"a":2}')],
    ["the way a number is written", asked('{"a":1.0}'), asked('{"a":1}')],
    ["arguments that are cut off", asked('{"a":1'), asked('{"a":1}')]
  ]
  for (const [what, one, other] of different) {
    it(`distinguishes ${what}`, () => assert.notStrictEqual(textOf(one), textOf(other)))
  }

  it("applies the defaults of Moonshot to its own hosts only", () => {
    for (const request of [
      { ...base, temperature: 1 },
      { ...base, top_p: 0.95 },
      { ...base, max_tokens: 32_768 },
      { ...base, thinking: { type: "enabled" } },
      { ...base, tools: [{ type: "function", function: { name: "look", strict: true } }] }
    ]) {
      const { strict: _, ...definition } = { name: "look", strict: true }
      const without = "tools" in request ? { ...base, tools: [{ type: "function", function: definition }] } : base
      assert.notStrictEqual(textOf(request, "together"), textOf(without, "together"))
      assert.strictEqual(textOf(request, "moonshot-cn"), textOf(without, "moonshot-cn"))
    }
    assert.strictEqual(textOf({ ...base, n: 1 }, "together"), textOf(base, "together"))
  })

  it.effect("has no collisions across tenants, hosts, addresses, models, versions", () =>
    Effect.gen(function* () {
      const keyOf = yield* CacheKey.make
      const names = ["", "a", "b", "a,b", '"', "kimi-k3"]
      const keys = new Set<string>()
      for (const provider of names) {
        for (const tenant of names) {
          for (const origin of names) {
            for (const model of names) {
              keys.add(yield* keyOf({ provider, tenant, origin, request: { ...base, model } }))
            }
          }
        }
      }
      assert.strictEqual(keys.size, names.length ** 4)
      assert.match(textOf(base), /^\[1,/)
      assert.strictEqual(CacheKey.version, 1)
    })
  )

  it.effect("is a digest without any text of the request", () =>
    Effect.gen(function* () {
      const keyOf = yield* CacheKey.make
      const key = yield* keyOf({ provider: "moonshot", tenant: "t", request: base })
      assert.match(key, /^[0-9a-f]{64}$/)
      assert.strictEqual(key, yield* keyOf({ provider: "moonshot", tenant: "t", request: { ...base, n: 1 } }))
    })
  )

  it.effect("has no collisions among a million pairs of random requests", () =>
    Effect.gen(function* () {
      const chance = yield* Random.Random
      const keyOf = yield* CacheKey.make
      const seen = new Map<string, string>()
      for (let number = 0; number < 1_500; number++) {
        const request = Requests.random(chance)
        const key = yield* keyOf({ provider: "moonshot", tenant: "", request })
        const known = seen.get(key)
        assert.isTrue(known === undefined || known === JSON.stringify(request))
        seen.set(key, JSON.stringify(request))
      }
      assert.isAtLeast((seen.size * (seen.size - 1)) / 2, 1_000_000)
    }).pipe(Random.withSeed("pairs"))
  )

  it.effect("has an origin that distinguishes API keys without showing them", () =>
    Effect.gen(function* () {
      const origins: Array<string> = []
      for (const baseUrl of ["https://a.example/v1", "https://b.example/v1"]) {
        for (const key of [undefined, "sk-one-0123456789", "sk-two-0123456789"]) {
          origins.push(yield* CacheKey.makeOrigin(baseUrl, key === undefined ? undefined : Redacted.make(key)))
        }
      }
      assert.strictEqual(new Set(origins).size, 6)
      for (const origin of origins) assert.notMatch(origin, /sk-|0123456789/)
      const again = yield* CacheKey.makeOrigin("https://a.example/v1", Redacted.make("sk-one-0123456789"))
      assert.strictEqual(again, origins[1])
    })
  )

  it.effect("uses the digest service that is provided", () =>
    Effect.gen(function* () {
      const inputs: Array<string> = []
      const layer = Layer.mock(Digest.Digest)({
        digestHex: (algorithm, data) =>
          Effect.sync(() => {
            inputs.push(new TextDecoder().decode(data))
            return algorithm.name
          })
      })
      const keyOf = yield* Effect.provide(CacheKey.make, layer)
      assert.strictEqual(yield* keyOf({ provider: "moonshot", tenant: "", request: base }), "SHA-256")
      assert.deepStrictEqual(inputs, [textOf(base)])
    })
  )
})
