import { assert, describe, it } from "@effect/vitest"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import type { Message } from "@kimi-effect/core/Message"
import * as Result from "effect/Result"
import { encode, encodeEstimate, type EncodeOptions } from "../../src/internal/encodeRequest.ts"
import { type Provider, providers } from "../../src/Provider.ts"
import { fields } from "./support/errors.ts"

const messages: ReadonlyArray<Message> = [{ role: "user", content: "hi" }]

const bodyOf = (request: ChatRequest, target: Partial<EncodeOptions> = {}): Record<string, unknown> =>
  JSON.parse(encode(request, { provider: providers.moonshot, model: "kimi-k3", stream: false, ...target }))

/** The encoded members other than model and messages. */
const membersOf = (request: Omit<ChatRequest, "messages">, provider: Provider): Record<string, unknown> => {
  const { model: _, messages: __, ...members } = bodyOf({ messages, ...request }, { provider })
  return members
}

const messagesOf = (message: Message, provider: Provider = providers.moonshot): unknown =>
  bodyOf({ messages: [message] }, { provider })["messages"]

const { moonshot, together, openrouter, ollama, custom } = providers
const call = { id: "f_0", type: "function", function: { name: "f", arguments: "{}" } }

describe("encode", () => {
  it("encodes the smallest request without further members", () => {
    const request = { messages }
    for (const provider of Object.values(providers)) {
      assert.deepStrictEqual(bodyOf(request, { provider, model: "m" }), { model: "m", messages })
    }
  })

  it("encodes every member with its name in the API", () => {
    const request: ChatRequest = {
      model: "ignored",
      messages,
      max_completion_tokens: 100,
      temperature: 1,
      top_p: 0.95,
      n: 1,
      presence_penalty: 0,
      frequency_penalty: 0,
      stop: ["a", "b"],
      response_format: { type: "json_schema", json_schema: { name: "s", schema: { type: "object" }, strict: true } },
      tools: [{ type: "function", function: { name: "f", description: "d", parameters: { type: "object" } } }],
      tool_choice: { type: "function", function: { name: "f" } },
      thinking: { type: "enabled", keep: "all" },
      reasoning_effort: "high",
      prompt_cache_key: "k",
      prompt_cache_options: { ttl: "1h" },
      safety_identifier: "u",
      logprobs: false,
      top_logprobs: 0,
      prediction: { type: "content" }
    }
    assert.deepStrictEqual(bodyOf(request), { ...request, model: "kimi-k3" })
  })

  it("omits members that are undefined", () => {
    const text = encode(
      {
        messages,
        temperature: undefined,
        thinking: undefined,
        max_tokens: undefined,
        tools: undefined,
        model: undefined
      },
      { provider: moonshot, model: "kimi-k3", stream: false }
    )
    assert.strictEqual(text, '{"model":"kimi-k3","messages":[{"role":"user","content":"hi"}]}')
  })

  it("requests usage only for a stream", () => {
    for (const provider of Object.values(providers)) {
      assert.deepInclude(bodyOf({ messages }, { provider, stream: true }), {
        stream: true,
        stream_options: { include_usage: true }
      })
      assert.notProperty(bodyOf({ messages }, { provider }), "stream")
      assert.notProperty(bodyOf({ messages }, { provider }), "stream_options")
    }
  })

  it("encodes the output limit with the host's member", () => {
    for (const [provider, name] of [
      [moonshot, "max_completion_tokens"],
      [providers["moonshot-cn"], "max_completion_tokens"],
      [custom, "max_completion_tokens"],
      [together, "max_tokens"],
      [openrouter, "max_tokens"],
      [ollama, "max_tokens"]
    ] as const) {
      for (const request of [
        { max_completion_tokens: 9 },
        { max_tokens: 9 },
        { max_completion_tokens: 9, max_tokens: 5 }
      ]) {
        assert.deepStrictEqual(membersOf(request, provider), { [name]: 9 }, provider.id)
      }
    }
  })

  it("encodes thinking in each dialect", () => {
    const on = { thinking: { type: "enabled" } } as const
    const off = { thinking: { type: "disabled" } } as const
    const kept = { thinking: { type: "enabled", keep: "all" } } as const
    const effort = { reasoning_effort: "high" }
    const words: ReadonlyArray<readonly [Provider, Omit<ChatRequest, "messages">, Record<string, unknown>]> = [
      [moonshot, {}, {}],
      [moonshot, on, on],
      [moonshot, off, off],
      [moonshot, kept, kept],
      [moonshot, effort, effort],
      [moonshot, { ...kept, ...effort }, { ...kept, ...effort }],
      [custom, { ...off, ...effort }, { ...off, ...effort }],
      [ollama, {}, {}],
      [ollama, on, {}],
      [ollama, off, { reasoning_effort: "none" }],
      [ollama, { ...off, ...effort }, { reasoning_effort: "none" }],
      [ollama, { ...on, ...effort }, effort],
      ...[together, openrouter].flatMap((provider) => [
        [provider, {}, {}] as const,
        [provider, on, { reasoning: { enabled: true } }] as const,
        [provider, kept, { reasoning: { enabled: true } }] as const,
        [provider, off, { reasoning: { enabled: false } }] as const,
        [provider, effort, { reasoning: { effort: "high" } }] as const,
        [provider, { ...on, ...effort }, { reasoning: { effort: "high" } }] as const,
        [provider, { ...off, ...effort }, { reasoning: { enabled: false } }] as const
      ])
    ]
    for (const [provider, request, expected] of words) {
      assert.deepStrictEqual(membersOf(request, provider), expected, `${provider.id} ${JSON.stringify(request)}`)
    }
  })

  it("encodes reasoning with the host's member, even if it is empty", () => {
    for (const reasoning of ["Hm", ""]) {
      const message: Message = { role: "assistant", content: "x", reasoning_content: reasoning }
      for (const provider of [moonshot, providers["moonshot-cn"], custom]) {
        assert.deepStrictEqual(messagesOf(message, provider), [message])
      }
      for (const provider of [together, openrouter, ollama]) {
        assert.deepStrictEqual(messagesOf(message, provider), [{ role: "assistant", content: "x", reasoning }])
      }
    }
  })

  it("omits blank content only of messages with tool calls", () => {
    const rest = { role: "assistant", reasoning_content: "Hm", tool_calls: [call] } as const
    for (const content of ["", undefined, null, [], [{ type: "text", text: "" }]] as const) {
      assert.deepStrictEqual(messagesOf({ ...rest, content }), [rest], JSON.stringify(content))
    }
    const mixed = [
      { type: "text", text: "" },
      { type: "text", text: "x" }
    ] as const
    for (const content of ["x", " ", mixed] as const) {
      assert.deepStrictEqual(messagesOf({ ...rest, content }), [{ ...rest, content }])
    }
    assert.deepStrictEqual(messagesOf({ role: "assistant", content: null }), [{ role: "assistant" }])
    assert.deepStrictEqual(messagesOf({ role: "assistant", content: "", partial: true, name: "Ada" }), [
      { role: "assistant", content: "", partial: true, name: "Ada" }
    ])
  })

  it("omits empty content of messages that load tools", () => {
    const rest: Message = { role: "system", tools: [{ type: "function", function: { name: "f" } }] }
    for (const content of ["", [], [{ type: "text", text: "" }]] as const) {
      assert.deepStrictEqual(messagesOf({ ...rest, content }), [rest])
    }
    assert.deepStrictEqual(messagesOf({ role: "system", content: "" }), [{ role: "system", content: "" }])
  })

  it("encodes all other messages unchanged", () => {
    const all: ReadonlyArray<Message> = [
      { role: "system", content: "Be brief.", name: "n" },
      { role: "system", tools: [{ type: "function", function: { name: "f" } }] },
      {
        role: "user",
        content: [
          { type: "text", text: "" },
          { type: "image_url", image_url: { url: "ms://f" } }
        ]
      },
      { role: "tool", tool_call_id: "f_0", content: "" }
    ]
    assert.deepStrictEqual(bodyOf({ messages: all })["messages"], all)
  })

  it("adds extra_body without replacing other members", () => {
    const own = { top_k: 5, route: { order: ["a"] } }
    assert.deepStrictEqual(membersOf({ extra_body: own }, openrouter), own)
    const rivals = {
      model: "evil",
      messages: [],
      temperature: 0,
      max_completion_tokens: 1,
      stream: false,
      stream_options: {},
      thinking: { type: "disabled" },
      extra_body: 1
    }
    const request: ChatRequest = {
      messages,
      temperature: 1,
      max_completion_tokens: 9,
      thinking: { type: "enabled" },
      extra_body: rivals
    }
    const body = bodyOf(request, { stream: true })
    assert.deepStrictEqual(body, {
      model: "kimi-k3",
      messages,
      temperature: 1,
      max_completion_tokens: 9,
      thinking: { type: "enabled" },
      stream: true,
      stream_options: { include_usage: true },
      extra_body: 1
    })
  })

  it("ignores a member with a name of the prototype", () => {
    const extra_body = JSON.parse('{"__proto__":{"temperature":0},"constructor":1}')
    assert.strictEqual(
      encode({ messages, extra_body }, { provider: moonshot, model: "m", stream: false }).includes('"m"'),
      true
    )
    assert.notProperty(bodyOf({ messages, extra_body }), "temperature")
    assert.notProperty({}, "temperature")
  })

  it("does not change the request", () => {
    const request = {
      messages: [{ role: "assistant", content: "", tool_calls: [call] }],
      extra_body: { a: 1 }
    } as const
    const before = structuredClone(request)
    bodyOf(request, { stream: true })
    assert.deepStrictEqual(request, before)
  })
})

describe("encodeEstimate", () => {
  it("encodes the model with the messages in the host's dialect", () => {
    const all: ReadonlyArray<Message> = [
      ...messages,
      { role: "assistant", content: "", reasoning_content: "Hm", tool_calls: [call] }
    ]
    assert.deepStrictEqual(
      encodeEstimate(all, { provider: moonshot, model: "kimi-k3" }),
      Result.succeed({
        model: "kimi-k3",
        messages: [...messages, { role: "assistant", reasoning_content: "Hm", tool_calls: [call] }]
      })
    )
  })

  it("fails with the malformed message", () => {
    const broken = [{ role: "user", content: 3 }] as unknown as ReadonlyArray<Message>
    const result = encodeEstimate(broken, { provider: moonshot, model: "kimi-k3" })
    assert.deepStrictEqual(Result.isFailure(result) ? fields(result.failure) : undefined, {
      _tag: "InvalidRequestError",
      provider: "moonshot",
      parameter: "messages[0].content",
      message: "messages[0].content: Expected string | array"
    })
  })
})
