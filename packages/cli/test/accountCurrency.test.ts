import * as Provider from "@kimi-effect/client/Provider"
import { assert, describe, it } from "@effect/vitest"
import { currencyOf } from "../src/accountCurrency.ts"

describe("the currency of an account", () => {
  it.each([
    { id: "moonshot", baseUrl: "https://api.moonshot.ai/v1", expected: "USD" },
    { id: "moonshot-cn", baseUrl: "https://api.moonshot.cn/v1", expected: "CNY" },
    { id: "moonshot", baseUrl: "https://api.moonshot.cn/v1", expected: "CNY" },
    { id: "custom", baseUrl: "https://api.moonshot.cn:443/anthropic", expected: "CNY" },
    { id: "moonshot-cn", baseUrl: "https://gateway.example/v1", expected: "CNY" },
    { id: "custom", baseUrl: "https://gateway.example/v1", expected: undefined }
  ] as const)("is $expected for $id at $baseUrl", ({ baseUrl, expected, id }) => {
    assert.strictEqual(currencyOf({ ...Provider.providers[id], baseUrl }), expected)
  })
})
