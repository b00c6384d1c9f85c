import { assert, describe, it } from "@effect/vitest"
import { chunk, decodeData, type Outcome } from "./support/sse.ts"

const wireUsage = (prompt_tokens: number, completion_tokens: number) => ({
  prompt_tokens,
  completion_tokens,
  total_tokens: prompt_tokens + completion_tokens
})

const inChoice = (usage: object): object => ({ choices: [{ index: 0, delta: {}, finish_reason: "stop", usage }] })
const onTop = (usage: object): object => ({ choices: [], usage })

const usageOf = (...data: ReadonlyArray<unknown>) =>
  decodeData([chunk({ content: "x" }), chunk({}, "stop"), ...data, "[DONE]"]).events.filter(
    (event) => event._tag === "Usage"
  )

const usageIn = (events: Outcome["events"]): object => {
  const event = events.findLast(({ _tag }) => _tag === "Usage")
  return event?._tag === "Usage" ? event.usage : {}
}

describe("the usage of a stream", () => {
  it("is the most complete one, regardless of later reports", () => {
    const full = { ...wireUsage(10_000, 5_000), prompt_tokens_details: { cached_tokens: 7 } }
    const poorer = [
      wireUsage(0, 0),
      {},
      { prompt_tokens: null, completion_tokens: null, total_tokens: null },
      { prompt_tokens: 10_000 },
      { completion_tokens: 5_000 },
      { total_tokens: 3 },
      wireUsage(10_000, 0),
      wireUsage(10_000, 1)
    ]
    for (const usage of poorer) {
      for (const later of [onTop(usage), inChoice(usage)]) {
        for (const order of [
          [onTop(full), later],
          [later, inChoice(full)],
          [later, onTop(full), later]
        ]) {
          const [event] = usageOf(...order)
          const expected = { prompt_tokens: 10_000, completion_tokens: 5_000, total_tokens: 15_000, cached_tokens: 7 }
          assert.deepInclude(event?.usage, expected, JSON.stringify(order))
        }
      }
    }
  })

  it("is absent if the host sends only zeros", () => {
    for (const usage of [wireUsage(0, 0), {}, { prompt_tokens: null }]) {
      assert.strictEqual(usageOf(inChoice(usage), onTop(usage)).length, 0)
    }
  })

  it("counts only the prompt when content follows every report of generated tokens", () => {
    const early = {
      ...chunk({ content: "a" }),
      usage: { ...wireUsage(10, 1), completion_tokens_details: { reasoning_tokens: 1 } }
    }
    for (const later of [[], [onTop(wireUsage(0, 0))], [onTop(wireUsage(10, 0))], [onTop({ prompt_tokens: 10 })]]) {
      const { events } = decodeData([early, chunk({ content: "b" }), chunk({}, "stop"), ...later, "[DONE]"])
      const event = events.find(({ _tag }) => _tag === "Usage")
      const expected = { prompt_tokens: 10, completion_tokens: 0, total_tokens: 10, reasoning_tokens: 0 }
      assert.deepInclude(
        event,
        { usage: { ...expected, cached_tokens: 0, cache_write_tokens: 0 } },
        JSON.stringify(later)
      )
    }
  })

  it("is the last report of a host that sends one with every event", () => {
    const events = ["a", "b", "c"].map((content, index) => ({ ...chunk({ content }), usage: wireUsage(10, index + 1) }))
    const { events: decoded } = decodeData([...events, chunk({}, "stop"), "[DONE]"])
    const event = decoded.find(({ _tag }) => _tag === "Usage")
    assert.deepInclude(event?._tag === "Usage" ? event.usage : {}, { prompt_tokens: 10, completion_tokens: 3 })
  })

  it("counts only the prompt before an error that follows content", () => {
    const early = { ...chunk({ content: "a" }), usage: wireUsage(10, 1) }
    const { events } = decodeData([early, chunk({ content: "b" }), { error: { message: "boom" } }])
    const event = events.find(({ _tag }) => _tag === "Usage")
    assert.deepInclude(event?._tag === "Usage" ? event.usage : {}, { prompt_tokens: 10, completion_tokens: 0 })
  })

  it("is that of the host when the response it ended cannot be read", () => {
    const nameless = { index: 0, id: "a", type: "function", function: { arguments: "{}" } }
    const fragments = chunk({ tool_calls: [nameless] }, "tool_calls")
    const markup = chunk({ content: "<|tool_calls_section_begin|>" }, "stop")
    for (const unreadable of [fragments, markup]) {
      const { events, failure } = decodeData([unreadable, onTop(wireUsage(10, 5)), "[DONE]"], { isMoonshot: false })
      assert.strictEqual(failure?._tag, "MalformedOutputError")
      assert.deepInclude(usageIn(events), { prompt_tokens: 10, completion_tokens: 5 })
    }
  })

  it("is that of the host when only the end mark is missing", () => {
    const { events, failure } = decodeData([chunk({ content: "a" }), chunk({}, "stop"), onTop(wireUsage(10, 5))])
    assert.strictEqual(failure?._tag, "StreamTruncatedError")
    assert.deepInclude(usageIn(events), { prompt_tokens: 10, completion_tokens: 5 })
  })

  it("counts only the prompt when the host was still generating", () => {
    const first = { ...chunk({ content: "a" }), usage: wireUsage(10, 1) }
    for (const [rest, tag] of [
      [[], "StreamTruncatedError"],
      [["[1]"], "StreamDecodeError"],
      [[chunk({ content: "b" }, null, -1)], "StreamDecodeError"]
    ] as const) {
      const { events, failure } = decodeData([first, ...rest])
      assert.strictEqual(failure?._tag, tag)
      assert.deepInclude(usageIn(events), { prompt_tokens: 10, completion_tokens: 0 })
      assert.strictEqual(events.filter(({ _tag }) => _tag === "Usage").length, 1)
    }
  })

  it("is joined from reports of one count each", () => {
    const [event] = usageOf(onTop({ prompt_tokens: 10 }), onTop({ completion_tokens: 5 }))
    assert.deepInclude(event?.usage, { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 })
  })
})
