import { readdirSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Fixtures from "../../src/node/Fixtures.ts"

const folder = new URL("../../fixtures/kimi/", import.meta.url)
const files = (path: string, extension: string) =>
  readdirSync(new URL(path, folder))
    .filter((name) => name.endsWith(extension))
    .map((name) => name.slice(0, -extension.length))
    .toSorted()

describe("Fixtures", () => {
  it("lists every file of the folder", () => {
    assert.deepStrictEqual(files(".", ".json"), [...Fixtures.exchangeNames])
    assert.deepStrictEqual(files(".", ".sse"), [...Fixtures.sseNames])
    assert.deepStrictEqual(files("synthetic", ".json"), [...Fixtures.syntheticNames])
  })

  it("reads every exchange", () => {
    for (const name of Fixtures.exchangeNames) {
      const exchange = Fixtures.exchange(name)
      assert.strictEqual(`${exchange.status}`, /^error-(\d+)/.exec(name)?.[1] ?? "200", name)
      assert.include(exchange.headers["content-type"], "application/json", name)
      assert.isObject(exchange.body, name)
    }
  })

  it("has the recorded exchange", () => {
    const exchange = Fixtures.exchange("error-429-rpm-retry-after")
    assert.strictEqual(exchange.status, 429)
    assert.strictEqual(exchange.headers["retry-after"], "1")
    assert.strictEqual(exchange.endpoint, "POST https://api.moonshot.ai/v1/chat/completions")
    assert.deepInclude(exchange.request, { model: "kimi-k3", max_tokens: 64, tool_choice: "auto" })
    assert.deepStrictEqual(exchange.body, {
      error: {
        message:
          "Your account org-00000000000000000000000000000000<ak-00000000000000000000> " +
          "request reached organization max RPM: 3, please try again after 1 seconds",
        type: "rate_limit_reached_error"
      }
    })
  })

  it("reads streams as raw text that ends with [DONE]", () => {
    for (const name of Fixtures.sseNames) {
      assert.isTrue(Fixtures.sse(name).startsWith('data: {"id":"chatcmpl-'), name)
      assert.isTrue(Fixtures.sse(name).endsWith("data: [DONE]\n\n"), name)
    }
    assert.strictEqual(Fixtures.sse("stream-01-include-usage").match(/^data: /gm)?.length, 49)
  })

  it("reads the hand-written responses", () => {
    assert.deepInclude(Fixtures.synthetic("moonshotai-text"), { id: "chatcmpl-test-text", model: "kimi-k3" })
    assert.strictEqual(Fixtures.syntheticStream().length, 4)
    for (const event of Fixtures.syntheticStream()) assert.strictEqual(JSON.parse(event).id, "chatcmpl-stream")
  })

  it("reads a file once", () => {
    assert.strictEqual(Fixtures.exchange("plain-04-tool-calls"), Fixtures.exchange("plain-04-tool-calls"))
  })

  it("has no credentials", () => {
    const all = [
      ...Fixtures.exchangeNames.map((name) => JSON.stringify(Fixtures.exchange(name))),
      ...Fixtures.sseNames.map(Fixtures.sse)
    ].join("")
    assert.notMatch(all, /sk-[A-Za-z0-9]{8}|set-cookie|ak-[^0]|org-[^0]/)
  })
})
