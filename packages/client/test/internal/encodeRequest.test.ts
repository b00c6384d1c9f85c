import { assert, describe, it } from "@effect/vitest"
import type { ChatRequest } from "@kimi-effect/core/models/ChatRequest"
import type { Message } from "@kimi-effect/core/models/Message"
import * as Result from "effect/Result"
import { encode, encodeEstimate, type Target, validate } from "../../src/internal/encodeRequest.ts"
import { type Provider, providers } from "../../src/Provider.ts"
import { fields } from "./support/errors.ts"

const messages: ReadonlyArray<Message> = [{ role: "user", content: "hi" }]

const bodyOf = (request: ChatRequest, target: Partial<Target> = {}): Record<string, unknown> =>
  JSON.parse(encode(request, { provider: providers.moonshot, model: "kimi-k3", stream: false, ...target }))

/** The members that are sent beside model and messages. */
const membersOf = (request: Omit<ChatRequest, "messages">, provider: Provider): Record<string, unknown> => {
  const { model: _, messages: __, ...members } = bodyOf({ messages, ...request }, { provider })
  return members
}

const messagesOf = (message: Message, provider: Provider = providers.moonshot): unknown =>
  bodyOf({ messages: [message] }, { provider })["messages"]

const { moonshot, together, openrouter, ollama, custom } = providers
const call = { id: "f_0", type: "function", function: { name: "f", arguments: "{}" } }

