import { assert, describe, it } from "@effect/vitest"
import * as AgentLoop from "@kimi-effect/client/agent/AgentLoop"
import type { AgentResult } from "@kimi-effect/client/agent/AgentResult"
import * as AgentState from "@kimi-effect/client/agent/AgentState"
import * as ToolSet from "@kimi-effect/client/agent/ToolSet"
import * as Provider from "@kimi-effect/client/Provider"
import { ChatResponse } from "@kimi-effect/core/ChatResponse"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import { TestClock } from "effect/testing"
import { assertAccepted, at, calls, makeTools, outcomeOf, runWith, toolTexts } from "./support/agent.ts"

/** A response that removes files by calls with one and the same id of the host, as Kimi sends them in every turn. */
const removing = (...paths: ReadonlyArray<string>) =>
  new ChatResponse({
    id: "chatcmpl-1",
    model: "kimi-k3",
    created: 1,
    provider: "moonshot",
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: "",
          reasoning_content: "Remove it.",
          tool_calls: paths.map((path) => ({
            id: "rm_0",
            type: "function",
            function: { name: "remove", arguments: JSON.stringify({ path }) }
          }))
        },
        finish_reason: "tool_calls"
      }
    ]
  })

/** The state as another process reads it. */
const stored = ({ state }: AgentResult) => AgentState.decode(JSON.parse(JSON.stringify(state)))

const approvalsOf = ({ outcome }: AgentResult) => {
  assert(outcome._tag === "ApprovalRequired", outcome._tag)
  return outcome.approvals
}

const permutations = <A>(items: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> =>
  items.length === 0
    ? [[]]
    : items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]))

describe("a tool call that needs an approval", () => {
  it.effect("ends the run with the arguments to approve", () =>
    Effect.gen(function* () {
      const { log, result } = yield* runWith()
      assert.deepStrictEqual(log, [])
      assert.deepStrictEqual(result.outcome, {
        _tag: "ApprovalRequired",
        approvals: [{ callId: "1/0", tool: "remove", arguments: '{"path":"/tmp/a"}' }]
      })
      assertAccepted(result.messages)
    }).pipe(at([removing("/tmp/a")]))
  )

  it.effect("runs days later from JSON once it is approved", () =>
    Effect.gen(function* () {
      const { log, tools } = yield* makeTools
      const first = yield* AgentLoop.run({ prompt: "Go", tools })
      const state = yield* stored(first)
      yield* TestClock.adjust("30 days")
      const result = yield* AgentLoop.resume(state, {
        tools,
        decisions: AgentState.approvals(state).map(AgentState.approve)
      })
      assert.deepStrictEqual([outcomeOf(result), result.text, log], ["Finished", "Done", ["remove /tmp/a"]])
      assertAccepted(result.messages)
    }).pipe(at([removing("/tmp/a"), "Done"]))
  )

  it.effect("does not run once it is rejected, for a reason that the model gets", () =>
    Effect.gen(function* () {
      const { log, tools } = yield* makeTools
      const first = yield* AgentLoop.run({ prompt: "Go", tools })
      const decisions = approvalsOf(first).map((approval) => AgentState.reject(approval, "It is needed"))
      const result = yield* AgentLoop.resume(first.state, { tools, decisions })
      assert.deepStrictEqual([outcomeOf(result), log], ["Finished", []])
      assert.deepStrictEqual(toolTexts(result.messages), ["This call was rejected and not run: It is needed"])
      assertAccepted(result.messages)
    }).pipe(at([removing("/tmp/a"), "Done"]))
  )

  it.effect("does not keep the other calls of its turn from running", () =>
    Effect.gen(function* () {
      const { log, tools } = yield* makeTools
      const first = yield* AgentLoop.run({ prompt: "Go", tools })
      assert.deepStrictEqual([approvalsOf(first).length, log], [1, ["note a"]])
      const result = yield* AgentLoop.resume(first.state, {
        tools,
        decisions: approvalsOf(first).map(AgentState.approve)
      })
      assert.deepStrictEqual(toolTexts(result.messages), ["removed x", "a"])
      assert.deepStrictEqual(log, ["note a", "remove x"])
    }).pipe(at([calls(["remove", { path: "x" }], ["note", { text: "a" }]), "Done"]))
  )

  it.effect("waits again in a run that is resumed without a decision", () =>
    Effect.gen(function* () {
      const { log, tools } = yield* makeTools
      const first = yield* AgentLoop.run({ prompt: "Go", tools })
      const second = yield* AgentLoop.resume(first.state, { tools })
      assert.deepStrictEqual([approvalsOf(second), log], [approvalsOf(first), []])
    }).pipe(at([removing("/tmp/a")]))
  )

  it.effect("is not run if the user writes on instead", () =>
    Effect.gen(function* () {
      const { log, tools } = yield* makeTools
      const first = yield* AgentLoop.run({ prompt: "Go", tools })
      const state = AgentState.addMessages({ role: "user", content: "Never mind" })(first.state)
      const result = yield* AgentLoop.resume(state, { tools })
      assert.deepStrictEqual([outcomeOf(result), log], ["Finished", []])
      assert.deepStrictEqual(toolTexts(result.messages), ["This call was not run."])
      assertAccepted(result.messages)
    }).pipe(at([removing("/tmp/a"), "Done"]))
  )
})

