import { assert, describe, it } from "@effect/vitest"
import { ChatCompletion } from "@kimi-effect/core/ChatCompletion"
import { ChatResponse } from "@kimi-effect/core/ChatResponse"
import * as Fixtures from "@kimi-effect/testing/node/Fixtures"
import * as Schema from "effect/Schema"
import { fromCompletion } from "../../src/internal/decodeCompletion.ts"
import { chunkFrom, completionFrom } from "../../src/internal/lenientBody.ts"
import { head } from "./support/completions.ts"
import { chunk, decodeData, settle } from "./support/sse.ts"

const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 }

const bodyOf = (message: object, members: object = {}, choice: object = {}): object => ({
  id: "chatcmpl-1",
  created: 1,
  model: "kimi-k3",
  choices: [{ index: 0, message, finish_reason: "stop", ...choice }],
  usage,
  ...members
})

const read = (body: unknown): ChatResponse => {
  const lenient = completionFrom(body) ?? assert.fail(JSON.stringify(body))
  const response = fromCompletion(lenient.wire, head, "kimi-k3", undefined, { warnings: lenient.warnings })
  return response instanceof ChatResponse ? response : assert.fail(JSON.stringify(response))
}

const hi = { role: "assistant", content: "Hi" }

describe("completionFrom", () => {
  it("reads members in other types, with warnings", () => {
    const counts = { prompt_tokens: "10", completion_tokens: "5", total_tokens: "15", prompt_tokens_details: [] }
    const response = read(
      bodyOf(hi, { id: 123, created: "2026-11-28T00:00:00Z", system_fingerprint: 7, usage: counts })
    )
    assert.deepInclude(response, { id: "123", created: 1_795_824_000, text: "Hi" })
    assert.deepInclude(response.usage, usage)
    assert.deepStrictEqual(response.warnings, [
      "id: a number was converted",
      "created: a string was converted",
      "system_fingerprint: a number was converted",
      "usage.prompt_tokens: a string was converted",
      "usage.completion_tokens: a string was converted",
      "usage.total_tokens: a string was converted",
      "usage.prompt_tokens_details: an array was ignored"
    ])
  })

  it("separates the text parts of content from its reasoning parts", () => {
    const content = [
      { type: "thinking", thinking: [{ type: "text", text: "Hm" }] },
      { type: "text", text: "H" },
      "i",
      { type: "image", data: 1 }
    ]
    const response = read(bodyOf({ content }))
    assert.deepInclude(response, { text: "Hi", reasoning: "Hm" })
    assert.include(response.warnings ?? [], "choices[].message.content[]: an object was ignored")
  })

  describe("with a call in the older form of the API", () => {
    const call = { name: "f", arguments: '{"a":1}' }
    const toolCall = { id: "call", type: "function", function: call }

    it("reads it as a tool call", () => {
      for (const tool_calls of [undefined, null, []]) {
        const message = { content: null, function_call: call, tool_calls }
        const response = read(bodyOf(message, {}, { finish_reason: "function_call" }))
        assert.deepStrictEqual(response.choices[0].message.tool_calls, [toolCall])
        assert.strictEqual(response.choices[0].finish_reason, "tool_calls")
        assert.include(response.warnings ?? [], "choices[].message.function_call: an object was converted")
      }
    })

    it("keeps the tool calls that come with it", () => {
      const response = read(bodyOf({ function_call: { name: "g" }, tool_calls: [{ ...toolCall, id: "a" }] }))
      assert.deepStrictEqual(response.choices[0].message.tool_calls, [{ ...toolCall, id: "a" }])
      assert.include(response.warnings ?? [], "choices[].message.function_call: an object was ignored")
    })

    it("ignores an empty one", () => {
      for (const function_call of [{}, "", false]) {
        assert.deepInclude(read(bodyOf({ content: "Hi", function_call })), { text: "Hi" })
      }
    })

    it("is not in the format of the API", () => {
      const isStrict = Schema.is(ChatCompletion)
      assert.isTrue(isStrict(bodyOf({ content: "Hi", function_call: null })))
      assert.isFalse(isStrict(bodyOf({ content: null, function_call: call })))
    })

    it("joins the fragments of a stream", () => {
      const pieces = [{ name: "f", arguments: "" }, { arguments: '{"a"' }, { arguments: ":1}" }]
      const chunks = pieces.map((function_call) => chunk({ content: null, function_call }))
      const { events, failure } = decodeData([...chunks, chunk({}, "function_call"), "[DONE]"])
      assert.isUndefined(failure)
      assert.deepStrictEqual(
        events.flatMap((event) => (event._tag === "ToolCall" ? [event.call] : [])),
        [toolCall]
      )
      assert.deepInclude(events.at(-1), { _tag: "Finish", finishReason: "tool_calls" })
    })

    it("is ignored in a stream that sent the call in today's form before", () => {
      const inBoth = { tool_calls: [{ index: 0, ...toolCall, id: "a" }], function_call: call }
      for (const chunks of [
        [chunk({ tool_calls: inBoth.tool_calls }), chunk({ function_call: call })],
        [chunk(inBoth), chunk({ function_call: { arguments: " " } })]
      ]) {
        const { events, failure } = decodeData([...chunks, chunk({}, "tool_calls"), "[DONE]"])
        assert.isUndefined(failure)
        assert.deepStrictEqual(
          events.flatMap((event) => (event._tag === "ToolCall" ? [event.call] : [])),
          [{ ...toolCall, id: "a" }]
        )
        assert.deepInclude(events.at(-1), { warnings: ["choices[].delta.function_call: an object was ignored"] })
      }
    })

    it("is not joined with a call in today's form that follows it", () => {
      const pieces = ['{"a"', ":1}"]
      const older = pieces.map((args, at) =>
        chunk({ function_call: at === 0 ? { name: "f", arguments: args } : { arguments: args } })
      )
      const newer = pieces.map((args, at) =>
        chunk({
          tool_calls: [
            at === 0
              ? { ...toolCall, index: 0, id: "a", function: { name: "f", arguments: args } }
              : { index: 0, function: { arguments: args } }
          ]
        })
      )
      for (const chunks of [
        [...older, ...newer],
        [older[0], newer[0], older[1], newer[1]]
      ]) {
        const { events, failure } = decodeData([...chunks, chunk({}, "tool_calls"), "[DONE]"])
        assert.deepInclude(failure, { _tag: "MalformedOutputError", reason: "tool call" })
        assert.isFalse(events.some(({ _tag }) => _tag === "ToolCall"))
      }
    })

    it("is read from a list with nothing else", () => {
      assert.deepStrictEqual(read(bodyOf({ content: null, function_call: [call] })).toolCalls, [toolCall])
    })

    it("is read from a whole response to a stream", () => {
      const outcome = decodeData([bodyOf({ function_call: call }, {}, { finish_reason: "function_call" }), "[DONE]"])
      const response = settle(outcome)
      assert.isTrue(response instanceof ChatResponse)
      if (response instanceof ChatResponse) assert.deepStrictEqual(response.choices[0].message.tool_calls, [toolCall])
    })
  })

  it("ignores values that mean no text", () => {
    for (const content of [{}, false]) {
      const response = read(bodyOf({ content, tool_calls: [{ id: "a", function: { name: "f", arguments: "{}" } }] }))
      assert.strictEqual(response.text, "")
      assert.strictEqual(response.warnings?.length, 1)
    }
  })

  it("reads arguments that are an object as JSON text", () => {
    const call = { id: "a", type: "function", function: { name: "get_weather", arguments: { city: "Oslo" } } }
    assert.deepStrictEqual(read(bodyOf({ content: null, tool_calls: [call] })).toolCalls, [
      { id: "a", type: "function", function: { name: "get_weather", arguments: '{"city":"Oslo"}' } }
    ])
  })

  it("leaves out one odd entry of a list", () => {
    const call = { id: "a", function: { name: "f", arguments: "{}" } }
    for (const odd of [null, 3, "x", []]) {
      const response = read(
        bodyOf({ content: "Hi", tool_calls: [odd, call], reasoning_details: [{ text: "Hm" }, odd] })
      )
      assert.deepStrictEqual(
        response.toolCalls.map(({ id }) => id),
        ["a"]
      )
      const choices = [odd, { message: hi, finish_reason: "stop" }]
      assert.strictEqual(read(bodyOf(hi, { choices })).text, "Hi")
    }
  })

  it("accepts one object in place of a list", () => {
    assert.strictEqual(read(bodyOf(hi, { choices: { message: hi } })).text, "Hi")
    const call = { id: "a", function: { name: "f", arguments: "{}" } }
    assert.deepStrictEqual(
      read(bodyOf({ tool_calls: call })).toolCalls.map(({ id }) => id),
      ["a"]
    )
  })

  it("leaves out a list of calls in which no entry can be a call", () => {
    for (const odd of [5, true, "", []]) {
      assert.deepInclude(read(bodyOf({ content: "Hi", tool_calls: [odd, null] })), { text: "Hi", toolCalls: [] })
    }
  })

  it("refuses a list of calls that holds text, which may be one", () => {
    assert.isUndefined(completionFrom(bodyOf({ content: "Hi", tool_calls: ["get_weather()"] })))
  })

  it("reads an object with positions as names in place of a list", () => {
    assert.strictEqual(read(bodyOf(hi, { choices: { 0: { message: hi }, 1: { message: {} } } })).text, "Hi")
  })

  it("refuses a body without choices that can be read", () => {
    for (const body of [null, [], "text", {}, { choices: 3 }, { choices: {} }, { choices: ["x"] }]) {
      assert.isUndefined(completionFrom(body), JSON.stringify(body))
    }
    assert.isUndefined(completionFrom({ choices: [{ message: "Hi" }] }))
    assert.isUndefined(chunkFrom({ choices: [{ delta: "Hi" }] }))
  })

  it("ignores members that name the prototype", () => {
    const text = '{"__proto__":{"choices":[]},"choices":[{"message":{"__proto__":{"content":"injected"}}}]}'
    assert.deepStrictEqual(completionFrom(JSON.parse(text))?.wire, { choices: [{ message: {} }] })
  })
})

