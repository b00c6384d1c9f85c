import { assert, describe, it } from "@effect/vitest"
import * as AgentLoop from "@kimi-effect/client/agent/AgentLoop"
import type { CallResult } from "@kimi-effect/client/agent/AgentState"
import * as ToolSet from "@kimi-effect/client/agent/ToolSet"
import * as Provider from "@kimi-effect/client/Provider"
import { KimiError } from "@kimi-effect/core"
import { MockProvider, Reply } from "@kimi-effect/testing"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import { TestClock } from "effect/testing"
import { assertAccepted, at, calls, outcomeOf, runWith, settled, toolTexts } from "./support/agent.ts"

const failing = calls(["fail", { secret: "hunter2" }])
const unknown = calls(["format_disk", {}])
const malformed = calls(["note", '{"text": "a'])
const mistyped = calls(["note", { text: 1 }])

describe("a failed tool call", () => {
  it.effect("returns its error to the model by default", () =>
    Effect.gen(function* () {
      const { log, result } = yield* runWith()
      assert.deepStrictEqual([outcomeOf(result), log], ["Finished", ["fail"]])
      assert.deepStrictEqual(toolTexts(result.messages), ["Error: The tool fail failed with DiskError."])
      assertAccepted(result.messages)
    }).pipe(at([failing, "Done"]))
  )

  it.effect("ends the run with its error by the policy `end`", () =>
    Effect.gen(function* () {
      const { result } = yield* runWith({ onToolError: "end" })
      const { outcome } = result
      assert(outcome._tag === "Stopped" && outcome.error._tag === "ToolExecutionError")
      assert.deepStrictEqual([outcome.error.tool, outcome.error.failure], ["fail", "DiskError"])
      assertAccepted(result.messages)
    }).pipe(at([failing]))
  )

  it.effect("ends the run after the other calls of its turn are completed", () =>
    Effect.gen(function* () {
      const { log, result } = yield* settled(runWith({ onToolError: "end" }))
      assert.deepStrictEqual([outcomeOf(result), log], ["ToolExecutionError", ["fail", "wait 5 done"]])
      assert.strictEqual(toolTexts(result.messages)[1], "wait 5 done")
    }).pipe(at([calls(["fail", {}], ["wait", { seconds: 5 }])]))
  )

  it.effect("ends the run if a function decides so by its error", () =>
    Effect.gen(function* () {
      const onToolError = (error: KimiError.KimiError) => (error._tag === "ToolExecutionError" ? "end" : "return")
      const { result } = yield* runWith({ onToolError })
      assert.deepStrictEqual([outcomeOf(result), result.steps], ["ToolExecutionError", 2])
    }).pipe(at([unknown, failing]))
  )

  it.effect("has its error in the state, in encoded form", () =>
    Effect.gen(function* () {
      const states: Array<string> = []
      const checkpoint = (state: unknown) => Effect.sync(() => void states.push(JSON.stringify(state)))
      yield* runWith({ hooks: { checkpoint } })
      const state = JSON.parse(states.find((text) => text.includes('"isFailure":true')) ?? "{}")
      const error = Schema.decodeUnknownSync(KimiError.codec)(state.calls[0].result.error)
      assert.strictEqual(error._tag, "ToolExecutionError")
    }).pipe(at([calls(["fail", {}], ["note", { text: "a" }]), "Done"]))
  )

  it.effect("is a result for the model if the tool returns its failures", () =>
    Effect.gen(function* () {
      const { result } = yield* runWith({ onToolError: "end" })
      assert.deepStrictEqual([outcomeOf(result), toolTexts(result.messages)], ["Finished", ["not today"]])
    }).pipe(at([calls(["refuse", {}]), "Done"]))
  )
})

describe("a call of a tool that does not exist", () => {
  it.effect("returns the names of the tools to the model", () =>
    Effect.gen(function* () {
      const { log, result } = yield* runWith()
      assert.deepStrictEqual([outcomeOf(result), log], ["Finished", []])
      assert.match(
        toolTexts(result.messages)[0] ?? "",
        /There is no tool of this name\. The tools are: note, wait, read/
      )
      assertAccepted(result.messages)
    }).pipe(at([unknown, "Done"]))
  )

  it.effect("keeps the other calls of its turn", () =>
    Effect.gen(function* () {
      const { log } = yield* runWith()
      assert.deepStrictEqual(log, ["note a"])
    }).pipe(at([calls(["format_disk", {}], ["note", { text: "a" }]), "Done"]))
  )

  it.effect("ends the run by the policy `end`, with the response that was paid for", () =>
    Effect.gen(function* () {
      const { result } = yield* runWith({ onToolError: "end" })
      assert.deepStrictEqual([outcomeOf(result), result.usage.total_tokens], ["ToolNotFoundError", 128])
      assertAccepted(result.messages)
    }).pipe(at([unknown]))
  )

  it.effect("is answered in a run without tools", () =>
    Effect.gen(function* () {
      const result = yield* AgentLoop.run({ prompt: "Go" })
      assert.deepStrictEqual(toolTexts(result.messages), ["Error: There are no tools."])
    }).pipe(at([unknown, "Done"]))
  )
})

