import { assert, describe, it } from "@effect/vitest"
import { Swarm, SwarmPlan } from "@kimi-effect/client/swarm"
import type { ChatError } from "@kimi-effect/core/OperationErrors"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import { MockProvider } from "@kimi-effect/testing"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { answering, at, settled, taskOf } from "./support/swarm.ts"

const Facts = Schema.Struct({ topic: Schema.String, count: Schema.Int })
const broken: ChatError = new InvalidRequestError({ message: "No", parameter: "messages" })

const diamond = [
  SwarmPlan.node({ id: "facts", prompt: "Find facts", result: Facts }),
  SwarmPlan.node({ id: "left", inputs: { facts: Facts }, prompt: ({ facts }) => `Left of ${facts.topic}` }),
  SwarmPlan.node({ id: "right", inputs: { facts: Facts }, prompt: ({ facts }) => `Right of ${facts.count}` }),
  SwarmPlan.node({
    id: "report",
    inputs: { left: Schema.String, right: Schema.String },
    prompt: ({ left, right }) => `${left} + ${right}`
  })
]

const answer = answering((request) => {
  const task = taskOf(request)
  return task === "Find facts" ? '```json\n{"topic":"ducks","count":3}\n```' : task
})

describe("one agent for each item", () => {
  it.effect("returns the results in the order of the items", () =>
    Effect.gen(function* () {
      const result = yield* settled(Swarm.map({ items: ["a", "$&"], prompt: "Do {{item}} now" }))
      assert.deepStrictEqual(
        result.agents.map(({ text }) => text),
        ["Do a now", "Do $& now"]
      )
      assert.strictEqual(result.report.criticalSteps, 1)
    }).pipe(at(answer))
  )

  it.effect("keeps the results of the others when one fails", () =>
    Effect.gen(function* () {
      const result = yield* settled(Swarm.map({ items: [1, 2, 3], prompt: (item) => `Do ${item}` }))
      assert.strictEqual(result.outcome._tag, "Finished")
      assert.deepStrictEqual(
        result.agents.map(({ outcome }) => outcome._tag),
        ["Finished", "Stopped", "Finished"]
      )
    }).pipe(at(answering((request) => (taskOf(request) === "Do 2" ? broken : "Done"))))
  )

  it.effect("stops the others when one fails, if asked", () =>
    Effect.gen(function* () {
      const result = yield* settled(Swarm.map({ items: [1, 2, 3], prompt: "Do {{item}}", stopOnFailure: true }))
      assert.strictEqual(result.outcome._tag === "Failed" && result.outcome.error._tag, "InvalidRequestError")
      assert.deepStrictEqual(
        result.agents.map(({ outcome }) => outcome._tag),
        ["Stopped", "Skipped", "Skipped"]
      )
    }).pipe(at(answering(() => broken)))
  )

  it.effect("starts none if the prompt function of an item throws", () =>
    Effect.gen(function* () {
      const prompt = (item: number) => {
        if (item === 2) throw new Error("A defect")
        return "Do"
      }
      const error = yield* Effect.flip(Swarm.map({ items: [1, 2], prompt }))
      assert.deepStrictEqual([error._tag, error.message], ["InvalidRequestError", "The prompt of item 2 threw"])
      const mock = yield* MockProvider.MockProvider
      yield* mock.attempts(0)
    }).pipe(at(answer))
  )

  it.effect("starts none of more items than the swarm may have agents", () =>
    Effect.gen(function* () {
      const items = Array.from({ length: 101 }, (_, index) => index)
      const error = yield* Effect.flip(Swarm.map({ items, prompt: "Do {{item}}" }))
      assert.deepStrictEqual(
        [error._tag, error.message],
        ["AgentLimitError", "The plan has 101 agents, and the swarm may have 100"]
      )
      const mock = yield* MockProvider.MockProvider
      yield* mock.attempts(0)
    }).pipe(at(answer))
  )
})