type Members = Record<string, Schema.Json>

/** Every member that is not needed, by the object that has it. */
const unneeded = (body: Members): ReadonlyArray<readonly [Members, string]> => {
  const choices = body["choices"] as unknown as ReadonlyArray<Members>
  const places: Array<readonly [Members, string]> = []
  for (const name of ["id", "object", "created", "model", "system_fingerprint", "usage", "service_tier"]) {
    places.push([body, name])
  }
  const figures = body["usage"] as unknown as Members | undefined
  for (const name of ["prompt_tokens", "total_tokens", "prompt_tokens_details", "completion_tokens_details"]) {
    if (figures) places.push([figures, name])
  }
  for (const choice of choices) {
    for (const name of ["index", "logprobs", "usage"]) places.push([choice, name])
    const message = choice["message"] as unknown as Members
    for (const name of ["role", "annotations", "reasoning_details"]) places.push([message, name])
    for (const call of (message["tool_calls"] ?? []) as unknown as ReadonlyArray<Members>) {
      for (const name of ["id", "type", "index"]) places.push([call, name])
    }
  }
  return places
}

const answered = Fixtures.exchangeNames.filter((name) => name.startsWith("plain-") && !name.includes("empty-content"))

/** Texts, names and arguments of the calls, and finish reasons. */
const essence = ({ choices }: ChatResponse) =>
  choices.map(({ finish_reason, message: { content, tool_calls } }) => [
    finish_reason,
    content,
    tool_calls?.map((call) => call.function)
  ])

