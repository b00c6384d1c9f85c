import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { ChatCompletionRequest, ChatRequest } from "../../src/models/ChatRequest.ts"
import { refusal, throughText } from "../support/codec.ts"

const messages = [{ role: "user", content: "2+2?" }]

/** Path and message of what is wrong with a request that is right but for some members. */
const wrong = (members: object): string | undefined => refusal(ChatRequest, { messages, ...members })

const bounds: ReadonlyArray<{
  readonly member: string
  readonly taken: ReadonlyArray<number>
  readonly refused: ReadonlyArray<number>
}> = [
  { member: "temperature", taken: [0, 0.6, 1, 2], refused: [-0.1, 2.1, 3, Number.NaN] },
  { member: "top_p", taken: [0, 0.95, 1], refused: [-0.01, 1.01, Number.POSITIVE_INFINITY] },
  { member: "n", taken: [1, 5], refused: [0, 6, 1.5] },
  { member: "presence_penalty", taken: [-2, 0, 2], refused: [-2.1, 2.1] },
  { member: "frequency_penalty", taken: [-2, 0, 2], refused: [-2.1, 2.1] },
  { member: "top_logprobs", taken: [0, 20], refused: [-1, 21, 0.5] },
  { member: "max_completion_tokens", taken: [1, 1_048_576], refused: [0, -1, 1.5] },
  { member: "max_tokens", taken: [1, 131_072], refused: [0, -1, 1.5] }
]

describe("ChatRequest", () => {
  it("requires messages only", () => {
    assert.isUndefined(wrong({}))
    assert.include(refusal(ChatRequest, { model: "kimi-k3" }), '["messages"]')
  })

  for (const { member, taken, refused } of bounds) {
    it(`accepts ${member} within its limits only`, () => {
      for (const value of taken) assert.isUndefined(wrong({ [member]: value }), String(value))
      for (const value of [...refused, String(taken[0]), null]) {
        assert.include(wrong({ [member]: value }), `["${member}"]`, String(value))
      }
    })
  }

  it("refuses an invalid tool with its path", () => {
    const tools = [
      { type: "function", function: { name: "good" } },
      { type: "function", function: { name: "" } }
    ]
    assert.include(wrong({ tools }), '["tools"][1]["function"]["name"]')
  })

  it("refuses an invalid message with its path", () => {
    const bad = [...messages, { role: "user", content: 3 }]
    assert.include(wrong({ messages: bad }), '["messages"][1]["content"]')
  })

  it("refuses unknown literals", () => {
    assert.include(wrong({ tool_choice: "any" }), '["tool_choice"]')
    assert.include(wrong({ thinking: { type: "auto" } }), '["thinking"]["type"]')
    assert.include(wrong({ thinking: { type: "enabled", keep: "some" } }), '["thinking"]["keep"]')
    assert.include(wrong({ response_format: { type: "xml" } }), '["response_format"]')
    assert.include(wrong({ response_format: { type: "json_schema", json_schema: { name: "a" } } }), '["schema"]')
    assert.include(wrong({ stop: [1] }), '["stop"]')
  })

  it("accepts any value of reasoning_effort, because hosts differ", () => {
    for (const reasoning_effort of ["low", "high", "max", "medium"]) assert.isUndefined(wrong({ reasoning_effort }))
  })

  it("omits undefined members from the JSON text", () => {
    const request = { messages, temperature: undefined, model: undefined }
    const decoded = Schema.decodeUnknownSync(ChatRequest)(request)
    assert.deepStrictEqual(throughText(Schema.encodeSync(ChatRequest)(decoded)), { messages })
  })

  it("keeps the members of extra_body unchanged", () => {
    const extra_body = { provider: { order: ["moonshotai"] }, seed: 42, none: null }
    assert.deepStrictEqual(Schema.decodeUnknownSync(ChatRequest)({ messages, extra_body }).extra_body, extra_body)
  })
})

describe("ChatCompletionRequest", () => {
  it("encodes the body of the documented example", () => {
    const body = {
      model: "kimi-k2.6",
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "2+2?" }
      ],
      thinking: { type: "disabled" },
      max_completion_tokens: 256
    }
    const decoded = Schema.decodeUnknownSync(ChatCompletionRequest)(body)
    assert.deepStrictEqual(throughText(Schema.encodeSync(ChatCompletionRequest)(decoded)), body)
  })

  it("encodes every member under its wire name", () => {
    const body = {
      model: "kimi-k3",
      messages,
      max_completion_tokens: 16,
      temperature: 1,
      top_p: 0.95,
      n: 1,
      presence_penalty: 0,
      frequency_penalty: 0,
      stop: ["END"],
      response_format: { type: "json_schema", json_schema: { name: "sum", schema: { type: "object" }, strict: true } },
      tools: [{ type: "builtin_function", function: { name: "$web_search" } }],
      tool_choice: { type: "function", function: { name: "sum" } },
      thinking: { type: "enabled", keep: "all" },
      reasoning_effort: "max",
      prompt_cache_key: "session-1",
      prompt_cache_options: { ttl: "1h" },
      safety_identifier: "hash-1",
      logprobs: false,
      top_logprobs: 0,
      prediction: { type: "content", content: "4" },
      stream: true,
      stream_options: { include_usage: true }
    }
    const decoded = Schema.decodeUnknownSync(ChatCompletionRequest)(body)
    assert.deepStrictEqual(throughText(Schema.encodeSync(ChatCompletionRequest)(decoded)), body)
  })

  it("requires a model", () => {
    assert.include(refusal(ChatCompletionRequest, { messages }), '["model"]')
  })

  it("drops unknown members, extra_body among them", () => {
    const decoded = Schema.decodeUnknownSync(ChatCompletionRequest)({
      model: "m",
      messages,
      extra_body: { a: 1 },
      seed: 42
    })
    assert.deepStrictEqual(Schema.encodeSync(ChatCompletionRequest)(decoded), {
      model: "m",
      messages: decoded.messages
    })
  })
})