describe("a graph of agents", () => {
  it.effect("gives each agent the decoded results that it depends on", () =>
    Effect.gen(function* () {
      const result = yield* settled(Swarm.plan(diamond))
      assert.strictEqual(result.agents.at(-1)?.text, "Left of ducks + Right of 3")
      assert.deepStrictEqual(result.agents[0]?.value, { topic: "ducks", count: 3 })
      assert.strictEqual(result.report.criticalSteps, 3)
      assert.strictEqual(result.report.wallMillis, 3_000)
    }).pipe(at(answer))
  )

  it.effect("skips only what depends on an agent that failed", () =>
    Effect.gen(function* () {
      const nodes = [...diamond, SwarmPlan.node({ id: "other", prompt: "Other" })]
      const result = yield* settled(Swarm.plan(nodes))
      assert.deepStrictEqual(
        result.agents.map(({ id, outcome }) => [id, outcome._tag]),
        [
          ["facts", "Finished"],
          ["left", "Stopped"],
          ["right", "Finished"],
          ["report", "Skipped"],
          ["other", "Finished"]
        ]
      )
    }).pipe(
      at(
        answering((request) => {
          const task = taskOf(request)
          if (task === "Find facts") return '{"topic":"ducks","count":3}'
          return task.startsWith("Left") ? broken : task
        })
      )
    )
  )

  it.effect("ends only the agent whose prompt function throws", () =>
    Effect.gen(function* () {
      const nodes = [
        SwarmPlan.node({ id: "a", prompt: "a" }),
        SwarmPlan.node({
          id: "b",
          inputs: { a: Schema.String },
          prompt: () => {
            throw new Error("A defect")
          }
        }),
        SwarmPlan.node({ id: "c", inputs: { b: Schema.String }, prompt: "c" })
      ]
      const { agents } = yield* settled(Swarm.plan(nodes))
      assert.deepStrictEqual(
        agents.map(({ outcome }) => (outcome._tag === "Stopped" ? outcome.error.message : outcome._tag)),
        ["Finished", "The prompt function of b threw", "Skipped"]
      )
    }).pipe(at(answer))
  )

  it.effect("asks once more for a result that does not match its schema", () =>
    Effect.gen(function* () {
      const [facts] = (yield* settled(Swarm.plan(diamond.slice(0, 1)))).agents
      assert.strictEqual(facts?.outcome._tag === "Stopped" && facts.outcome.error._tag, "StructuredOutputError")
      const mock = yield* MockProvider.MockProvider
      yield* mock.attempts(2)
    }).pipe(at(answering(() => '{"topic":"ducks"}')))
  )

  it.effect("starts the agents of the longest path first", () =>
    Effect.gen(function* () {
      const nodes = [
        SwarmPlan.node({ id: "short", prompt: "short" }),
        SwarmPlan.node({ id: "first", prompt: "first" }),
        SwarmPlan.node({ id: "second", inputs: { first: Schema.String }, prompt: "second" })
      ]
      const result = yield* settled(Swarm.plan(nodes, { concurrency: 1 }))
      assert.deepStrictEqual(
        result.report.agents.toSorted((a, b) => a.start - b.start).map(({ id }) => id),
        ["first", "short", "second"]
      )
    }).pipe(at(answer))
  )

  it.effect.each([
    { nodes: [["a", "c"], ["b", "a"], ["c", "b"], ["d"]], reason: "cycle", agents: ["a", "c", "b"] },
    { nodes: [["a", "a"]], reason: "cycle", agents: ["a"] },
    { nodes: [["a", "x"]], reason: "unknown agent", agents: ["x"] },
    { nodes: [["a"], ["a"]], reason: "duplicate agent", agents: ["a"] }
  ])("does not start with a $reason", ({ agents, nodes, reason }) =>
    Effect.gen(function* () {
      const given = nodes.map(([id = "", ...after]) => ({
        id,
        prompt: "x",
        inputs: Object.fromEntries(after.map((one) => [one, Schema.String]))
      }))
      const error = yield* Effect.flip(Swarm.plan(given))
      assert.strictEqual(error._tag, "InvalidPlanError")
      if (error._tag !== "InvalidPlanError") return
      assert.strictEqual<string>(error.reason, reason)
      assert.deepStrictEqual(error.agents, agents)
      const mock = yield* MockProvider.MockProvider
      yield* mock.attempts(0)
    }).pipe(at(answer))
  )
})