describe("a recorded response with one unneeded member of any value", () => {
  it.prop(
    "has the same content as a strict body",
    {
      name: Schema.Literals(answered),
      place: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 30 })),
      value: Schema.Json
    },
    ({ name, place, value }) => {
      const original = Fixtures.exchange(name).body
      const body = structuredClone(original) as unknown as Members
      const places = unneeded(body)
      const [target, member] = places[place % places.length] ?? assert.fail("no place")
      target[member] = value
      assert.deepStrictEqual(essence(read(body)), essence(read(original)), `${member}: ${JSON.stringify(value)}`)
    },
    { arbitrary: { seed: "unneeded", runs: 300 } }
  )
})

describe("a stream with members of other types", () => {
  it("gives the answer with warnings", () => {
    const outcome = decodeData([
      { ...chunk({ content: [{ type: "text", text: "H" }] }), id: 123, created: "x" },
      { ...chunk({ content: "i", tool_calls: [] }), id: 123, usage: [] },
      { ...chunk({}, "stop"), system_fingerprint: [], usage: { ...usage, completion_tokens: "5" } },
      "[DONE]"
    ])
    const response = settle(outcome)
    assert.instanceOf(response, ChatResponse)
    assert.deepInclude(response, { text: "Hi", id: "123" })
    assert.deepInclude(response.usage, usage)
    assert.includeMembers(
      [...(response.warnings ?? [])],
      ["id: a number was converted", "choices[].delta.content: an array was converted", "usage: an array was ignored"]
    )
  })

  it("reads arguments that are an object", () => {
    const call = { index: 0, id: "a", function: { name: "f", arguments: { x: 1 } } }
    const response = settle(decodeData([chunk({ tool_calls: call }), chunk({}, "tool_calls"), "[DONE]"]))
    assert.instanceOf(response, ChatResponse)
    assert.deepStrictEqual(response.toolCalls, [
      { id: "a", type: "function", function: { name: "f", arguments: '{"x":1}' } }
    ])
  })
})