describe("arguments that are invalid", () => {
  it.effect.each([
    ["are no JSON", malformed],
    ["do not match the parameters", mistyped]
  ] as const)("run no tool if they %s", ([, reply]) =>
    Effect.gen(function* () {
      const { log, result } = yield* runWith()
      assert.deepStrictEqual([outcomeOf(result), log], ["Finished", []])
      assert.match(toolTexts(result.messages)[0] ?? "", /^Error: The arguments of the tool note /)
      assertAccepted(result.messages)
    }).pipe(at([reply, "Done"]))
  )

  it.effect("end the run by the policy `end`", () =>
    Effect.gen(function* () {
      const { result } = yield* runWith({ onToolError: "end" })
      assert.strictEqual(outcomeOf(result), "ToolArgumentsError")
    }).pipe(at([malformed]))
  )
})

describe("the time of a tool", () => {
  it.effect("is bounded by its timeout", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(runWith({ toolTimeout: "10 seconds" }))
      yield* TestClock.adjust("9999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      const { log, result } = yield* Fiber.join(fiber)
      assert.deepStrictEqual(log, ["wait 30 interrupted"])
      assert.deepStrictEqual(toolTexts(result.messages), ["Error: The tool wait took longer than 10s."])
      assertAccepted(result.messages)
    }).pipe(at([calls(["wait", { seconds: 30 }]), "Done"]))
  )

  it.effect("has a timeout of five minutes by default", () =>
    Effect.gen(function* () {
      const { log } = yield* settled(runWith())
      assert.deepStrictEqual(log, ["wait 299 done", "wait 301 interrupted"])
    }).pipe(at([calls(["wait", { seconds: 299 }], ["wait", { seconds: 301 }]), "Done"]))
  )

  it.effect("can have its own timeout", () =>
    Effect.gen(function* () {
      const options = { toolTimeout: "1 minute", toolTimeouts: { wait: "2 seconds" }, onToolError: "end" } as const
      const { log, result } = yield* settled(runWith(options))
      assert.deepStrictEqual([log, outcomeOf(result)], [["read x done", "wait 30 interrupted"], "ToolTimeoutError"])
    }).pipe(at([calls(["wait", { seconds: 30 }], ["read", { path: "x" }])]))
  )

  it.effect("is refused for a name that no tool has", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(runWith({ toolTimeouts: { wiat: "2 seconds" } }))
      assert.deepInclude(error, { _tag: "InvalidRequestError", parameter: "toolTimeouts.wiat" })
      assert.match(error.message, /must be one of note, wait, read/)
    }).pipe(at([]))
  )
})

describe("tool calls of one turn", () => {
  const ten = calls(...Array.from({ length: 10 }, (_, i) => ["read", { path: `${i}` }] as const))

  it.effect("run at the same time up to the limit", () =>
    Effect.gen(function* () {
      const { log, most } = yield* settled(runWith({ toolConcurrency: 3 }))
      assert.deepStrictEqual([most, log.length], [3, 10])
    }).pipe(at([ten, "Done"]))
  )

  it.effect("run eight at a time by default", () =>
    Effect.gen(function* () {
      const { most } = yield* settled(runWith())
      assert.strictEqual(most, 8)
    }).pipe(at([ten, "Done"]))
  )

  it.effect("have their results in the order of the calls", () =>
    Effect.gen(function* () {
      const { log, result } = yield* settled(runWith())
      assert.deepStrictEqual(log, ["wait 1 done", "wait 2 done", "wait 3 done"])
      assert.deepStrictEqual(toolTexts(result.messages), ["wait 3 done", "wait 1 done", "wait 2 done"])
    }).pipe(at([calls(["wait", { seconds: 3 }], ["wait", { seconds: 1 }], ["wait", { seconds: 2 }]), "Done"]))
  )
})

