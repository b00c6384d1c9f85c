/** What programs without types pass: each is refused before anything is sent, with what to pass instead. */
import { assert, describe, it } from "@effect/vitest"
import type { Journal } from "@kimi-effect/client/journal/Journal"
import type { KimiClient } from "@kimi-effect/client/KimiClient"
import { Swarm, type SwarmResult } from "@kimi-effect/client/swarm"
import { QuotaExceededError } from "@kimi-effect/core/RateLimitErrors"
import { MockProvider } from "@kimi-effect/testing"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { answering, at, makeTools, settled } from "./support/swarm.ts"
import { journaled, team } from "./support/team.ts"

type Refused = Effect.Effect<unknown, { readonly _tag: string; readonly message: string }, Journal | KimiClient>

/** The functions without their types. */
const untyped = Swarm as unknown as Record<string, (...args: ReadonlyArray<unknown>) => Refused>

const call = (name: string, ...args: ReadonlyArray<unknown>): Refused =>
  (untyped[name] as (typeof untyped)[string])(...args)

const streamed = (name: string, ...args: ReadonlyArray<unknown>): Refused =>
  Stream.runDrain(call(name, ...args) as unknown as Stream.Stream<unknown, never>)

const program = Swarm.run("Work")
const limits = (given: object) => ({ items: ["x"], prompt: "{{item}}", limits: given })
const usd = { amount: "2", currency: "USD" }
const node = { id: "a", prompt: "Work" }

const cases: ReadonlyArray<readonly [name: string, parameter: string, refused: Refused]> = [
  ["resume without a program", "program", call("resume", "id")],
  ["resume with an object as program", "program", call("resume", "id", {})],
  ["resume with a state that was not decoded", "state", call("resume", { version: 1 }, "Work")],
  ["resume without a state", "state", call("resume", undefined, "Work")],
  ["resumeMap without a state", "state", call("resumeMap", {}, { items: ["x"], prompt: "{{item}}" })],
  ["resumePlan without a state", "state", call("resumePlan", {}, [node])],
  ["work without a program", "program", call("work", "id")],
  ["work with an empty id", "id", call("work", " ", program)],
  ["durable without a program", "program", call("durable", "id", {})],
  ["durable with a number as id", "id", call("durable", 7, program)],
  ["durable with null as options", "options", call("durable", "id", program, null)],
  ["durableStream without a stream", "program", streamed("durableStream", "id")],
  ["status without an id", "id", call("status")],
  ["status with an empty id", "id", call("status", "")],
  ["cancel without an id", "id", call("cancel", undefined)],
  ["run without a task", "task", call("run")],
  ["run with a blank task", "task", call("run", " ")],
  ["run with null as options", "options", call("run", "Work", null)],
  [
    "run with a limit of steps of its orchestrator of NaN",
    "orchestrator.limits.steps",
    call("run", "Work", { orchestrator: { limits: { steps: Number.NaN } } })
  ],
  [
    "run with null as limits of its orchestrator",
    "orchestrator.limits",
    call("run", "Work", { orchestrator: { limits: null } })
  ],
  [
    "run with a number as system prompt of its orchestrator",
    "orchestrator.system",
    call("run", "Work", { orchestrator: { system: 7 } })
  ],
  ["run with a text as subAgentTools", "subAgentTools", call("run", "Work", { subAgentTools: "look" })],
  ["run with an empty id", "id", call("run", "Work", { id: "" })],
  ["stream with null as options", "options", streamed("stream", "Work", null)],
  ["map without options", "options", call("map")],
  ["map without items", "items", call("map", { prompt: "{{item}}" })],
  ["map with a misspelt option", "limit", call("map", { items: ["x"], prompt: "{{item}}", limit: { cost: usd } })],
  ["map with a misspelt limit", "limits.costs", call("map", limits({ costs: usd }))],
  ["run with a misspelt limit of agents", "agentLimits.step", call("run", "Work", { agentLimits: { step: 3 } })],
  ["map with a text as items", "items", call("map", { items: "abc", prompt: "{{item}}" })],
  ["map without a prompt", "prompt", call("map", { items: ["x"] })],
  ["map with an undefined item", "prompt", call("map", { items: [undefined], prompt: "{{item}}" })],
  ["map with a prompt function that returns nothing", "prompt", call("map", { items: ["x"], prompt: () => undefined })],
  ["map with a form that is no Schema", "result", call("map", { ...limits({}), result: { name: "text" } })],
  ["map with null as limits of its agents", "agent.limits", call("map", { ...limits({}), agent: { limits: null } })],
  ["map with a text as agent", "agent", call("map", { ...limits({}), agent: "reviewer" })],
  [
    "map with a text as request of its agents",
    "agent.request",
    call("map", { ...limits({}), agent: { request: "x" } })
  ],
  ["mapStream without items", "items", streamed("mapStream", { prompt: "{{item}}" })],
  ["plan with an object as nodes", "nodes", call("plan", { a: node })],
  ["plan without nodes", "nodes", call("plan")],
  ["plan with a node that is none", "nodes[1]", call("plan", [node, undefined])],
  ["plan with a node without an id", "nodes[0].id", call("plan", [{ id: "", prompt: "Work" }])],
  ["plan with a node without a prompt", "nodes[0].prompt", call("plan", [{ id: "a" }])],
  [
    "plan with an input that is no Schema",
    "nodes[1].inputs",
    call("plan", [node, { ...node, id: "b", inputs: { a: 0 } }])
  ],
  ["plan with a form that is no Schema", "nodes[0].result", call("plan", [{ ...node, result: {} }])],
  ["plan with a text as agent", "nodes[0].agent", call("plan", [{ ...node, agent: "x" }])],
  ["plan with a text as tools of an agent", "nodes[0].agent.tools", call("plan", [{ ...node, agent: { tools: "x" } }])],
  ["plan with a list of inputs", "nodes[0].inputs", call("plan", [{ ...node, inputs: "b" }])],
  [
    "plan with a limit of steps of an agent of 0",
    "nodes[0].agent.limits.steps",
    call("plan", [{ ...node, agent: { limits: { steps: 0 } } }])
  ],
  ["planStream with null as options", "options", streamed("planStream", [node], null)],
  ...["agents", "toolCalls", "tokens", "depth", "duration"].map(
    (name) => [`map with NaN as limits.${name}`, `limits.${name}`, call("map", limits({ [name]: Number.NaN }))] as const
  ),
  ["map with a number as limits.cost", "limits.cost", call("map", limits({ cost: 2 }))],
  ["map with a number as amount", "limits.cost", call("map", limits({ cost: { amount: 2, currency: "USD" } }))],
  [
    "map with a cost without a currency",
    "limits.cost",
    call("map", { ...limits({ cost: { amount: "2" } }), request: { model: "kimi-k3" } })
  ],
  [
    "map with NaN as max_completion_tokens",
    "request.max_completion_tokens",
    call("map", { ...limits({ cost: usd }), request: { model: "kimi-k3", max_completion_tokens: Number.NaN } })
  ],
  ["map with a number as model", "request.model", call("map", { ...limits({ cost: usd }), request: { model: 3 } })],
  ["map with a provider without an id", "provider", call("map", { ...limits({}), provider: {} })],
  ["map with null as limits", "limits", call("map", limits(null as unknown as object))],
  [
    "map with NaN as steps of agents",
    "agentLimits.steps",
    call("map", { ...limits({}), agentLimits: { steps: Number.NaN } })
  ],
  ["map with tools that are none", "tools", call("map", { ...limits({}), tools: ["look"] })],
  ["map with a text as hook", "hooks.callTool", call("map", { ...limits({}), hooks: { callTool: "x" } })],
  ["map with a text as checkpoint", "checkpoint", call("map", { ...limits({}), checkpoint: "file" })]
]

