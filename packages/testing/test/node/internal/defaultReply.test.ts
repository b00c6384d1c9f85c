import { assert, describe, it } from "@effect/vitest"
import * as DefaultReply from "../../../src/node/internal/defaultReply.ts"
import type { ReceivedRequest } from "../../../src/node/ReceivedRequest.ts"

const request = (json: unknown): ReceivedRequest => ({
  method: "POST",
  path: "/v1/x",
  query: "",
  headers: {},
  body: "",
  json
})

describe("defaultReply", () => {
  it("reads the form of a request", () => {
    const all = { model: "kimi-k2.6", stream: true, stream_options: { include_usage: true }, tools: [{}] }
    assert.deepStrictEqual(DefaultReply.formOf(request(all)), {
      isStream: true,
      hasUsage: true,
      hasTools: true,
      model: "kimi-k2.6"
    })
  })

  it("reads the default form from any other body", () => {
    for (const json of [
      undefined,
      null,
      1,
      "a",
      [],
      {},
      { stream_options: null },
      { model: 1, stream: "true", stream_options: { include_usage: false }, tools: [] }
    ]) {
      assert.deepStrictEqual(DefaultReply.formOf(request(json)), {
        isStream: false,
        hasUsage: false,
        hasTools: false,
        model: undefined
      })
    }
  })

  it("selects the recording by the form of the request", () => {
    const pick = (isStream: boolean, hasUsage: boolean, hasTools: boolean) => {
      const reply = DefaultReply.chat({ isStream, hasUsage, hasTools, model: undefined })
      return reply._tag === "Sse" ? reply.events.length : reply._tag === "Completion" ? reply.completion.id : reply._tag
    }
    assert.strictEqual(pick(false, false, false), "chatcmpl-6a5a9561c95b1c06317b3389")
    assert.strictEqual(pick(false, true, false), "chatcmpl-6a5a9561c95b1c06317b3389")
    assert.strictEqual(pick(true, false, false), 48)
    assert.strictEqual(pick(true, true, false), 49)
    assert.strictEqual(pick(false, false, true), "chatcmpl-6a5a945597c2ae9e009a34b6")
    assert.strictEqual(pick(true, true, true), "chatcmpl-6a5a945597c2ae9e009a34b6")
  })

  it("has a value of the schema that a request asks for", () => {
    const schema = { type: "object", properties: { item: { type: "string" } }, required: ["item"] }
    const textOf = (response_format: unknown): unknown => {
      const reply = DefaultReply.formatted(request({ response_format }))
      return reply?._tag === "Completion" ? reply.completion.choices?.[0]?.message?.content : reply
    }
    assert.strictEqual(textOf({ type: "json_schema", json_schema: { name: "a", schema } }), '{"item":"sample"}')
    assert.strictEqual(textOf({ type: "json_object" }), "{}")
    assert.isUndefined(textOf({ type: "text" }))
    assert.isUndefined(textOf(undefined))
  })

  it("has no tool call for a request that the model answers with text", () => {
    const tools = [{ type: "function", function: { name: "get_weather" } }]
    for (const members of [
      { tool_choice: "none" },
      { messages: [{ role: "user" }, { role: "assistant" }, { role: "tool", content: "18 degrees" }] }
    ]) {
      assert.isFalse(DefaultReply.formOf(request({ tools, ...members })).hasTools)
    }
  })

  it("has a tool call for the question after a tool result", () => {
    const messages = [{ role: "tool", content: "18 degrees" }, { role: "assistant" }, { role: "user" }]
    assert.isTrue(DefaultReply.formOf(request({ tools: [{}], messages })).hasTools)
  })

  it("describes a route that does not exist as the host does", () => {
    assert.deepStrictEqual(DefaultReply.notFound({ ...request({}), headers: { "user-agent": "curl/8" } }).body, {
      code: 5,
      error: "url.not_found",
      message: "没找到对象",
      method: "POST",
      scode: "0x5",
      status: false,
      ua: "curl/8",
      url: "/v1/x"
    })
  })
})