describe("a tool that needs a service", () => {
  class Disk extends Context.Service<Disk, { readonly read: Effect.Effect<string> }>()(
    "@kimi-effect/client/test/agent/AgentLoop.tools.test/Disk"
  ) {}
  const kit = Toolkit.make(Tool.make("load", { success: Schema.String, dependencies: [Disk] }))

  it.effect.each([undefined, (_: unknown, run: Effect.Effect<CallResult>) => run])(
    "gets it from the run, with the hook %s",
    (callTool) =>
      Effect.gen(function* () {
        const tools = yield* ToolSet.make(kit, { provider: Provider.providers.moonshot })
        const result = yield* AgentLoop.run({ prompt: "Go", tools, hooks: { callTool } }).pipe(
          Effect.provideService(Disk, { read: Effect.succeed("a file") })
        )
        assert.deepStrictEqual(toolTexts(result.messages), ["a file"])
      }).pipe(
        Effect.provide(kit.toLayer({ load: () => Effect.flatMap(Disk, ({ read }) => read) })),
        at([calls(["load", {}]), "Done"])
      )
  )
})

describe("a large result", () => {
  const large = calls(["large", { size: 100 }])

  it.effect("is truncated between two characters, with a note", () =>
    Effect.gen(function* () {
      const { result } = yield* runWith({ maxResultBytes: 101 })
      assert.deepStrictEqual(toolTexts(result.messages), [
        `${"é".repeat(50)}\n[Truncated: 100 of 200 bytes are shown.]`
      ])
    }).pipe(at([large, "Done"]))
  )

  it.effect("is whole at the limit", () =>
    Effect.gen(function* () {
      const { result } = yield* runWith({ maxResultBytes: 200 })
      assert.deepStrictEqual(toolTexts(result.messages), ["é".repeat(100)])
    }).pipe(at([large, "Done"]))
  )

  it.effect("has at most 64 KiB by default", () =>
    Effect.gen(function* () {
      const { result } = yield* runWith()
      assert.match(toolTexts(result.messages)[0] ?? "", /Truncated: 65536 of 80000 bytes/)
    }).pipe(at([calls(["large", { size: 40_000 }]), "Done"]))
  )
})

describe("a request", () => {
  it.effect.each([
    ["required", undefined],
    ["auto", "auto"]
  ] as const)("forces a tool only on the first response to the user: %s, then %s", ([first, second]) =>
    Effect.gen(function* () {
      yield* runWith({ request: { tool_choice: first } })
      const mock = yield* MockProvider.MockProvider
      assert.deepStrictEqual(
        (yield* mock.requests).map(({ request }) => request.tool_choice),
        [first, second]
      )
    }).pipe(at([calls(["note", { text: "a" }]), "Done"]))
  )

  it.effect("has the instructions, the earlier messages, then the prompt", () =>
    Effect.gen(function* () {
      yield* runWith({
        system: "Be brief.",
        messages: [
          { role: "user", content: "Hi" },
          { role: "assistant", content: "Hello" }
        ],
        prompt: "Go",
        request: { max_completion_tokens: 100 }
      })
      const mock = yield* MockProvider.MockProvider
      yield* mock.received({
        max_completion_tokens: 100,
        messages: [
          { role: "system", content: "Be brief." },
          { role: "user", content: "Hi" },
          { role: "assistant", content: "Hello" },
          { role: "user", content: "Go" }
        ]
      })
    }).pipe(at(["Done"]))
  )

  it.effect("needs a message", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(AgentLoop.run({}))
      assert.strictEqual(error._tag, "InvalidRequestError")
    }).pipe(at(["Done"]))
  )
})

describe("a response that the host has blocked", () => {
  it.effect.each(["refusal", "content_filter"])("runs no tool: %s", (finishReason) =>
    Effect.gen(function* () {
      const { log, result } = yield* runWith()
      assert.deepStrictEqual(result.outcome, { _tag: "Finished", finishReason })
      assert.deepStrictEqual(log, [])
      assertAccepted(result.messages)
    }).pipe(at([Reply.toolCalls([{ name: "note", arguments: { text: "a" } }], { reasoning: "Hm", finishReason })]))
  )
})

describe("a tool call without reasoning", () => {
  it.effect("is sent back with an empty one, which the host requires", () =>
    Effect.gen(function* () {
      const { result } = yield* runWith()
      assert.strictEqual(outcomeOf(result), "Finished")
      assertAccepted(result.messages)
    }).pipe(at([Reply.toolCalls([{ name: "note", arguments: { text: "a" } }]), "Done"]))
  )

  it.effect("is sent back without one at a host that requires none", () =>
    Effect.gen(function* () {
      const { result } = yield* runWith()
      assert.deepStrictEqual(
        result.messages.filter((message) => "reasoning_content" in message),
        []
      )
    }).pipe(
      Effect.provide(
        MockProvider.layerClient(
          { script: [Reply.toolCalls([{ name: "note", arguments: { text: "a" } }]), "Done"] },
          { model: "kimi-k3", provider: "together" }
        )
      )
    )
  )
})
