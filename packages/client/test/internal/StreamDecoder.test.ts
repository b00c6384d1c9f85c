import { assert, describe, it } from "@effect/vitest"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import {
  bytesOf,
  chunk,
  decode,
  decodeData,
  makeDecoder,
  type Options,
  type Outcome,
  settle,
  toSse
} from "./support/sse.ts"

const done = "data: [DONE]\n\n"
const hello = toSse(chunk({ role: "assistant", content: "hello" }))
const stop = toSse(chunk({}, "stop"))

/** A complete stream of these deltas. */
const streamed = (deltas: ReadonlyArray<object>, options?: Options): Outcome =>
  decode([...deltas.map((delta) => toSse(chunk(delta))), stop, done], options)

const joined = ({ events }: Outcome, tag: "TextDelta" | "ReasoningDelta", choice = 0): string =>
  events.map((event) => (event._tag === tag && event.choice === choice ? event.text : "")).join("")

const of = <T extends StreamEvent["_tag"]>(
  { events }: Outcome,
  tag: T
): ReadonlyArray<Extract<StreamEvent, { _tag: T }>> =>
  events.filter((event): event is Extract<StreamEvent, { _tag: T }> => event._tag === tag)

const wireUsage = (prompt_tokens: number, completion_tokens = 5) => ({
  prompt_tokens,
  completion_tokens,
  total_tokens: prompt_tokens + completion_tokens
})

const call = (piece: object): object => ({ tool_calls: [piece] })

