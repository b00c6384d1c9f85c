import { assert, describe, it } from "@effect/vitest"
import { Option, Schema } from "effect"
import { ChatResponse } from "../../src/models/ChatResponse.ts"
import type { StreamEvent } from "../../src/models/StreamEvent.ts"
import * as StreamFold from "../../src/models/StreamFold.ts"
import type { ToolCall } from "../../src/models/Tool.ts"
import { usageOf } from "../support/responses.ts"

const head = { id: "chatcmpl-1", model: "kimi-k3", created: 1, provider: "moonshot", requestId: "r-1", traceId: "t-1" }
const start: StreamEvent = { _tag: "Start", ...head }
const text = (piece: string, choice = 0): StreamEvent => ({ _tag: "TextDelta", choice, text: piece })
const thought = (piece: string, choice = 0): StreamEvent => ({ _tag: "ReasoningDelta", choice, text: piece })
const piece = (index: number, args: string, choice = 0): StreamEvent => ({
  _tag: "ToolCallDelta",
  choice,
  index,
  id: `tool_${index}`,
  name: `tool${index}`,
  arguments: args
})
const call = (index: number, args: string, type = "function"): ToolCall => ({
  id: `tool_${index}`,
  type,
  function: { name: `tool${index}`, arguments: args }
})
const called = (index: number, made: ToolCall, choice = 0): StreamEvent => ({
  _tag: "ToolCall",
  choice,
  index,
  call: made
})
const usage = usageOf({ prompt_tokens: 400, completion_tokens: 70, cached_tokens: 256, reasoning_tokens: 50 })
const used: StreamEvent = { _tag: "Usage", usage }
const finish = (...finishReasons: ReadonlyArray<string>): StreamEvent => ({
  _tag: "Finish",
  finishReason: finishReasons[0] ?? "stop",
  finishReasons
})

/** The end of a stream whose host named its model only then. */
const late = (model: string): StreamEvent => ({
  _tag: "Finish",
  finishReason: "stop",
  finishReasons: ["stop"],
  model
})

const fold = (...events: ReadonlyArray<StreamEvent>): ChatResponse => Option.getOrThrow(StreamFold.fold(events))
const after = (...events: ReadonlyArray<StreamEvent>): StreamFold.StreamFold =>
  events.reduce(StreamFold.step, StreamFold.empty)

const freeze = <A>(value: A): A => {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    Object.values(value).forEach(freeze)
  }
  return value
}

