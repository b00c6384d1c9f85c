import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { ChatCompletion } from "../../src/models/ChatCompletion.ts"
import { refusal, throughText } from "../support/codec.ts"

const decode = Schema.decodeUnknownSync(ChatCompletion)

const plain = {
  id: "chatcmpl-0123456789abcdef01234567",
  created: 1_790_000_000,
  model: "kimi-k3",
  choices: [{ index: 0, message: { content: "hello", reasoning_content: "..." }, finish_reason: "stop" }],
  usage: {
    prompt_tokens: 400,
    completion_tokens: 70,
    total_tokens: 470,
    cached_tokens: 256,
    completion_tokens_details: { reasoning_tokens: 50 },
    prompt_tokens_details: { cached_tokens: 256 }
  }
}

describe("ChatCompletion", () => {
  it("reads a plain response without its unknown members", () => {
    const wire = {
      ...plain,
      object: "chat.completion",
      service_tier: "auto",
      choices: [{ ...plain.choices[0], logprobs: null, message: { ...plain.choices[0]?.message, role: "assistant" } }]
    }
    assert.deepStrictEqual(decode(wire), plain)
    assert.deepStrictEqual(decode(throughText(Schema.encodeSync(ChatCompletion)(decode(wire)))), plain)
  })

  it("reads recorded tool calls with an index", () => {
    const call = {
      id: "get_weather_0",
      type: "function",
      function: { name: "get_weather", arguments: '{"city":"Paris"}' }
    }
    const choice = { message: { content: "", tool_calls: [{ ...call, index: 0 }] }, finish_reason: "tool_calls" }
    assert.deepStrictEqual(decode({ choices: [choice] }).choices[0]?.message.tool_calls, [call])
  })

  it("reads null as absent", () => {
    const choice = {
      index: null,
      message: { content: null, reasoning_content: null, reasoning_details: null, tool_calls: null },
      finish_reason: null,
      usage: null
    }
    const nulls = { id: null, created: null, model: null, system_fingerprint: null, choices: [choice], usage: null }
    assert.deepStrictEqual(decode(nulls), nulls)
  })

  it("reads a response that has only a message", () => {
    assert.deepStrictEqual(decode({ choices: [{ message: {} }] }), { choices: [{ message: {} }] })
    assert.deepStrictEqual(decode({ choices: [] }), { choices: [] })
  })

  it("reads the reasoning member of every host", () => {
    const details = [
      { type: "reasoning.text", text: "a" },
      { type: "reasoning.summary", summary: "b" }
    ]
    const message = { reasoning: "thought", reasoning_details: details }
    assert.deepStrictEqual(decode({ choices: [{ message }] }).choices[0]?.message, {
      reasoning: "thought",
      reasoning_details: [{ text: "a" }, { summary: "b" }]
    })
  })

  it("reads an unknown finish reason", () => {
    assert.strictEqual(
      decode({ choices: [{ message: {}, finish_reason: "tired" }] }).choices[0]?.finish_reason,
      "tired"
    )
  })

  it("refuses another body with the path of its first problem", () => {
    assert.include(refusal(ChatCompletion, {}), "choices")
    assert.include(
      refusal(ChatCompletion, { choices: [{ message: {} }, { message: "hi" }] }),
      '["choices"][1]["message"]'
    )
    assert.include(refusal(ChatCompletion, { choices: [{ message: { content: 3 } }] }), '["content"]')
    assert.isDefined(refusal(ChatCompletion, "<html></html>"))
    assert.isDefined(refusal(ChatCompletion, null))
  })

  it("ignores members that name the prototype", () => {
    const text = `{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},
      "choices":[{"__proto__":{"index":7},"message":{"__proto__":{"content":"injected"},"constructor":1}}],
      "usage":{"__proto__":{"prompt_tokens":9}}}`
    const decoded = decode(JSON.parse(text))
    assert.deepStrictEqual(decoded, { choices: [{ message: {} }], usage: {} })
    const [choice] = decoded.choices
    assert.isUndefined(choice?.index)
    assert.isUndefined(choice?.message.content)
    assert.isUndefined(decoded.usage?.prompt_tokens)
    assert.strictEqual(Object.getPrototypeOf(decoded), Object.prototype)
    assert.notProperty({}, "polluted")
  })
})