describe("a tool whose approval depends on the conversation", () => {
  const kit = Toolkit.make(
    Tool.make("remove", {
      parameters: Schema.Struct({ path: Schema.String }),
      success: Schema.String,
      needsApproval: (_, { messages }) => !JSON.stringify(messages).includes("Remove all")
    })
  )
  const runOn = (prompt: string) =>
    Effect.gen(function* () {
      const tools = yield* ToolSet.make(kit, { provider: Provider.providers.moonshot })
      return outcomeOf(yield* AgentLoop.run({ prompt, tools }))
    }).pipe(Effect.provide(kit.toLayer({ remove: ({ path }) => Effect.succeed(path) })))

  it.effect("needs none if the conversation contains it", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* runOn("Remove all"), "Finished")
    }).pipe(at([removing("/tmp/a"), "Done"]))
  )

  it.effect("needs one if it does not", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* runOn("Hello"), "ApprovalRequired")
    }).pipe(at([removing("/tmp/a"), "Done"]))
  )
})

describe("approvals of calls with equal ids of the host", () => {
  const paths = ["/tmp/a", "/etc", "/home"]
  const orders = permutations([0, 1, 2])
  const choices = Array.from({ length: 8 }, (_, bits) => paths.map((_, index) => (bits & (1 << index)) !== 0))

  for (const approved of choices) {
    it.effect(`run exactly those of one turn that are approved, in every order: ${approved}`, () =>
      Effect.forEach(
        orders,
        (order) =>
          Effect.gen(function* () {
            const { log, tools } = yield* makeTools
            let result = yield* AgentLoop.run({ prompt: "Go", tools })
            const approvals = approvalsOf(result)
            assert.strictEqual(new Set(approvals.map(({ callId }) => callId)).size, 3)
            for (const index of order) {
              const approval = approvals[index]
              assert(approval !== undefined)
              const decision = approved[index] === true ? AgentState.approve(approval) : AgentState.reject(approval)
              result = yield* AgentLoop.resume(yield* stored(result), { tools, decisions: [decision] })
              assertAccepted(result.messages)
            }
            const expected = order.flatMap((index) => (approved[index] === true ? [`remove ${paths[index]}`] : []))
            assert.deepStrictEqual([outcomeOf(result), log], ["Finished", expected])
            assert.deepStrictEqual(
              toolTexts(result.messages),
              paths.map((path, index) =>
                approved[index] === true ? `removed ${path}` : "This call was rejected and not run."
              )
            )
          }).pipe(at([removing(...paths), "Done"])),
        { discard: true }
      )
    )
  }

  it.effect("run the call of their turn alone", () =>
    Effect.gen(function* () {
      const { log, tools } = yield* makeTools
      const first = yield* AgentLoop.run({ prompt: "Go", tools })
      const decisions = approvalsOf(first).map(AgentState.approve)
      const second = yield* AgentLoop.resume(first.state, { tools, decisions })
      assert.deepStrictEqual(
        [approvalsOf(first), approvalsOf(second)].map((approvals) => approvals.map(({ callId }) => callId)),
        [["1/0"], ["2/0"]]
      )
      const error = yield* Effect.flip(AgentLoop.resume(second.state, { tools, decisions }))
      assert.deepStrictEqual([error._tag, log], ["InvalidRequestError", ["remove /tmp/a"]])
    }).pipe(at([removing("/tmp/a"), removing("/etc")]))
  )

  it.effect("run no other arguments, also in another run", () =>
    Effect.gen(function* () {
      const { log, tools } = yield* makeTools
      const one = yield* AgentLoop.run({ prompt: "Go", tools })
      const other = yield* AgentLoop.run({ prompt: "Go", tools })
      const decisions = approvalsOf(one).map(AgentState.approve)
      const error = yield* Effect.flip(AgentLoop.resume(other.state, { tools, decisions }))
      assert(error._tag === "InvalidRequestError")
      assert.deepStrictEqual([error.parameter, log], ["decisions", []])
      assert.notInclude(error.message, "/etc")
    }).pipe(at([removing("/tmp/a"), removing("/etc")]))
  )

  it.effect("do not run a call twice", () =>
    Effect.gen(function* () {
      const { log, tools } = yield* makeTools
      const first = yield* AgentLoop.run({ prompt: "Go", tools })
      const decisions = approvalsOf(first).slice(0, 1).map(AgentState.approve)
      const second = yield* AgentLoop.resume(first.state, { tools, decisions })
      const error = yield* Effect.flip(AgentLoop.resume(second.state, { tools, decisions }))
      assert.deepStrictEqual([error._tag, log], ["InvalidRequestError", ["remove /tmp/a"]])
    }).pipe(at([removing("/tmp/a", "/etc")]))
  )
})