describe("StreamFold.fold", () => {
  it("returns the response of an equal plain call", () => {
    assert.deepStrictEqual(
      fold(start, thought("H"), thought("m"), text("hel"), text("lo"), used, finish("stop")),
      new ChatResponse({
        ...head,
        choices: [
          { index: 0, message: { role: "assistant", content: "hello", reasoning_content: "Hm" }, finish_reason: "stop" }
        ],
        usage
      })
    )
  })

  it("omits members for which there was no event", () => {
    const response = fold(start, text("hi"), finish("length"))
    assert.deepStrictEqual(response.message, { role: "assistant", content: "hi" })
    assert.notProperty(response, "usage")
    assert.strictEqual(response.finishReason, "length")
  })

  it("has both names of a model that the host names only at the end", () => {
    const named = fold(start, text("hi"), late("other"))
    assert.deepStrictEqual([named.model, named.requestedModel], ["other", "kimi-k3"])
    const same = fold({ _tag: "Start", ...head, model: "a", requestedModel: "b" }, text("hi"), late("c"))
    assert.deepStrictEqual([same.model, same.requestedModel], ["c", "b"])
    assert.notProperty(fold(start, late("kimi-k3")), "requestedModel")
  })

  it("returns an empty response for a stream without content", () => {
    assert.deepStrictEqual(fold(start, finish("stop")).choices, [
      { index: 0, message: { role: "assistant", content: "" }, finish_reason: "stop" }
    ])
  })

  it("returns none for a stream without start or end", () => {
    const events = [start, thought("Hm"), text("hi"), piece(0, "{}"), called(0, call(0, "{}")), used]
    for (let length = 0; length <= events.length; length++) {
      assert.isTrue(Option.isNone(StreamFold.fold(events.slice(0, length))), `${length} events`)
    }
    assert.isTrue(Option.isNone(StreamFold.fold([text("hi"), finish("stop")])))
  })

  it("prefers completed tool calls to their deltas", () => {
    const search = call(0, '{"q":"a"}', "builtin_function")
    const response = fold(start, piece(0, '{"q"'), piece(0, ':"b'), called(0, search), finish("tool_calls"))
    assert.deepStrictEqual(response.toolCalls, [search])
  })

  it("joins interleaved deltas of several calls", () => {
    const response = fold(start, piece(0, '{"a'), piece(1, "{"), piece(0, '":1}'), piece(1, "}"), finish("tool_calls"))
    assert.deepStrictEqual(response.toolCalls, [call(0, '{"a":1}'), call(1, "{}")])
  })

  it("orders calls by index without gaps", () => {
    const response = fold(start, called(3, call(3, "{}")), called(1, call(1, "{}")), finish("tool_calls"))
    assert.deepStrictEqual(response.toolCalls, [call(1, "{}"), call(3, "{}")])
  })

  it("keeps several choices apart", () => {
    const response = fold(
      start,
      text("one", 1),
      thought("Hm", 0),
      text("ze", 0),
      piece(0, "{}", 2),
      text(" more", 1),
      text("ro", 0),
      called(0, call(0, "{}"), 2),
      finish("stop", "length", "tool_calls")
    )
    assert.deepStrictEqual(response.choices, [
      { index: 0, message: { role: "assistant", content: "zero", reasoning_content: "Hm" }, finish_reason: "stop" },
      { index: 1, message: { role: "assistant", content: "one more" }, finish_reason: "length" },
      {
        index: 2,
        message: { role: "assistant", content: "", tool_calls: [call(0, "{}")] },
        finish_reason: "tool_calls"
      }
    ])
  })

  it("counts a choice without content", () => {
    const response = fold(start, text("only"), finish("stop", "content_filter"))
    assert.deepStrictEqual(
      response.choices.map((choice) => [choice.message.content, choice.finish_reason]),
      [
        ["only", "stop"],
        ["", "content_filter"]
      ]
    )
  })

  it("uses the first finish reason for a choice that has none", () => {
    assert.strictEqual(fold(start, text("a"), text("b", 1), finish("length")).choices[1]?.finish_reason, "length")
  })

  it("uses the last usage", () => {
    const first: StreamEvent = { _tag: "Usage", usage: { ...usage, prompt_tokens: 1 } }
    assert.deepStrictEqual(fold(start, first, used, finish("stop")).usage, usage)
  })

  const pieces = Schema.Array(Schema.String)

  it.prop(
    "gives the same answer however the text is cut",
    { thoughts: pieces, texts: pieces, args: pieces },
    (cut) => {
      const whole = [thought(cut.thoughts.join("")), text(cut.texts.join("")), piece(0, cut.args.join(""))]
      assert.deepStrictEqual(
        fold(
          start,
          ...cut.thoughts.map((part) => thought(part)),
          ...cut.texts.map((part) => text(part)),
          piece(0, ""),
          ...cut.args.map((part) => piece(0, part)),
          finish("stop")
        ),
        fold(start, ...whole, finish("stop"))
      )
    },
    { arbitrary: { seed: "cuts", runs: 200 } }
  )

  const Delta = Schema.Struct({
    kind: Schema.Literals(["text", "thought", "call 0", "call 1"]),
    choice: Schema.Literals([0, 1, 2]),
    part: Schema.String
  })

  it.prop(
    "returns the same response for every interleaving",
    [Schema.Array(Delta)],
    ([deltas]) => {
      const toEvent = ({ kind, choice, part }: typeof Delta.Type): StreamEvent => {
        if (kind === "text") return text(part, choice)
        return kind === "thought" ? thought(part, choice) : piece(kind === "call 0" ? 0 : 1, part, choice)
      }
      // `toSorted` is stable: the order within one choice and kind stays.
      const grouped = deltas.toSorted((a, b) => a.choice - b.choice || a.kind.localeCompare(b.kind))
      const end = finish("stop", "stop", "stop")
      assert.deepStrictEqual(fold(start, ...deltas.map(toEvent), end), fold(start, ...grouped.map(toEvent), end))
    },
    { arbitrary: { seed: "turns", runs: 200 } }
  )
})

