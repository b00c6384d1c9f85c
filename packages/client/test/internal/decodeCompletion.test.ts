import { assert, describe, it } from "@effect/vitest"
import type { ChatCompletion } from "@kimi-effect/core/ChatCompletion"
import { type ResponseMessage, ChatResponse } from "@kimi-effect/core/ChatResponse"
import type { ChatError } from "@kimi-effect/core/OperationErrors"
import type { Usage } from "@kimi-effect/core/Usage"
import * as Schema from "effect/Schema"
import { noContentError, reasoningOf } from "../../src/internal/decodeCompletion.ts"
import { completions, head, plain } from "./support/completions.ts"
import { usageOf } from "../support/responses.ts"

const fixture = (name: string): ChatResponse | Record<string, unknown> => {
  const completion = completions.get(name)
  return completion === undefined ? assert.fail(name) : plain(completion)
}

const usage = (prompt: number, completion: number, reasoning: number, cached = 0) => ({
  ...usageOf(prompt, completion, reasoning),
  cached_tokens: cached
})

type Message = ChatCompletion["choices"][number]["message"]

const says = (message: Message, finish_reason: string | null = "stop"): ChatCompletion => ({
  id: "chatcmpl-1",
  created: 1,
  model: "kimi-k3",
  choices: [{ index: 0, message, finish_reason }]
})

const call = (id: string | null | undefined, name = "f") => ({
  ...(id === undefined ? {} : { id }),
  function: { name, arguments: "{}" }
})

const answered = (completion: ChatCompletion): ChatResponse => {
  const answer = plain(completion)
  return answer instanceof ChatResponse ? answer : assert.fail(JSON.stringify(answer))
}

