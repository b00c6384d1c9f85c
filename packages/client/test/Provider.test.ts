import { assert, describe, it } from "@effect/vitest"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as ModelCatalog from "@kimi-effect/core/ModelCatalog"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Provider from "../src/Provider.ts"

const apiKey = Redacted.make("sk-0123456789abcdef")
const config = (options: KimiConfig.Options) => KimiConfig.make({ apiKey, ...options })

const hosts = Object.values(Provider.providers)

describe("Provider", () => {
  it("describes every provider of the configuration under its id", () => {
    assert.sameMembers(Object.keys(Provider.providers), [...KimiConfig.providerIds])
    for (const id of KimiConfig.providerIds) assert.strictEqual(Provider.providers[id].id, id)
  })

  it("has base URLs to which a path can be appended", () => {
    for (const { id, baseUrl } of hosts) {
      assert.match(baseUrl, /^https?:\/\/[^?#]+[^/]$/, id)
      assert.isTrue(baseUrl.startsWith("https:") || new URL(baseUrl).hostname === "localhost", id)
    }
    assert.deepStrictEqual(
      hosts.map(({ id, baseUrl }) => [id, baseUrl]),
      [
        ["moonshot", "https://api.moonshot.ai/v1"],
        ["moonshot-cn", "https://api.moonshot.cn/v1"],
        ["together", "https://api.together.xyz/v1"],
        ["openrouter", "https://openrouter.ai/api/v1"],
        ["ollama", "http://localhost:11434/v1"],
        ["custom", "https://api.moonshot.ai/v1"]
      ]
    )
  })

  it("has two Moonshot hosts that differ only in what names them", () => {
    const { id: _, baseUrl: __, ...global } = Provider.providers.moonshot
    const { id: ___, baseUrl: ____, ...china } = Provider.providers["moonshot-cn"]
    assert.deepStrictEqual(global, china)
  })

  it("applies Moonshot's rules only to Moonshot's hosts", () => {
    assert.deepStrictEqual(
      hosts.filter(({ isMoonshot }) => isMoonshot).map(({ id }) => id),
      ["moonshot", "moonshot-cn"]
    )
  })

  it("expects the account API only at Moonshot or a custom host", () => {
    assert.deepStrictEqual(
      hosts.filter(({ hasAccountApi }) => hasAccountApi).map(({ id }) => id),
      ["moonshot", "moonshot-cn", "custom"]
    )
  })

  it("has default models of the catalogue, which are active at Moonshot", () => {
    for (const { id, defaultModel, isMoonshot } of hosts) {
      const known = ModelCatalog.find(defaultModel)
      assert.isDefined(known, id)
      if (isMoonshot) assert.strictEqual(known?.lifecycle.state, "live", id)
    }
  })

  describe("fromConfig", () => {
    it.effect("returns the configured host", () =>
      Effect.gen(function* () {
        for (const provider of KimiConfig.providerIds) {
          if (provider === "custom") continue
          assert.deepStrictEqual(Provider.fromConfig(yield* config({ provider })), Provider.providers[provider])
        }
        assert.deepStrictEqual(Provider.fromConfig(yield* config({})), Provider.providers.moonshot)
      })
    )

    it.effect("replaces only the base URL by the configured one", () =>
      Effect.gen(function* () {
        const baseUrl = "https://proxy.example.com/kimi/v1"
        for (const provider of KimiConfig.providerIds) {
          assert.deepStrictEqual(Provider.fromConfig(yield* config({ provider, baseUrl })), {
            ...Provider.providers[provider],
            baseUrl
          })
        }
        assert.notStrictEqual(Provider.providers.moonshot.baseUrl, baseUrl)
      })
    )

    it.effect("removes trailing slashes of a base URL", () =>
      Effect.gen(function* () {
        for (const [baseUrl, expected] of [
          ["https://example.com/v1/", "https://example.com/v1"],
          ["https://example.com/v1///", "https://example.com/v1"],
          ["https://example.com/", "https://example.com"],
          ["https://example.com", "https://example.com"],
          ["http://localhost:11434//v1/", "http://localhost:11434//v1"]
        ] as const) {
          assert.strictEqual(Provider.fromConfig(yield* config({ provider: "custom", baseUrl })).baseUrl, expected)
        }
      })
    )
  })
})