describe("StreamFold.step", () => {
  const events = [start, thought("Hm"), text("a"), text("b", 2), piece(1, "{"), called(1, call(1, "{}")), used]

  it("starts again after a reset at any position", () => {
    const reset: StreamEvent = { _tag: "Reset", reason: "StreamInterruptedError" }
    for (let length = 0; length <= events.length; length++) {
      assert.deepStrictEqual(after(...events.slice(0, length), reset), StreamFold.empty)
    }
    assert.deepStrictEqual(after(...events, finish("stop"), reset, start, text("c")), after(start, text("c")))
  })

  it("continues after a resume at any position with the original start", () => {
    const seam: StreamEvent = { _tag: "Resume", reason: "StreamInterruptedError", id: "chatcmpl-2", requestId: "r-2" }
    for (let position = 0; position <= events.length; position++) {
      assert.deepStrictEqual(after(...events.toSpliced(position, 0, seam)), after(...events))
    }
  })

  it("does not mutate an earlier state or an event", () => {
    const events = [
      start,
      thought("Hm"),
      text("a"),
      text("b", 2),
      piece(1, "{"),
      piece(1, "}"),
      called(1, call(1, "{}")),
      used
    ]
    const states = [freeze(StreamFold.empty)]
    for (const event of [...events, finish("stop")]) {
      const state = StreamFold.step(freeze(states.at(-1) ?? StreamFold.empty), freeze(event))
      assert.notInclude(states, state)
      states.push(freeze(state))
    }
    assert.deepStrictEqual(StreamFold.empty, { start: undefined, choices: [], usage: undefined, finish: undefined })
    assert.deepStrictEqual(states[3], after(...events.slice(0, 3)))
  })
})

describe("StreamFold.toPartial", () => {
  it("has the received part of the first choice", () => {
    const state = after(start, thought("Hm"), text("So"), text("other", 1), piece(0, '{"ci'), used)
    assert.deepStrictEqual(StreamFold.toPartial(state), {
      content: "So",
      reasoning_content: "Hm",
      tool_calls: [{ id: "tool_0", name: "tool0", arguments: '{"ci' }],
      usage: { prompt_tokens: 400, completion_tokens: 70 }
    })
  })

  it("is empty before the first content", () => {
    const nothing = { content: "", reasoning_content: "", tool_calls: [] }
    assert.deepStrictEqual(StreamFold.toPartial(StreamFold.empty), nothing)
    assert.deepStrictEqual(StreamFold.toPartial(after(start, text("other", 1))), nothing)
  })

  it("has no gap for a call that has not begun", () => {
    const { tool_calls } = StreamFold.toPartial(after(start, piece(1, "{}")))
    assert.deepStrictEqual(tool_calls, [{ id: "tool_1", name: "tool1", arguments: "{}" }])
  })
})

describe("StreamFold.steps", () => {
  const events = [
    start,
    thought("H"),
    thought("m"),
    text("hel"),
    text("lo"),
    text("other", 1),
    text("!", 1),
    thought("?"),
    piece(0, "{"),
    text("end"),
    used,
    finish("stop")
  ]

  it("gives the state of single steps, however the events are divided", () => {
    for (let cut = 0; cut <= events.length; cut++) {
      const state = [events.slice(0, cut), events.slice(cut)].reduce(StreamFold.steps, StreamFold.empty)
      assert.deepStrictEqual(state, after(...events))
    }
  })

  it("forgets what came before a reset among its events", () => {
    const reset: StreamEvent = { _tag: "Reset", reason: "NetworkError" }
    assert.deepStrictEqual(
      StreamFold.steps(StreamFold.empty, [start, text("a"), reset, start, text("b")]),
      after(start, text("b"))
    )
  })
})