describe("fromCompletion", () => {
  it("fails with the reasoning if that used the whole output limit", () => {
    assert.deepStrictEqual(fixture("plain-01-length-empty-content"), {
      ...head,
      _tag: "ReasoningBudgetExhaustedError",
      model: "kimi-k3",
      completionTokens: 16,
      message: "The output limit was reached before the response began",
      partial: {
        content: "",
        reasoning_content: "The user has asked me to reply with exactly one word: hello",
        tool_calls: [],
        usage: { prompt_tokens: 93, completion_tokens: 16 }
      }
    })
  })

  it("decodes the recorded response without cached tokens", () => {
    const reasoning =
      'The user wants me to reply with exactly one word: "hello". That\'s a simple instruction. ' +
      'I should just say "hello" and nothing else.'
    assert.deepStrictEqual(
      fixture("plain-02-stop-uncached"),
      new ChatResponse({
        ...head,
        id: "chatcmpl-6a97653c31b3adf613a7661f",
        model: "kimi-k3",
        created: 1788306750,
        choices: [
          {
            index: 0,
            message: { role: "assistant", content: "hello", reasoning_content: reasoning },
            finish_reason: "stop"
          }
        ],
        usage: usage(93, 47, 31)
      })
    )
  })

  it("decodes cached tokens that are sent twice", () => {
    const answer = fixture("plain-03-reasoning-cached")
    assert.instanceOf(answer, ChatResponse)
    assert.deepStrictEqual(answer.usage, usage(88, 196, 156, 88))
    assert.match(answer.text, /^Hello! 👋 Nice classic greeting — .+\n\nWhat can I help you with today\?$/)
    assert.match(answer.reasoning, /^The user has sent .+Let me keep it brief and friendly\.$/s)
  })

  it("decodes the recorded tool call", () => {
    const answer = fixture("plain-04-tool-calls")
    assert.instanceOf(answer, ChatResponse)
    assert.deepInclude(answer, {
      ...head,
      id: "chatcmpl-6a5a945597c2ae9e009a34b6",
      finishReason: "tool_calls",
      text: ""
    })
    assert.deepStrictEqual(answer.toolCalls, [
      {
        id: "get_weather_0",
        type: "function",
        function: { name: "get_weather", arguments: '{"location":"Paris, France","unit":"celsius"}' }
      }
    ])
    assert.deepStrictEqual(answer.usage, usage(268, 125, 55))
  })

  it("decodes the synthetic responses", () => {
    const expected: Record<string, { message: ResponseMessage; usage: Usage | undefined }> = {
      "moonshotai-text": { message: { role: "assistant", content: "Hello, world!" }, usage: usage(9, 5, 0) },
      "moonshotai-reasoning": {
        message: {
          role: "assistant",
          content: "There are three.",
          reasoning_content: "Let me count the letters carefully."
        },
        usage: usage(20, 30, 22, 10)
      },
      "moonshotai-tool-call": {
        message: {
          role: "assistant",
          content: "",
          tool_calls: [
            { id: "call_abc123", type: "function", function: { name: "get_weather", arguments: '{"city":"Paris"}' } }
          ]
        },
        usage: usage(30, 12, 0)
      }
    }
    for (const [name, members] of Object.entries(expected)) {
      const answer = fixture(name)
      assert.instanceOf(answer, ChatResponse)
      assert.deepStrictEqual({ message: answer.message, usage: answer.usage }, members, name)
    }
  })

  it("returns responses that conform to their schema", () => {
    const isLawful = Schema.is(ChatResponse)
    for (const name of completions.keys()) {
      const answer = fixture(name)
      assert.isTrue(!(answer instanceof ChatResponse) || isLawful(answer), name)
    }
  })

  const sparse = plain({ choices: [{ message: { content: "hi" } }] }, "asked")

  it("uses defaults, with the requested model, for missing members", () => {
    assert.deepStrictEqual(
      sparse,
      new ChatResponse({
        ...head,
        id: "",
        model: "asked",
        created: 0,
        choices: [{ index: 0, message: { role: "assistant", content: "hi" }, finish_reason: "unknown" }]
      })
    )
  })

  it("treats null as a missing member", () => {
    const nothing = { id: null, created: null, model: null, usage: null }
    const nulls = { content: "hi", reasoning_content: null, reasoning: null, reasoning_details: null, tool_calls: null }
    const choice = { index: null, message: nulls, finish_reason: null, usage: null }
    assert.deepStrictEqual(plain({ ...nothing, choices: [choice] }, "asked"), sparse)
  })

  it("reads usage from the first choice if there is none in the response", () => {
    const inChoice = { prompt_tokens: 1, completion_tokens: 2 }
    const choices = [{ message: { content: "x" }, usage: inChoice }]
    assert.strictEqual(answered({ choices }).usage?.total_tokens, 3)
    assert.strictEqual(answered({ choices, usage: null }).usage?.total_tokens, 3)
    assert.strictEqual(answered({ choices, usage: { total_tokens: 9 } }).usage?.total_tokens, 3)
    assert.strictEqual(answered({ choices, usage: { prompt_tokens: 4, completion_tokens: 5 } }).usage?.total_tokens, 9)
  })

  it("decodes every choice, with its index or its position", () => {
    const answer = answered({
      choices: [
        { message: { content: "a" }, finish_reason: "stop" },
        { index: 1, message: { content: "" }, finish_reason: "length" }
      ]
    })
    assert.deepStrictEqual(
      answer.choices.map((choice) => [choice.index, choice.message.content, choice.finish_reason]),
      [
        [0, "a", "stop"],
        [1, "", "length"]
      ]
    )
  })

  it("makes the ids of tool calls unique", () => {
    const calls = [call("f:0"), call("f:0"), call(""), call(null), call(undefined), call("f:0_2")]
    assert.deepStrictEqual(
      answered(says({ tool_calls: calls }, "tool_calls")).toolCalls.map(({ id }) => id),
      ["f:0", "f:0_2", "call", "call_2", "call_3", "f:0_2_2"]
    )
  })

  it("leaves out an entry without any member of a call", () => {
    const bare = { type: null, function: { name: null, arguments: null } }
    assert.deepStrictEqual(
      answered(says({ tool_calls: [bare, call("a")] })).toolCalls.map(({ id }) => id),
      ["a"]
    )
  })

  it("fails with the partial response for a tool call without a name", () => {
    const nameless = { id: "a", function: { name: null, arguments: '{"x":1}' } }
    assert.deepInclude(plain(says({ content: "text", tool_calls: [nameless] })), {
      _tag: "MalformedOutputError",
      reason: "tool call",
      partial: { content: "text", reasoning_content: "", tool_calls: [{ id: "a", name: "", arguments: '{"x":1}' }] }
    })
  })

  it("has no usage where every count is zero, null or absent", () => {
    const zero = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }
    for (const usage of [zero, {}, { prompt_tokens: null }, null]) {
      assert.isUndefined(answered({ choices: [{ message: { content: "x" } }], usage }).usage, JSON.stringify(usage))
    }
  })

  it("reads a refusal as text with its own finish reason", () => {
    const refused = answered(says({ content: null, refusal: "I cannot help." }))
    assert.deepInclude(refused, { text: "I cannot help.", finishReason: "refusal" })
    assert.strictEqual(answered(says({ refusal: "No." }, "content_filter")).finishReason, "content_filter")
    assert.strictEqual(answered(says({ content: "x", refusal: "" })).finishReason, "stop")
  })

  it("has the requested model when the host reports another name", () => {
    const choices = [{ message: { content: "x" } }]
    assert.strictEqual((plain({ model: "proxy", choices }, "asked") as ChatResponse).requestedModel, "asked")
    assert.isUndefined((plain({ model: "asked", choices }, "asked") as ChatResponse).requestedModel)
    assert.strictEqual((plain({ model: "", choices }, "asked") as ChatResponse).model, "asked")
  })

  it("has the name of the host in the partial response of an error", () => {
    const named = { model: "proxy", usage: { prompt_tokens: 2, completion_tokens: 1 } }
    const bad = { tool_calls: [{ id: "a", function: { name: null, arguments: "{}" } }] }
    for (const completion of [says({}, "length"), says({}, "content_filter"), says({}), says(bad)]) {
      const nameOf = (model: string) =>
        (plain({ ...completion, ...named }, model) as Pick<ChatError, "partial">).partial?.model
      assert.deepStrictEqual([nameOf("asked"), nameOf("proxy")], ["proxy", undefined])
    }
  })

  it("makes a thousand equal ids unique", () => {
    const calls = answered(says({ tool_calls: Array.from({ length: 1_000 }, () => call("call_0")) })).toolCalls
    assert.strictEqual(new Set(calls.map(({ id }) => id)).size, 1_000)
  })

  it("fails with neither text nor tool calls, regardless of reasoning", () => {
    for (const message of [
      {},
      { content: "" },
      { content: null, tool_calls: [] },
      { content: "", reasoning_content: "Hm" },
      { reasoning: "Hm" }
    ]) {
      const reasoning = reasoningOf(message)
      assert.deepStrictEqual(plain(says(message)), {
        ...head,
        _tag: "EmptyResponseError",
        model: "kimi-k3",
        finishReason: "stop",
        message: "The response has neither text nor tool calls",
        ...(reasoning === "" ? {} : { partial: { content: "", reasoning_content: reasoning, tool_calls: [] } })
      })
    }
    const nothing = { _tag: "EmptyResponseError", model: "kimi-k3", finishReason: "unknown" }
    assert.deepInclude(plain({ choices: [] }), nothing)
    assert.deepInclude(plain({ model: "host's", choices: [] }, "asked"), { ...nothing, model: "asked" })
    assert.deepInclude(plain(says({}, "x".repeat(64))), { finishReason: "x".repeat(64) })
    for (const odd of ["x".repeat(65), "tell me a joke"]) assert.deepInclude(plain(says({}, odd)), nothing)
  })

  it("accepts blank text as content", () => {
    assert.strictEqual(answered(says({ content: " " })).text, " ")
  })

  it("distinguishes a filtered response from an exhausted output limit", () => {
    const message = "The host filtered the whole response"
    assert.deepInclude(plain(says({}, "content_filter")), { _tag: "ContentFilterError", message })
    assert.deepInclude(plain(says({}, "length")), { _tag: "ReasoningBudgetExhaustedError" })
    assert.notProperty(plain(says({}, "length")), "completionTokens")
    assert.strictEqual(answered(says({ content: "so far" }, "content_filter")).finishReason, "content_filter")
  })
})

