import { assert, describe, it } from "@effect/vitest"
import { Swarm } from "@kimi-effect/client/swarm"
import { MockProvider, Reply } from "@kimi-effect/testing"
import * as Effect from "effect/Effect"
import {
  answering,
  assign,
  at,
  calls,
  create,
  isOrchestrator,
  makeTools,
  settled,
  stepOf,
  systemOf,
  taskOf,
  toolTexts
} from "./support/swarm.ts"

/** An orchestrator that gives tasks to two sub-agents, which use a tool. */
const team = answering((request) => {
  if (isOrchestrator(request)) {
    if (stepOf(request) === 0) return calls(create("reader"), create("writer"))
    return stepOf(request) === 1 ? calls(assign("reader", "Read"), assign("writer", "Write")) : "All done"
  }
  return stepOf(request) === 0 ? calls(["look", { at: taskOf(request) }]) : `${taskOf(request)} is done`
})

describe("a swarm with an orchestrator", () => {
  it.effect("returns the last text of the orchestrator", () =>
    Effect.gen(function* () {
      const { places, tools } = yield* makeTools
      const result = yield* settled(Swarm.run("Work", { tools }))
      assert.deepStrictEqual(result.outcome, { _tag: "Finished" })
      assert.strictEqual(result.text, "All done")
      assert.deepStrictEqual(places.toSorted(), ["Read", "Write"])
      assert.deepStrictEqual(
        result.agents.map(({ id, outcome, text }) => [id, outcome._tag, text]),
        [
          ["reader 2.0", "Finished", "Read is done"],
          ["writer 2.1", "Finished", "Write is done"]
        ]
      )
    }).pipe(at(team))
  )

  it.effect("gives the orchestrator nothing of an agent but its result, marked as data", () =>
    Effect.gen(function* () {
      const { tools } = yield* makeTools
      yield* settled(Swarm.run("Work", { tools }))
      const { requests } = yield* MockProvider.MockProvider
      const last = (yield* requests).at(-1)
      assert.isDefined(last)
      if (last === undefined) return
      assert.deepStrictEqual(toolTexts(last.request).slice(2), [
        '<subagent_result agent="reader" outcome="completed">\nRead is done\n</subagent_result>',
        '<subagent_result agent="writer" outcome="completed">\nWrite is done\n</subagent_result>'
      ])
    }).pipe(at(team))
  )

  it.effect("reports the tree, the steps that followed each other, the work of all agents", () =>
    Effect.gen(function* () {
      const { tools } = yield* makeTools
      const { report } = yield* settled(Swarm.run("Work", { tools }))
      assert.deepStrictEqual(
        report.agents.map(({ id, parent, stage, steps, toolCalls }) => [id, parent, stage, steps, toolCalls]),
        [
          ["orchestrator", undefined, 0, 3, 4],
          ["reader 2.0", "orchestrator", 2, 2, 1],
          ["writer 2.1", "orchestrator", 2, 2, 1]
        ]
      )
      assert.strictEqual(report.criticalSteps, 5)
      assert.strictEqual(report.steps, 7)
      assert.strictEqual(report.workMillis, 7_000)
      // The first agent goes alone until its first response.
      assert.strictEqual(report.wallMillis, 6_000)
      assert.strictEqual(report.usage.prompt_tokens, 7 * 88)
    }).pipe(at(team))
  )

  it.effect("refuses a turn that assigns more tasks than are left, without starting any", () =>
    Effect.gen(function* () {
      const result = yield* settled(Swarm.run("Work", { limits: { agents: 2 } }))
      assert.strictEqual(result.text, "I see")
      assert.deepStrictEqual(result.agents, [])
      assert.strictEqual(result.outcome._tag === "Limited" && result.outcome.error._tag, "AgentLimitError")
    }).pipe(
      at(
        answering((request) => {
          if (stepOf(request) === 0) return calls(create("a"))
          return stepOf(request) === 1 ? calls(assign("a", "1"), assign("a", "2"), assign("a", "3")) : "I see"
        })
      )
    )
  )

  it.effect("returns an error to the model for a sub-agent that does not exist", () =>
    Effect.gen(function* () {
      const result = yield* settled(Swarm.run("Work"))
      assert.include(result.text, "There is no sub-agent of this name; there are none")
    }).pipe(at(answering((request) => toolTexts(request)[0] ?? calls(assign("ghost", "Boo")))))
  )

  it.effect("does not let sub-agents create sub-agents by default", () =>
    Effect.gen(function* () {
      const result = yield* settled(Swarm.run("Work"))
      assert.strictEqual(result.report.agents.length, 2)
      assert.strictEqual(result.agents[0]?.text, "I have no tools")
    }).pipe(
      at(
        answering((request) => {
          if (systemOf(request).startsWith("You are a")) {
            return stepOf(request) === 0 ? calls(create("b"), assign("b", "x")) : "I have no tools"
          }
          if (stepOf(request) === 0) return calls(create("a"), assign("a", "1"))
          return "Done"
        })
      )
    )
  )

  it.effect("lets sub-agents create sub-agents down to the given depth, with one place to work", () =>
    Effect.gen(function* () {
      const result = yield* settled(Swarm.run("Work", { limits: { depth: 2 }, concurrency: 1 }))
      assert.strictEqual(result.outcome._tag, "Finished")
      assert.deepStrictEqual(
        result.agents.map(({ id, text }) => [id, text]),
        [
          ["a 1.1", "a is done"],
          ["a 1.1 > b 1.1", "b is done"],
          ["a 1.1 > b 1.2", "b is done"]
        ]
      )
    }).pipe(
      at(
        answering((request) => {
          if (systemOf(request).startsWith("You are b")) return "b is done"
          if (systemOf(request).startsWith("You are a")) {
            return stepOf(request) === 0 ? calls(create("b"), assign("b", "x"), assign("b", "y")) : "a is done"
          }
          return stepOf(request) === 0 ? calls(create("a"), assign("a", "1")) : "Done"
        })
      )
    )
  )

  it.effect("grants a sub-agent the tools that the orchestrator chose", () =>
    Effect.gen(function* () {
      const { places, tools } = yield* makeTools
      const result = yield* settled(Swarm.run("Work", { tools }))
      assert.deepStrictEqual(places, [])
      assert.strictEqual(result.agents[0]?.outcome._tag, "Finished")
    }).pipe(
      at(
        answering((request) => {
          if (systemOf(request).startsWith("You are a"))
            return stepOf(request) === 0 ? calls(["look", { at: "x" }]) : "No"
          return stepOf(request) === 0 ? calls(create("a", { tools: [] }), assign("a", "1")) : "Done"
        })
      )
    )
  )

  it.effect("asks for a summary of a result that is too long", () =>
    Effect.gen(function* () {
      const result = yield* settled(Swarm.run("Work", { maxResultBytes: 300 }))
      assert.strictEqual(result.agents[0]?.text, "Short")
    }).pipe(
      at(
        answering((request) => {
          if (systemOf(request).startsWith("You are a")) return stepOf(request) === 0 ? "long ".repeat(100) : "Short"
          return stepOf(request) === 0 ? calls(create("a"), assign("a", "1")) : "Done"
        })
      )
    )
  )

  it.effect("fails for invalid options before anything is sent", () =>
    Effect.gen(function* () {
      const depth = yield* Effect.flip(Swarm.run("Work", { limits: { depth: 0 } }))
      const task = yield* Effect.flip(Swarm.run(""))
      const agents = yield* Effect.flip(Swarm.run("Work", { limits: { agents: 0 } }))
      const model = yield* Effect.flip(Swarm.run("Work", { limits: { cost: { amount: "1", currency: "USD" } } }))
      const { tools } = yield* makeTools
      const granted = yield* Effect.flip(Swarm.run("Work", { tools, subAgentTools: ["look", "lok"] }))
      const noTools = yield* Effect.flip(Swarm.map({ items: ["a"], prompt: "{{item}}", agent: { tools: ["look"] } }))
      assert.deepStrictEqual(
        [depth._tag, task._tag, granted.message, noTools.message, agents.message, model.message],
        [
          "DepthLimitError",
          "InvalidRequestError",
          "subAgentTools has lok, which the swarm does not have: its tools are look",
          "agent.tools of item 1 has look, which the swarm does not have: the swarm has no tools",
          "limits.agents must be a whole number of at least 1",
          "request.model must be set with limits.cost, to know the price"
        ]
      )
      const mock = yield* MockProvider.MockProvider
      yield* mock.attempts(0)
    }).pipe(at([Reply.text("Never")]))
  )
})

describe("an agent of a swarm without progress", () => {
  it.effect("ends alone with what it had", () =>
    Effect.gen(function* () {
      const { tools } = yield* makeTools
      const result = yield* settled(Swarm.map({ items: ["stuck", "done"], prompt: "{{item}}", tools }))
      const [stuck, done] = result.agents
      assert.strictEqual(stuck?.outcome._tag === "Stopped" && stuck.outcome.error._tag, "NoProgressError")
      assert.deepStrictEqual([stuck?.text, done?.outcome._tag], ["So far", "Finished"])
      assert.deepStrictEqual([result.outcome._tag, result.report.agents[0]?.steps], ["Finished", 14])
    }).pipe(
      at(
        answering((request) =>
          taskOf(request) === "done"
            ? "A result"
            : Reply.toolCalls([{ name: "look", arguments: { at: `${stepOf(request) % 2}` } }], { content: "So far" })
        )
      )
    )
  )
})
