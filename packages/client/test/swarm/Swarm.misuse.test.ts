/** What programs without types pass: each is refused before anything is sent, with what to pass instead. */
import { assert, describe, it } from "@effect/vitest"
import type { Journal } from "@kimi-effect/client/journal/Journal"
import type { KimiClient } from "@kimi-effect/client/KimiClient"
import { Swarm } from "@kimi-effect/client/swarm"
import { MockProvider } from "@kimi-effect/testing"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { answering, at, settled } from "./support/swarm.ts"
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
  ["run with a text as subAgentTools", "subAgentTools", call("run", "Work", { subAgentTools: "look" })],
  ["run with an empty id", "id", call("run", "Work", { id: "" })],
  ["stream with null as options", "options", streamed("stream", "Work", null)],
  ["map without options", "options", call("map")],
  ["map without items", "items", call("map", { prompt: "{{item}}" })],
  ["map with a text as items", "items", call("map", { items: "abc", prompt: "{{item}}" })],
  ["map without a prompt", "prompt", call("map", { items: ["x"] })],
  ["map with an undefined item", "prompt", call("map", { items: [undefined], prompt: "{{item}}" })],
  ["map with a prompt function that returns nothing", "prompt", call("map", { items: ["x"], prompt: () => undefined })],
  ["mapStream without items", "items", streamed("mapStream", { prompt: "{{item}}" })],
  ["plan with an object as nodes", "nodes", call("plan", { a: node })],
  ["plan without nodes", "nodes", call("plan")],
  ["plan with a node that is none", "nodes[1]", call("plan", [node, undefined])],
  ["plan with a node without an id", "nodes[0].id", call("plan", [{ id: "", prompt: "Work" }])],
  ["plan with a node without a prompt", "nodes[0].prompt", call("plan", [{ id: "a" }])],
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
      const items = ["{{itm}} {{item}}"]
      const { state } = yield* settled(Swarm.map({ items, prompt: "Rate {{ item }}" }))
      assert.strictEqual(state.agents["item 1"]?.messages[1]?.content, "Rate {{itm}} {{item}}")
    }).pipe(at(answering(() => "Good")))
  )
})