describe("noContentError", () => {
  const outcome = { hasContent: false, reasoning: "", finishReason: "stop", completionTokens: undefined }

  it("is undefined with content, for any finish reason", () => {
    for (const finishReason of ["stop", "length", "content_filter", "unknown"]) {
      assert.isUndefined(noContentError({ ...outcome, hasContent: true, finishReason }, { provider: "p", model: "m" }))
    }
  })

  it("is retryable only if the same request can succeed", () => {
    const isRetryable = (finishReason: string) =>
      noContentError({ ...outcome, finishReason }, { provider: "p", model: "m" })?.isRetryable
    assert.deepStrictEqual(["stop", "odd", "length", "content_filter"].map(isRetryable), [true, true, false, false])
  })
})

describe("reasoningOf", () => {
  it("reads every dialect, Moonshot's first", () => {
    const details = [{ text: "a" }, { summary: "b" }, { text: null, summary: null }, {}]
    assert.strictEqual(reasoningOf({}), "")
    assert.strictEqual(reasoningOf({ reasoning_details: details }), "ab")
    assert.strictEqual(reasoningOf({ reasoning: "r", reasoning_details: details }), "r")
    assert.strictEqual(reasoningOf({ reasoning_content: "c", reasoning: "r", reasoning_details: details }), "c")
    assert.strictEqual(reasoningOf({ reasoning_content: null, reasoning: null, reasoning_details: details }), "ab")
    assert.strictEqual(reasoningOf({ reasoning_content: "", reasoning: "r", reasoning_details: details }), "r")
    assert.strictEqual(reasoningOf({ reasoning_content: "", reasoning: "", reasoning_details: details }), "ab")
  })
})