describe("encode", () => {
  it("writes the smallest request and nothing more", () => {
    const request = { messages }
    for (const provider of Object.values(providers)) {
      assert.deepStrictEqual(bodyOf(request, { provider, model: "m" }), { model: "m", messages })
    }
  })

  it("writes every member as the API names it", () => {
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
      safety_identifier: "u",
      logprobs: false,
      top_logprobs: 0,
      prediction: { type: "content" }
    }
    assert.deepStrictEqual(bodyOf(request), { ...request, model: "kimi-k3" })
  })

  it("leaves out members that are undefined", () => {
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

  it("asks for a stream with its usage only where one is wanted", () => {
    for (const provider of Object.values(providers)) {
      assert.deepInclude(bodyOf({ messages }, { provider, stream: true }), {
        stream: true,
        stream_options: { include_usage: true }
      })
      assert.notProperty(bodyOf({ messages }, { provider }), "stream")
      assert.notProperty(bodyOf({ messages }, { provider }), "stream_options")
    }
  })

  it("bounds the output under the name of the host, by the newer of the two members", () => {
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

  it("speaks of thinking in each host's own words", () => {
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

  it("sends reasoning back under the name of the host, also when it is empty", () => {
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

  it("leaves out a blank content beside tool calls, and no other", () => {
    const rest = { role: "assistant", reasoning_content: "Hm", tool_calls: [call] } as const
    for (const content of ["", undefined, null, [], [{ type: "text", text: "" }]] as const) {
      assert.deepStrictEqual(messagesOf({ ...rest, content }), [rest], JSON.stringify(content))
    }
    for (const content of ["x", " ", [{ type: "text", text: "x" }]] as const) {
      assert.deepStrictEqual(messagesOf({ ...rest, content }), [{ ...rest, content }])
    }
    assert.deepStrictEqual(messagesOf({ role: "assistant", content: "", partial: true, name: "Ada" }), [
      { role: "assistant", content: "", partial: true, name: "Ada" }
    ])
  })

  it("sends every other message as it is", () => {
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

  it("adds a host's own members, which never take the place of a given one", () => {
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

  it("lets a member that names the prototype do nothing", () => {
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

describe("validate", () => {
  const secret = "what the user said"
  const refusal = (request: unknown): Record<string, unknown> => {
    const result = validate(request, moonshot)
    return Result.isFailure(result) ? fields(result.failure) : assert.fail("the request was taken")
  }

  it("gives back a valid request", () => {
    const request = { messages, temperature: 1, extra_body: { a: [1, { b: null }] } }
    assert.deepStrictEqual(validate(request, moonshot), Result.succeed(request))
  })

  it("names the member that is malformed, what is expected, and never what was there", () => {
    const assistant = { role: "assistant", tool_calls: [{ id: 3, [secret]: secret }] }
    const cases: ReadonlyArray<readonly [object, string, string]> = [
      [{}, "messages", "Missing key"],
      [{ messages: secret }, "messages", "Expected array"],
      [{ messages: [{ role: "user", content: 3 }] }, "messages[0].content", "Expected string | array"],
      [{ messages: [{ role: "user" }] }, "messages[0].content", "Missing key"],
      [{ messages: [...messages, { role: "tool", content: secret }] }, "messages[1].tool_call_id", "Missing key"],
      [{ messages: [assistant] }, "messages[0].tool_calls[0].id", "Expected string"],
      [{ messages, model: 3 }, "model", "Expected string | undefined"],
      [{ messages, temperature: secret }, "temperature", "Expected number | undefined"],
      [{ messages, temperature: Number.NaN }, "temperature", "Expected a finite number"],
      [{ messages, temperature: 2.5 }, "temperature", "Expected a value between 0 and 2"],
      [{ messages, top_p: -1 }, "top_p", "Expected a value between 0 and 1"],
      [{ messages, n: 1.5 }, "n", "Expected an integer"],
      [{ messages, n: 6 }, "n", "Expected a value between 1 and 5"],
      [{ messages, presence_penalty: 3 }, "presence_penalty", "Expected a value between -2 and 2"],
      [{ messages, max_tokens: 0 }, "max_tokens", "Expected a value greater than 0"],
      [{ messages, stop: [secret, 4] }, "stop[1]", "Expected string"],
      [{ messages, top_logprobs: 21 }, "top_logprobs", "Expected a value between 0 and 20"],
      [{ messages, tool_choice: secret }, "tool_choice", 'Expected "auto" | "none" | "required"'],
      [{ messages, thinking: { type: secret } }, "thinking.type", 'Expected "enabled" | "disabled"'],
      [{ messages, extra_body: { a: () => secret } }, "extra_body.a", "Expected JSON value"]
    ]
    for (const [request, path, expected] of cases) {
      const error = refusal(request)
      assert.deepStrictEqual(error, {
        _tag: "InvalidRequestError",
        provider: "moonshot",
        parameter: path,
        message: `${path}: ${expected}`
      })
      assert.notInclude(JSON.stringify(error), secret)
    }
  })

  it("names the place of a message, a part, a format or a tool of no known kind", () => {
    for (const [request, path] of [
      [{ messages: [secret] }, "messages[0]"],
      [{ messages: [{ role: secret, content: secret }] }, "messages[0]"],
      [{ messages: [{ role: "developer", content: secret }] }, "messages[0]"],
      [{ messages: [{ role: "user", content: [{ type: secret }] }] }, "messages[0].content[0]"],
      [{ messages, response_format: { type: secret } }, "response_format"],
      [{ messages, tools: [{ type: secret }] }, "tools[0]"],
      [{ messages, tools: [{ type: "function", function: { name: `${secret}!` } }] }, "tools[0].function.name"]
    ] as const) {
      const error = refusal(request)
      assert.strictEqual(error["parameter"], path)
      assert.notInclude(JSON.stringify(error), secret)
    }
  })

  it("names an unknown member and where it belongs", () => {
    assert.deepInclude(refusal({ messages, seed: 1 }), {
      parameter: "seed",
      message: "seed: Unknown member of a chat request; members of a host's own go into extra_body"
    })
    for (const name of ["stream", "max_output_tokens", "toString", "x".repeat(1_000)]) {
      assert.strictEqual(refusal({ messages, [name]: secret })["parameter"], name.slice(0, 64))
    }
    assert.strictEqual(refusal(JSON.parse('{"messages":[],"__proto__":{}}'))["parameter"], "__proto__")
  })

  it("refuses what is no object", () => {
    for (const request of [undefined, null, 3, secret]) {
      assert.deepStrictEqual(refusal(request), {
        _tag: "InvalidRequestError",
        provider: "moonshot",
        message: "A chat request is an object with messages"
      })
    }
    assert.strictEqual(refusal([])["_tag"], "InvalidRequestError")
  })
})

describe("encodeEstimate", () => {
  it("writes model and messages in the host's dialect", () => {
    const all: ReadonlyArray<Message> = [
      ...messages,
      { role: "assistant", content: "", reasoning_content: "Hm", tool_calls: [call] }
    ]
    assert.deepStrictEqual(
      Result.map(encodeEstimate(all, { provider: moonshot, model: "kimi-k3" }), (text) => JSON.parse(text)),
      Result.succeed({
        model: "kimi-k3",
        messages: [...messages, { role: "assistant", reasoning_content: "Hm", tool_calls: [call] }]
      })
    )
  })

  it("names the message that is malformed", () => {
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
