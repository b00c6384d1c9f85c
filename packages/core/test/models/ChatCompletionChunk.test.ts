import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { ChatCompletionChunk } from "../../src/models/ChatCompletionChunk.ts"
import { refusal } from "../support/codec.ts"

const decode = Schema.decodeUnknownSync(ChatCompletionChunk)
const head = { id: "chatcmpl-1", created: 1, model: "kimi-k3" }
const usage = {
  prompt_tokens: 400,
  completion_tokens: 70,
  total_tokens: 470,
  cached_tokens: 256,
  completion_tokens_details: { reasoning_tokens: 50 },
  prompt_tokens_details: { cached_tokens: 256 }
}

describe("ChatCompletionChunk", () => {
  it("reads the chunks of a recorded stream in order", () => {
    const deltas = [{ content: "" }, { reasoning_content: "Hm" }, { reasoning_content: "" }, { content: "hi" }]
    for (const delta of deltas) {
      const chunk = { ...head, choices: [{ index: 0, delta, finish_reason: null }], system_fingerprint: "fpv0_0" }
      assert.deepStrictEqual(decode({ ...chunk, object: "chat.completion.chunk" }), chunk)
    }
  })

  it("reads usage in the choice or at the top level", () => {
    const finish = { ...head, choices: [{ index: 0, delta: {}, finish_reason: "stop", usage }] }
    assert.deepStrictEqual(decode(finish), finish)
    const last = { ...head, choices: [], usage }
    assert.deepStrictEqual(decode(last), last)
  })

  it("reads the deltas of a tool call", () => {
    const pieces = [
      { index: 0, id: "get_time_0", type: "function", function: { name: "get_time", arguments: "" } },
      { index: 0, function: { arguments: '{"zo' } },
      { id: "get_time_0", type: "builtin_function", function: null },
      { index: null, id: null, type: null }
    ]
    const chunk = { choices: [{ delta: { tool_calls: pieces } }] }
    assert.deepStrictEqual(decode(chunk), chunk)
  })

  it("reads chunks without content", () => {
    assert.deepStrictEqual(decode({}), {})
    const nulls = { id: null, choices: null, usage: null, error: null, model: null, created: null }
    assert.deepStrictEqual(decode(nulls), nulls)
    const choice = { index: null, delta: null, finish_reason: null, usage: null }
    assert.deepStrictEqual(decode({ choices: [choice] }), { choices: [choice] })
  })

  it("keeps an error of the stream undecoded", () => {
    const error = { message: "The engine is currently overloaded", type: "engine_overloaded_error", code: null }
    assert.deepStrictEqual(decode({ error }), { error })
    assert.deepStrictEqual(decode({ error: "overloaded" }), { error: "overloaded" })
  })

  it("refuses other values with the path of their first problem", () => {
    assert.include(
      refusal(ChatCompletionChunk, { choices: [{ delta: { content: ["hi"] } }] }),
      '["choices"][0]["delta"]["content"]'
    )
    assert.include(refusal(ChatCompletionChunk, { choices: {} }), '["choices"]')
    assert.isDefined(refusal(ChatCompletionChunk, 3))
  })

  it("ignores members that name the prototype", () => {
    const text = `{"__proto__":{"error":{"message":"injected"}},
      "choices":[{"delta":{"__proto__":{"content":"injected"},"constructor":{"name":"x"}}}]}`
    const decoded = decode(JSON.parse(text))
    assert.deepStrictEqual(decoded, { choices: [{ delta: {} }] })
    assert.isUndefined(decoded.error)
    assert.isUndefined(decoded.choices?.[0]?.delta?.content)
  })
})
