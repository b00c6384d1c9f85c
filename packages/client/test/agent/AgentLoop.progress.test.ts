import { assert, describe, it } from "@effect/vitest"
import * as AgentLoop from "@kimi-effect/client/agent/AgentLoop"
import type { AgentLimits } from "@kimi-effect/client/agent/AgentLimits"
import * as ToolSet from "@kimi-effect/client/agent/ToolSet"
import * as Provider from "@kimi-effect/client/Provider"
import * as AgentState from "@kimi-effect/client/agent/AgentState"
import { Reply, Script } from "@kimi-effect/testing"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import { at, calls, makeTools, outcomeOf, runWith, toolTexts } from "./support/agent.ts"

const note = (text: string) => ["note", { text }] as const

const kit = Toolkit.make(
  Tool.make("search", { parameters: Schema.Struct({ text: Schema.String }), success: Schema.String })
)

/** A tool that returns the same for everything. */
const makeSearch = ToolSet.make(kit, { provider: Provider.providers.moonshot }).pipe(
  Effect.provide(kit.toLayer({ search: () => Effect.succeed("No page has this text") }))
)

const writing = Toolkit.make(
  Tool.make("write", { parameters: Schema.Struct({ text: Schema.String }), success: Schema.Void })
)

/** A tool that takes effect, and returns nothing. */
const makeWrite = ToolSet.make(writing, { provider: Provider.providers.moonshot }).pipe(
  Effect.provide(writing.toLayer({ write: () => Effect.void }))
)

/** Steps without an end. */
const endless = (replyOf: (step: number) => Reply.Reply) =>
  Script.repeat(Array.from({ length: 200 }, (_, index) => replyOf(index)))

const cycle = endless((step) => calls(note(step % 2 === 0 ? "A" : "B")))

/** The steps after which a run ends without progress. */
const stepsOf = (script: Script.Script, limits: AgentLimits = {}) =>
  Effect.gen(function* () {
    const { result } = yield* runWith({ limits })
    assert.strictEqual(outcomeOf(result), "NoProgressError")
    return result.steps
  }).pipe(at(script))

describe("a run ends without progress", () => {
  it.effect("in a cycle of calls with equal results", () =>
    Effect.gen(function* () {
      // Two steps bring something new, and twelve do not.
      assert.strictEqual(yield* stepsOf(cycle), 14)
    })
  )

  it.effect("in a cycle of turns with several calls in another order", () =>
    Effect.gen(function* () {
      const turns = [calls(note("A"), note("B")), calls(note("C")), calls(note("B"), note("A"))]
      assert.strictEqual(yield* stepsOf(endless((step) => turns[step % 3] as Reply.Reply)), 14)
    })
  )

  it.effect("when different calls fail", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* stepsOf(endless((step) => calls(["fail", { secret: `${step}` }]))), 12)
    })
  )

  it.effect("when no call is valid", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* stepsOf(endless((step) => calls([`tool ${step}`, {}]))), 12)
    })
  )

  it.effect("when calls return nothing", () =>
    Effect.gen(function* () {
      // The first one is new, and the next six steps count half, as their calls are new.
      assert.strictEqual(yield* stepsOf(endless((step) => calls(note(" ".repeat(step % 7))))), 16)
    })
  )

  it.effect.each([["equal results"], ["no results"]] as const)(
    "after twice as many steps when different calls have %s",
    ([kind]) =>
      Effect.gen(function* () {
        const tools = yield* kind === "no results" ? makeWrite : makeSearch
        const result = yield* AgentLoop.run({ tools, prompt: "Go" })
        assert.deepStrictEqual([outcomeOf(result), result.steps], ["NoProgressError", 25])
      }).pipe(at(endless((step) => calls([kind === "no results" ? "write" : "search", { text: `${step}` }]))))
  )

  it.effect("after as many steps as its limit", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* stepsOf(cycle, { stalledSteps: 4 }), 6)
    })
  )
})

describe("a run continues", () => {
  it.effect("while one call of each step brings something new", () =>
    Effect.gen(function* () {
      const { result } = yield* runWith({ limits: { steps: 60 } })
      assert.strictEqual(outcomeOf(result), "StepLimitError")
    }).pipe(at(endless((step) => calls(["fail", { secret: `${step}` }], note(`${step}`)))))
  )

  it.effect("without a limit of steps that bring nothing new", () =>
    Effect.gen(function* () {
      const { result } = yield* runWith({ limits: { steps: 60, stalledSteps: false } })
      assert.strictEqual(outcomeOf(result), "StepLimitError")
    }).pipe(at(cycle))
  )

  it.effect("where any number of equal calls is allowed", () =>
    Effect.gen(function* () {
      const { result } = yield* runWith({ limits: { steps: 60, repeats: false } })
      assert.strictEqual(outcomeOf(result), "StepLimitError")
    }).pipe(at(endless(() => calls(note("waiting")))))
  )

  it.effect("from its state with a higher limit", () =>
    Effect.gen(function* () {
      const { tools } = yield* makeTools
      const first = yield* AgentLoop.run({ tools, prompt: "Go", limits: { stalledSteps: 4 } })
      const state = yield* AgentState.decode(JSON.parse(JSON.stringify(first.state)))
      const second = yield* AgentLoop.resume(state, { tools, limits: { stalledSteps: 9 } })
      assert.deepStrictEqual([outcomeOf(second), second.steps], ["NoProgressError", 11])
    }).pipe(at(cycle))
  )

  it.effect("with new steps after a message of the user", () =>
    Effect.gen(function* () {
      const { tools } = yield* makeTools
      const limits = { stalledSteps: 4 }
      const first = yield* AgentLoop.run({ tools, prompt: "Go", limits })
      const asked = AgentState.addMessages({ role: "user", content: "Go on" })(first.state)
      const second = yield* AgentLoop.resume(asked, { tools, limits })
      assert.strictEqual(second.steps, first.steps * 2)
    }).pipe(at(cycle))
  )
})

describe("a run without progress", () => {
  it.effect("is reminded of it once, after half of the steps", () =>
    Effect.gen(function* () {
      const { result } = yield* runWith()
      const reminded = toolTexts(result.messages).flatMap((text, index) =>
        text.includes("brought nothing new") ? [index + 1] : []
      )
      assert.deepStrictEqual(reminded, [9])
    }).pipe(at(cycle))
  )

  it.effect("remembers a bounded number of calls", () =>
    Effect.gen(function* () {
      const { result } = yield* runWith({ limits: { steps: 150 } })
      assert.strictEqual(result.state.progress?.seen.length, 128)
    }).pipe(at(endless((step) => calls(note(`${step}`)))))
  )
})

describe("a limit of steps without progress", () => {
  it.effect.each([0, -1, 1.5, Number.NaN, true as unknown as number])("is refused as %s", (stalledSteps) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(AgentLoop.run({ prompt: "Go", limits: { stalledSteps } }))
      assert.strictEqual(error.parameter, "limits.stalledSteps")
    }).pipe(at(cycle))
  )
})
