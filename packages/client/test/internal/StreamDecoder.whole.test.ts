import { assert, describe, it } from "@effect/vitest"
import { chunk, decode, decodeData, settle } from "./support/sse.ts"

describe("a document of JSON in answer to a stream", () => {
  const text = JSON.stringify({ choices: [{ index: 0, message: { content: "x" }, finish_reason: "stop" }] })
  // A character of text takes two bytes in memory.
  const options = { bounds: { maxContentBytes: 2 * text.length }, isMoonshot: false }

  it("may be as large as the content that is allowed", () => {
    assert.isUndefined(decode(text, options).failure)
  })

  it("fails before it is whole when it is larger", () => {
    const { failure } = decode(`${text.slice(0, -1)}  `, options)
    assert.strictEqual(failure?._tag, "ResponseTooLargeError")
    assert.strictEqual(failure?.message, "The content of the stream is larger than allowed")
  })
})

/** An event with a whole message in place of a delta. */
const message = (members: object, finish_reason: string | null = "stop", index = 0): object => ({
  id: "chatcmpl-1",
  choices: [{ index, message: { role: "assistant", ...members }, finish_reason }]
})

const call = { id: "a", type: "function", function: { name: "f", arguments: '{"a":1}' } }
const sameCall = { ...call, id: "b", function: { name: "f", arguments: '{ "a": 1 }' } }
const pieces = [
  chunk({ tool_calls: [{ ...call, function: { name: "f", arguments: '{"a"' } }] }),
  chunk({ tool_calls: [{ function: { arguments: ":1}" } }] })
]

describe("a stream with a whole message in place of a delta", () => {
  const converted = ["choices[].message: an object was converted"]
  const ignored = ["choices[].message: an object was ignored"]

  it.each([
    ["after nothing", [chunk({ content: "" }), message({ content: "Hi there" })], undefined],
    [
      "after all of its content",
      [chunk({ content: "Hi " }), chunk({ content: "there" }), message({ content: "Hi there" })],
      ignored
    ],
    [
      "after content that it has without blanks",
      [chunk({ content: " Hi there\n" }), message({ content: "Hi there" })],
      ignored
    ],
    ["after a part of its content", [chunk({ content: "Hi " }), message({ content: "Hi there" })], converted],
    ["after another one with a part", [message({ content: "Hi" }, null), message({ content: "Hi there" })], converted],
    ["without content, after content", [chunk({ content: "Hi there" }), message({ content: null })], ignored]
  ] as const)("is complete %s", (_, data, warnings) => {
    const outcome = decodeData([...data, "[DONE]"])
    const response = settle(outcome)
    assert.strictEqual(String(response["text"]).trim(), "Hi there")
    assert.deepStrictEqual(response["warnings"], warnings)
  })

  it("has the content of a message that is a text", () => {
    const last = { choices: [{ index: 0, message: "Hi there", finish_reason: "stop" }] }
    for (const data of [[last], [chunk({ content: "Hi " }), last]]) {
      const response = settle(decodeData([...data, "[DONE]"]))
      assert.strictEqual(response["text"], "Hi there")
      assert.include(response["warnings"], "choices[].message: a string was converted")
    }
  })

  it("has the pieces of text of an API for completions", () => {
    const piece = (text: string, finish_reason: string | null) => ({ choices: [{ index: 0, text, finish_reason }] })
    for (const first of [piece("Hi ", null), chunk({ content: "Hi " })]) {
      const response = settle(decodeData([first, piece("there", null), piece("", "stop"), "[DONE]"]))
      assert.deepInclude(response, { text: "Hi there", warnings: ["choices[].text: a string was converted"] })
    }
  })

  it("has the content that only the message of another choice has", () => {
    const { events, failure } = decodeData(
      [chunk({ content: "Hi" }, "stop"), message({ content: "Hello" }, "stop", 1), "[DONE]"],
      { choiceCount: 2 }
    )
    assert.isUndefined(failure)
    assert.deepInclude(events, { _tag: "TextDelta", choice: 1, text: "Hello" })
  })

  it("has the content of a message after its reasoning", () => {
    const reasoning = chunk({ reasoning_content: "Hm" })
    const response = settle(decodeData([reasoning, message({ reasoning: "Hm", content: "Hi" }), "[DONE]"]))
    assert.deepInclude(response, { text: "Hi", reasoning: "Hm", warnings: converted })
  })

  it("has a tool call once that the message repeats", () => {
    const response = settle(
      decodeData([...pieces, message({ content: null, tool_calls: [sameCall] }, "tool_calls"), "[DONE]"])
    )
    assert.deepInclude(response, { toolCalls: [call], warnings: ignored })
  })

  it("has the tool calls that only the message has", () => {
    const response = settle(
      decodeData([chunk({ content: "Hi" }), message({ content: "Hi", tool_calls: [call] }, "tool_calls"), "[DONE]"])
    )
    assert.deepInclude(response, { text: "Hi", toolCalls: [call], warnings: converted })
  })

  it.each([
    ["of other text", [chunk({ content: "Hi" }), message({ content: "Ho" })]],
    ["of less text", [chunk({ content: "Hi there" }), message({ content: "Hi" })]],
    ["of a piece", [message({ content: "Hi" }, null), message({ content: " there" })]],
    ["of other reasoning", [chunk({ reasoning_content: "Hm" }), message({ reasoning_content: "Ha", content: "Hi" })]],
    [
      "of another tool call",
      [...pieces, message({ tool_calls: [{ ...call, function: { name: "g", arguments: "{}" } }] })]
    ],
    ["of one more tool call", [...pieces, message({ tool_calls: [call, call] }, "tool_calls")]]
  ])("fails with the content before a message %s", (_, data) => {
    const outcome = decodeData([...data, "[DONE]"])
    assert.deepInclude(settle(outcome), {
      _tag: "StreamDecodeError",
      message: "A whole message of the stream differs from the content before it"
    })
    assert.isFalse(outcome.events.some(({ _tag }) => _tag === "ToolCall" || _tag === "Finish"))
  })
})

describe("a stream with a whole message next to an empty delta", () => {
  const last = (content: string) => ({
    choices: [{ index: 0, delta: {}, message: { content }, finish_reason: "stop" }]
  })

  it("has the content of the message where no delta has any", () => {
    assert.deepInclude(settle(decodeData([chunk({ content: "" }), last("Hi"), "[DONE]"])), { text: "Hi" })
  })

  it("has the content of the deltas where these have any", () => {
    const response = settle(decodeData([chunk({ content: "Hi" }), last("Ho"), "[DONE]"]))
    assert.deepInclude(response, { text: "Hi", warnings: ["choices[].message: an object was ignored"] })
  })
})