describe("a swarm refuses", () => {
  it.effect.each(cases)("%s", ([, parameter, refused]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(refused)
      assert.deepInclude(error as object, { _tag: "InvalidRequestError", parameter })
      const { statistics } = yield* MockProvider.MockProvider
      assert.strictEqual((yield* statistics).calls, 0)
    }).pipe(Effect.provide(journaled(team)))
  )
})

/** Functions that return a promise, as those of programs without Effect do. */
const promised = async () => {}

describe("a swarm whose options have a function that returns no Effect", () => {
  const item = { items: ["1"], prompt: "{{item}}" }
  const failing = answering(() => new QuotaExceededError({ message: "Pay first" }))

  it.effect.each([
    ["checkpoint", { checkpoint: promised }, ["A result"]],
    ["onSuspended", { onSuspended: promised }, failing]
  ] as const)("fails with its name: %s", ([parameter, options, script]) =>
    Effect.gen(function* () {
      const swarm = call("map", { ...item, ...options }) as unknown as Effect.Effect<
        SwarmResult.SwarmResult,
        never,
        KimiClient
      >
      const { outcome } = yield* settled(swarm)
      assert(outcome._tag === "Failed")
      assert.deepInclude(outcome.error, { _tag: "InvalidRequestError", parameter })
      assert.include(outcome.error.message, "must return an Effect")
    }).pipe(at(script))
  )

  it.effect.each(["callModel", "callTool"])("ends its agents with its name: hooks.%s", (name) =>
    Effect.gen(function* () {
      const { tools } = yield* makeTools
      const swarm = call("map", { ...item, tools, hooks: { [name]: promised } })
      const { agents } = yield* settled(swarm as unknown as Effect.Effect<SwarmResult.SwarmResult, never, KimiClient>)
      for (const { outcome } of agents) {
        assert(outcome._tag === "Stopped")
        assert.deepInclude(outcome.error, { _tag: "InvalidRequestError", parameter: `hooks.${name}` })
      }
    }).pipe(at(team))
  )
})

describe("the template of a map", () => {
  it.effect.each(["Rate {{itm}}", "Rate {{ item.name }}", "{{item}} of {{items}}"])(
    "is refused with a placeholder that does not exist: %s",
    (prompt) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(Swarm.map({ items: ["x"], prompt }))
        assert.strictEqual(error._tag, "InvalidRequestError")
        assert.match(error.message, /the placeholder \{\{ ?item?(s|\.name)? ?\}\}|\{\{itm\}\}/)
        assert.include(error.message, "there is {{item}} only")
      }).pipe(at(team))
  )

  it.effect("is not searched in what an item contains", () =>
    Effect.gen(function* () {
      const items = ["{{itm}} {{item}} $& $1"]
      const { state } = yield* settled(Swarm.map({ items, prompt: "Rate {{ item }}" }))
      assert.strictEqual(state.agents["item 1"]?.messages[1]?.content, "Rate {{itm}} {{item}} $& $1")
    }).pipe(at(answering(() => "Good")))
  )
})
