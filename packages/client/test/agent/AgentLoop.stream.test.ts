import { assert, describe, it } from "@effect/vitest"
import type { AgentEvent } from "@kimi-effect/client/agent/AgentEvent"
import * as AgentLoop from "@kimi-effect/client/agent/AgentLoop"
import * as AgentState from "@kimi-effect/client/agent/AgentState"
import { MockProvider, Reply, Script } from "@kimi-effect/testing"
import * as BigDecimal from "effect/BigDecimal"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import { at, calls, collect, makeTools } from "./support/agent.ts"

const turn = calls(["note", { text: "a" }], ["remove", { path: "/tmp/a" }])

/** The tags of events, with a tag once for deltas that follow each other. */
const tagsOf = (events: ReadonlyArray<AgentEvent>): ReadonlyArray<string> =>
  events
    .map(({ _tag }) => _tag)
    .filter((tag, index, tags) => tag !== tags[index - 1] || !/^(Text|Reasoning)$/.test(tag))

describe("AgentLoop.stream", () => {
  it.effect("emits the events of each turn in order", () =>
    Effect.gen(function* () {
      const { tools } = yield* makeTools
      const { events } = yield* collect(AgentLoop.stream({ prompt: "Go", tools }))
      assert.deepStrictEqual(tagsOf(events), [
        "TurnStarted",
        "Reasoning",
        "Usage",
        "Cost",
        "ToolCall",
        "ToolResult",
        "TurnStarted",
        "Text",
        "Usage",
        "Cost",
        "Finished"
      ])
    }).pipe(at([calls(["note", { text: "a" }]), "All done"]))
  )

  it.effect("emits the reasoning as it arrives", () =>
    Effect.gen(function* () {
      const { events } = yield* collect(AgentLoop.stream({ prompt: "Go" }))
      const deltas = events.flatMap((event) => (event._tag === "Reasoning" || event._tag === "Text" ? [event] : []))
      assert.isAbove(deltas.length, 2)
      assert.deepStrictEqual(
        [
          deltas.flatMap(({ _tag, text }) => (_tag === "Reasoning" ? [text] : [])).join(""),
          deltas.flatMap(({ _tag, text }) => (_tag === "Text" ? [text] : [])).join("")
        ],
        ["Let me think about it.", "It is 42."]
      )
    }).pipe(at([Reply.reasoning("Let me think about it.", "It is 42.")]))
  )

  it.effect("emits a call with the result that the model gets", () =>
    Effect.gen(function* () {
      const { tools } = yield* makeTools
      const { events } = yield* collect(AgentLoop.stream({ prompt: "Go", tools, agent: "clerk" }))
      const found = events.filter(({ _tag }) => /^(Tool|Approval)/.test(_tag))
      const approval = { callId: "clerk/1/1", tool: "remove", arguments: '{"path":"/tmp/a"}' }
      assert.deepStrictEqual(found, [
        { _tag: "ToolCall", callId: "clerk/1/0", tool: "note", arguments: '{"text":"a"}' },
        { _tag: "ToolCall", ...approval },
        { _tag: "ApprovalRequested", approval },
        { _tag: "ToolResult", callId: "clerk/1/0", tool: "note", result: { content: "a", isFailure: false } }
      ])
    }).pipe(at([turn]))
  )

  it.effect("has the state of an equal run that is not streamed", () =>
    Effect.gen(function* () {
      const { tools } = yield* makeTools
      const plain = yield* AgentLoop.run({ prompt: "Go", tools })
      const mock = yield* MockProvider.MockProvider
      yield* mock.reset
      const { result } = yield* collect(AgentLoop.stream({ prompt: "Go", tools }))
      assert.deepStrictEqual(result.state, plain.state)
      assert.deepStrictEqual(result.outcome, plain.outcome)
    }).pipe(at([calls(["note", { text: "a" }]), Reply.text("Working", { reasoning: "Hm" })]))
  )

  it.effect("adds up the tokens", () =>
    Effect.gen(function* () {
      const { tools } = yield* makeTools
      const { events, result } = yield* collect(AgentLoop.stream({ prompt: "Go", tools }))
      const totals = events.flatMap((event) => (event._tag === "Usage" ? [event.total.total_tokens] : []))
      assert.deepStrictEqual([totals, result.usage.total_tokens], [[128, 256], 256])
    }).pipe(at([calls(["note", { text: "a" }]), "Done"]))
  )

  it.effect("adds up the cost", () =>
    Effect.gen(function* () {
      const { tools } = yield* makeTools
      const { events, result } = yield* collect(AgentLoop.stream({ prompt: "Go", tools }))
      const totals = events.flatMap((event) =>
        event._tag === "Cost" ? event.total.map(({ total }) => BigDecimal.format(total)) : []
      )
      assert.strictEqual(totals.length, 2)
      assert.deepStrictEqual(totals.at(-1), result.cost.map(({ total }) => BigDecimal.format(total)).join(""))
    }).pipe(at([calls(["note", { text: "a" }]), "Done"]))
  )

  it.effect("continues from a state, with the result of a rejection", () =>
    Effect.gen(function* () {
      const { tools } = yield* makeTools
      const first = yield* AgentLoop.run({ prompt: "Go", tools })
      const decisions = AgentState.approvals(first.state).map((approval) => AgentState.reject(approval))
      const { events } = yield* collect(AgentLoop.resumeStream(first.state, { tools, decisions }))
      assert.deepStrictEqual(tagsOf(events), ["ToolResult", "TurnStarted", "Text", "Usage", "Cost", "Finished"])
    }).pipe(at([turn, "Done"]))
  )

  it.effect("has an error of the model in the result, not as its failure", () =>
    Effect.gen(function* () {
      const { events, result } = yield* collect(AgentLoop.stream({ prompt: "Go" }))
      assert(result.outcome._tag === "Stopped")
      assert.strictEqual(result.outcome.error._tag, "ServerError")
      assert.deepStrictEqual(tagsOf(events), ["TurnStarted", "Finished"])
    }).pipe(at([Reply.serverError()]))
  )

  it.effect("fails for invalid options before anything is sent", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Stream.runDrain(AgentLoop.stream({ prompt: "Go", toolConcurrency: 0 })))
      assert.strictEqual(error._tag, "InvalidRequestError")
      const mock = yield* MockProvider.MockProvider
      yield* mock.attempts(0)
    }).pipe(at(["Done"]))
  )

  it.effect("interrupts its tools when the consumer leaves", () =>
    Effect.gen(function* () {
      const { log, tools } = yield* makeTools
      const fiber = yield* Effect.forkChild(Stream.runDrain(AgentLoop.stream({ prompt: "Go", tools })))
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(log, [])
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(log, ["wait 60 interrupted"])
    }).pipe(at([calls(["wait", { seconds: 60 }])]))
  )

  it.effect("does not run ahead of a consumer that takes its time", () =>
    Effect.gen(function* () {
      const { log, tools } = yield* makeTools
      const seen: Array<string> = []
      const fiber = yield* Effect.forkChild(
        AgentLoop.stream({ prompt: "Go", tools, limits: { steps: 1_000, repeats: false } }).pipe(
          Stream.tap((event) =>
            Effect.andThen(
              Effect.sleep("1 second"),
              Effect.sync(() => void seen.push(event._tag))
            )
          ),
          Stream.runDrain
        )
      )
      yield* TestClock.adjust("10 seconds")
      // A turn has six events and more, and the buffer has 64.
      assert.isBelow(log.length, 16)
      yield* Fiber.interrupt(fiber)
    }).pipe(at(Script.repeat([calls(["note", { text: "a" }])])))
  )
})

describe("a stream that the client recovers", () => {
  it.effect("emits that the turn starts again", () =>
    Effect.gen(function* () {
      const { events, result } = yield* collect(AgentLoop.stream({ prompt: "Go" }))
      assert.deepStrictEqual(tagsOf(events), ["TurnStarted", "Text", "TurnReset", "Text", "Usage", "Cost", "Finished"])
      assert.strictEqual(result.text, "Right")
    }).pipe(
      at([
        Script.events([
          { _tag: "Start", id: "1", model: "kimi-k3", created: 1, provider: "moonshot" },
          { _tag: "TextDelta", choice: 0, text: "Wro" },
          { _tag: "Reset", reason: "StreamInterruptedError" },
          { _tag: "Start", id: "2", model: "kimi-k3", created: 1, provider: "moonshot" },
          { _tag: "TextDelta", choice: 0, text: "Right" },
          {
            _tag: "Usage",
            usage: {
              prompt_tokens: 10,
              completion_tokens: 2,
              total_tokens: 12,
              cached_tokens: 0,
              cache_write_tokens: 0,
              reasoning_tokens: 0
            }
          },
          { _tag: "Finish", finishReason: "stop", finishReasons: ["stop"] }
        ])
      ])
    )
  )
})