describe("StreamDecoder", () => {
  it("emits Start, deltas with content, Finish", () => {
    const outcome = streamed(
      [{ content: "" }, { reasoning_content: "Hm" }, { reasoning_content: "" }, { content: "hi" }, { content: null }],
      { headers: { "msh-request-id": "r-1", "x-msh-trace-id": "t-1" } }
    )
    const head = { id: "chatcmpl-1", model: "kimi-k3", created: 1 }
    assert.deepStrictEqual(outcome.events, [
      { _tag: "Start", ...head, provider: "moonshot", requestId: "r-1", traceId: "t-1" },
      { _tag: "ReasoningDelta", choice: 0, text: "Hm" },
      { _tag: "TextDelta", choice: 0, text: "hi" },
      { _tag: "Finish", finishReason: "stop", finishReasons: ["stop"] }
    ])
  })

  it("emits all events of one read at once", () => {
    const decoder = makeDecoder()
    decoder.feed(bytesOf(Array.from({ length: 10 }, (_, i) => toSse(chunk({ content: `${i}` }))).join("")))
    assert.strictEqual(decoder.take().length, 11)
    assert.strictEqual(decoder.take().length, 0)
  })

  it("emits an event at its blank line", () => {
    const decoder = makeDecoder()
    decoder.feed(bytesOf(hello.slice(0, -1)))
    assert.strictEqual(decoder.take().length, 0)
    decoder.feed(bytesOf("\n"))
    assert.strictEqual(decoder.take().length, 2)
  })

  it("uses the requested model if the host sends none", () => {
    const named = (model: unknown) =>
      of(decodeData([{ model, choices: [{ delta: { content: "x" } }] }, "[DONE]"], { model: "asked" }), "Start")[0]
        ?.model
    assert.strictEqual(named("kimi-k3-proxy"), "kimi-k3-proxy")
    assert.strictEqual(named(null), "asked")
  })

  it("has id, model, time of the first chunk that has them", () => {
    const head = { id: "chatcmpl-1", model: "kimi-k3", created: 1 }
    for (const first of [[{}], [{ choices: [] }, { id: "", model: null, created: 0 }]]) {
      const [start] = of(decodeData([...first, chunk({ content: "x" }), "[DONE]"]), "Start")
      assert.deepStrictEqual(start, { _tag: "Start", ...head, provider: "moonshot" })
    }
    const late = decodeData([
      { choices: [{ delta: { content: "x" }, finish_reason: "stop" }] },
      { id: "late", created: 7 },
      "[DONE]"
    ])
    assert.deepInclude(of(late, "Start")[0], { id: "", created: 0 })
    assert.deepInclude(of(late, "Finish")[0], { id: "late", created: 7 })
    assert.deepInclude(settle(late), { id: "late", created: 7, model: "kimi-k3" })
  })

  describe("usage", () => {
    const inChoice = (usage: object): object => ({ choices: [{ index: 0, delta: {}, finish_reason: "stop", usage }] })
    const onTop = (usage: object): object => ({ choices: [], usage })
    const usageOf = (...data: ReadonlyArray<unknown>) =>
      of(decodeData([chunk({ content: "x" }), ...data, "[DONE]"]), "Usage")

    it("is read from the choice or the chunk, without adding both", () => {
      for (const data of [
        [inChoice(wireUsage(400))],
        [chunk({}, "stop"), onTop(wireUsage(400))],
        [{ ...inChoice(wireUsage(400)), usage: wireUsage(400) }],
        [inChoice(wireUsage(400)), onTop(wireUsage(400))]
      ]) {
        const usages = usageOf(...data)
        assert.strictEqual(usages.length, 1)
        assert.deepInclude(usages[0]?.usage, { prompt_tokens: 400, completion_tokens: 5, total_tokens: 405 })
      }
    })

    it("is the last one that was sent", () => {
      assert.strictEqual(usageOf(inChoice(wireUsage(1)), onTop(wireUsage(2)))[0]?.usage.prompt_tokens, 2)
      assert.strictEqual(usageOf(onTop(wireUsage(2)), inChoice(wireUsage(3)))[0]?.usage.prompt_tokens, 3)
      assert.strictEqual(usageOf({ ...inChoice(wireUsage(1)), usage: wireUsage(2) })[0]?.usage.prompt_tokens, 2)
      assert.strictEqual(usageOf(inChoice(wireUsage(1)), { choices: [], usage: null })[0]?.usage.prompt_tokens, 1)
    })

    it("can be sent repeatedly", () => {
      const running = [1, 2, 3].map((tokens) =>
        Object.assign(chunk({ content: "x" }), { usage: wireUsage(10, tokens) })
      )
      const usages = usageOf(...running, inChoice(wireUsage(10, 4)))
      assert.deepStrictEqual(
        usages.map((event) => event.usage.completion_tokens),
        [4]
      )
    })

    it("is absent if the host sends none", () => {
      assert.strictEqual(usageOf(chunk({}, "stop")).length, 0)
    })
  })

  describe("tool calls", () => {
    it("are emitted whole after their deltas", () => {
      const outcome = decodeData([
        chunk(call({ index: 0, id: "get_time_0", type: "function", function: { name: "get_time", arguments: "" } })),
        chunk(call({ index: 0, function: { arguments: '{"zo' } })),
        chunk(call({ index: 1, id: "web_1", type: "builtin_function", function: { name: "$web", arguments: "{}" } })),
        chunk(call({ index: 0, function: { arguments: 'ne":1}' } })),
        chunk({}, "tool_calls"),
        "[DONE]"
      ])
      const piece = { _tag: "ToolCallDelta", choice: 0, index: 0, id: "get_time_0", name: "get_time" }
      assert.deepStrictEqual(outcome.events.slice(1), [
        { ...piece, arguments: "" },
        { ...piece, arguments: '{"zo' },
        { ...piece, index: 1, id: "web_1", name: "$web", arguments: "{}" },
        { ...piece, arguments: 'ne":1}' },
        {
          _tag: "ToolCall",
          choice: 0,
          index: 0,
          call: { id: "get_time_0", type: "function", function: { name: "get_time", arguments: '{"zone":1}' } }
        },
        {
          _tag: "ToolCall",
          choice: 0,
          index: 1,
          call: { id: "web_1", type: "builtin_function", function: { name: "$web", arguments: "{}" } }
        },
        { _tag: "Finish", finishReason: "tool_calls", finishReasons: ["tool_calls"] }
      ] as ReadonlyArray<StreamEvent>)
    })

    it("are not emitted whole in an incomplete stream", () => {
      const whole = { index: 0, id: "a", function: { name: "f", arguments: "{}" } }
      assert.strictEqual(of(decodeData([chunk(call(whole)), chunk({}, "tool_calls")]), "ToolCall").length, 0)
    })

    it("are separate in each choice, even with the same id", () => {
      const whole = call({ index: 0, id: "a", function: { name: "f", arguments: "{}" } })
      const outcome = decodeData([chunk(whole, "tool_calls", 0), chunk(whole, "tool_calls", 1), "[DONE]"])
      assert.deepStrictEqual(
        of(outcome, "ToolCall").map((event) => [event.choice, event.index, event.call.id]),
        [
          [0, 0, "a"],
          [1, 0, "a"]
        ]
      )
    })
  })

  it("separates choices, each with its finish reason", () => {
    const outcome = decodeData([
      chunk({ content: "b" }, null, 1),
      chunk({ content: "a" }, "length", 0),
      chunk({ content: "B" }, "stop", 1),
      chunk({}, "content_filter", 2),
      "[DONE]"
    ])
    assert.strictEqual(joined(outcome, "TextDelta", 0), "a")
    assert.strictEqual(joined(outcome, "TextDelta", 1), "bB")
    assert.deepStrictEqual(of(outcome, "Finish"), [
      { _tag: "Finish", finishReason: "length", finishReasons: ["length", "stop", "content_filter"] }
    ])
  })

  it("treats a choice without an index as the first", () => {
    const outcome = decodeData([
      { choices: [{ delta: { content: "a" } }, { index: 1, delta: { content: "b" } }] },
      "[DONE]"
    ])
    assert.strictEqual(joined(outcome, "TextDelta", 0), "a")
    assert.strictEqual(joined(outcome, "TextDelta", 1), "b")
  })

  it("decodes reasoning in every dialect", () => {
    const details = [{ type: "reasoning.text", text: "Hm" }, { type: "reasoning.summary", summary: "m" }, { type: "x" }]
    for (const delta of [
      { reasoning_content: "Hmm" },
      { reasoning: "Hmm" },
      { reasoning_details: details },
      { reasoning_content: null, reasoning: "Hmm", reasoning_details: details },
      { reasoning: "Hmm", content: "" }
    ]) {
      assert.strictEqual(joined(streamed([delta, { content: "x" }]), "ReasoningDelta"), "Hmm", JSON.stringify(delta))
    }
  })

  it("reads reasoning of one dialect when the member of another is empty", () => {
    const details = [{ text: "Hmm" }]
    for (const delta of [
      { reasoning_content: "", reasoning: "Hmm" },
      { reasoning_content: "", reasoning: "", reasoning_details: details }
    ]) {
      assert.strictEqual(joined(streamed([delta, { content: "x" }]), "ReasoningDelta"), "Hmm", JSON.stringify(delta))
    }
  })

  it("reads a refusal as text with its own finish reason", () => {
    const outcome = streamed([{ refusal: "I cannot " }, { refusal: "help." }])
    assert.strictEqual(joined(outcome, "TextDelta"), "I cannot help.")
    assert.deepStrictEqual(of(outcome, "Finish")[0]?.finishReasons, ["refusal"])
  })

  it("ignores everything except data lines", () => {
    const noise = [": keep-alive\n\n", ":\n\n", "retry: 10\n\n", "id: 7\n\n", "event: ping\n\n", "\n\n\n", "odd: x\n\n"]
    const clean = decode([hello, stop, done])
    assert.deepStrictEqual(decode([...noise, hello, ...noise, stop, ...noise, done]), clean)
    assert.deepStrictEqual(decode([": a\nid: 1\nretry: 5\nevent: chunk\n" + hello, stop, done]), clean)
    assert.deepStrictEqual(decode(["data:\n\n", "data: \n\n", hello, stop, done]), clean)
    const decoder = makeDecoder()
    decoder.feed(bytesOf(noise.join("")))
    assert.strictEqual(decoder.take().length, 0)
  })

  /** Asserts that a text has the events of the plain stream, wherever it is split. */
  const decodesLikePlain = (text: string): void => {
    const clean = decode([hello + stop + done])
    const bytes = bytesOf(text)
    for (let at = 0; at <= bytes.length; at++) {
      assert.deepStrictEqual(decode([bytes.subarray(0, at), bytes.subarray(at)]), clean)
    }
  }

  it("decodes any line ends", () => {
    for (const lineEnd of ["\r\n", "\r"]) decodesLikePlain((hello + stop + done).replaceAll("\n", lineEnd))
  })

  it("ignores a BOM at the start", () => {
    decodesLikePlain(`\uFEFF${hello + stop + done}`)
  })

  it("decodes data in any valid format", () => {
    const clean = decode([hello, stop, done])
    assert.deepStrictEqual(decode([hello.replace("data: ", "data:"), stop, "data:[DONE]\n\n"]), clean)
    assert.deepStrictEqual(decode([hello.replace(',"choices"', ',\ndata: "choices"'), stop, done]), clean)
  })

  it("decodes characters that are split between reads", () => {
    const content = "é 你好 👋🏽 \u0000 \u2028 \uFEFF end"
    const bytes = bytesOf(toSse(chunk({ content: content })) + stop + done)
    for (let at = 0; at <= bytes.length; at++) {
      assert.strictEqual(joined(decode([bytes.subarray(0, at), bytes.subarray(at)]), "TextDelta"), content)
    }
  })

  it("accepts an end mark without a blank line or with blanks", () => {
    for (const mark of ["data: [DONE]\n", "data: [DONE]", "data:[DONE]", "data:  [DONE] \n\n", "data: [DONE]\r"]) {
      assert.isUndefined(decode([hello, stop, mark]).failure, JSON.stringify(mark))
    }
  })

  it("accepts nothing else as end mark", () => {
    for (const mark of [
      "",
      "data: [DONE",
      "[DONE]",
      "data: DONE",
      "event: [DONE]\n\n",
      ": [DONE]\n\n",
      stop.slice(0, -2)
    ]) {
      assert.strictEqual(decode([hello, stop, mark]).failure?._tag, "StreamTruncatedError", JSON.stringify(mark))
    }
    assert.strictEqual(decode([hello]).failure?.message, "The stream ended without its end mark")
    for (const mark of ["data: [DONE] [DONE]\n\n", 'data: "[DONE]"\n\n']) {
      assert.strictEqual(decode([hello, stop, mark]).failure?._tag, "StreamDecodeError", mark)
    }
  })

  it("ignores everything after the end mark", () => {
    const clean = decode([hello, stop, done])
    for (const after of [hello, "data: {corrupt\n\n", 'data: {"error":{"message":"late"}}\n\n', done, "\u0000"]) {
      assert.deepStrictEqual(decode([hello + stop + done + after]), clean)
      assert.deepStrictEqual(decode([hello, stop, done, after, after]), clean)
    }
  })
})
