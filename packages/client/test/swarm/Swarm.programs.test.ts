import { assert, describe, it } from "@effect/vitest"
import { Swarm, SwarmPlan, SwarmState } from "@kimi-effect/client/swarm"
import { QuotaExceededError } from "@kimi-effect/core/RateLimitErrors"
import { MockProvider } from "@kimi-effect/testing"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { answering, at, settled, taskOf } from "./support/swarm.ts"
import { during, journaled } from "./support/team.ts"

/** The account has money for two responses, and then again for all. */
const shortOfMoney = () => {
  let calls = 0
  return answering((request) =>
    ++calls === 3 ? new QuotaExceededError({ message: "Pay first" }) : `${taskOf(request)} is done`
  )
}

const items = { items: ["a", "b", "c"], prompt: "Read {{item}}", concurrency: 1 }

const planOf = (suffix: string) => [
  SwarmPlan.node({ id: "facts", prompt: "Find facts" }),
  SwarmPlan.node({ id: "draft", inputs: { facts: Schema.String }, prompt: ({ facts }) => `${facts}${suffix}` }),
  SwarmPlan.node({ id: "report", inputs: { draft: Schema.String }, prompt: ({ draft }) => draft })
]

const stateOf = <E, R>(swarm: Effect.Effect<{ readonly state: SwarmState.SwarmState }, E, R>) =>
  Effect.map(settled(swarm), ({ state }) => JSON.parse(JSON.stringify(state)) as SwarmState.SwarmState)

const changed = <E extends { readonly _tag: string }, A, R>(swarm: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(swarm), (error) => [error._tag, "key" in error ? error.key : undefined])

const requests = Effect.flatMap(MockProvider.MockProvider, (mock) => Effect.map(mock.statistics, ({ calls }) => calls))

describe("a swarm that continues from its state", () => {
  it.effect("has its items", () =>
    Effect.gen(function* () {
      const state = yield* stateOf(Swarm.map(items))
      const { outcome } = yield* settled(Swarm.resumeMap(state, items))
      assert.strictEqual(outcome._tag, "Finished")
    }).pipe(at(shortOfMoney()))
  )

  it.effect.each([
    ["another item", { ...items, items: ["a", "x", "c"] }, "item 2"],
    ["one item more", { ...items, items: ["a", "b", "c", "d"] }, "item 4 (new)"],
    ["one item less", { ...items, items: ["a", "b"] }, "item 3 (missing)"],
    ["other instructions", { ...items, agent: { system: "Be brief" } }, "item 1, item 2, item 3"]
  ] as const)("refuses %s before anything is sent", ([, other, key]) =>
    Effect.gen(function* () {
      const state = yield* stateOf(Swarm.map(items))
      const before = yield* requests
      assert.deepStrictEqual(yield* changed(Swarm.resumeMap(state, other)), ["JournalMismatchError", key])
      assert.strictEqual(yield* requests, before)
    }).pipe(at(shortOfMoney()))
  )

  it.effect("refuses a state with an error of a newer version", () =>
    Effect.gen(function* () {
      const state = yield* stateOf(Swarm.map(items))
      const assignment = { id: "a", name: "a", parent: "orchestrator", stage: 1, error: { _tag: "QuantumError" } }
      const error = yield* Effect.flip(SwarmState.decode({ ...state, assignments: [assignment] }))
      assert.strictEqual(error._tag, "InvalidRequestError")
    }).pipe(at(shortOfMoney()))
  )

  it.effect("refuses another plan", () =>
    Effect.gen(function* () {
      const state = yield* stateOf(Swarm.plan(planOf("!")))
      const other = [...planOf("!").slice(0, 2), SwarmPlan.node({ id: "report", prompt: "Write a report" })]
      assert.deepStrictEqual(yield* changed(Swarm.resumePlan(state, other)), ["JournalMismatchError", "report"])
    }).pipe(at(shortOfMoney()))
  )

  it.effect("continues a plan whose agents are in another order", () =>
    Effect.gen(function* () {
      const state = yield* stateOf(Swarm.plan(planOf("!")))
      const { outcome } = yield* settled(Swarm.resumePlan(state, planOf("!").toReversed()))
      assert.strictEqual(outcome._tag, "Finished")
    }).pipe(at(shortOfMoney()))
  )

  it.effect("ends when a prompt function returns another text", () =>
    Effect.gen(function* () {
      const state = yield* stateOf(Swarm.plan(planOf("!")))
      const { outcome } = yield* settled(Swarm.resumePlan(state, planOf("?")))
      const error = outcome._tag === "Failed" ? outcome.error : undefined
      assert.deepInclude(error, { _tag: "JournalMismatchError", key: "the prompt of draft" })
    }).pipe(at(shortOfMoney()))
  )

  it.effect("refuses another task", () =>
    Effect.gen(function* () {
      const state = yield* stateOf(Swarm.run("Work"))
      assert.deepStrictEqual(yield* changed(Swarm.resume(state, "Play")), ["JournalMismatchError", "task"])
    }).pipe(at(answering(() => new QuotaExceededError({ message: "Pay first" }))))
  )

  it.effect("refuses the state of another kind of swarm", () =>
    Effect.gen(function* () {
      const state = yield* stateOf(Swarm.map(items))
      assert.deepStrictEqual(yield* changed(Swarm.resume(state, "Work")), ["JournalMismatchError", "kind of swarm"])
    }).pipe(at(shortOfMoney()))
  )
})

describe("a swarm in a journal with another program", () => {
  it.effect("names the items that differ", () =>
    Effect.gen(function* () {
      yield* during(Swarm.durable("s", Swarm.map(items)), 1_500)
      const other = Swarm.durable("s", Swarm.map({ ...items, items: ["a", "x", "c", "d"] }))
      assert.deepStrictEqual(yield* changed(other), ["JournalMismatchError", "item 2, item 4 (new)"])
    }).pipe(Effect.provide(journaled()))
  )

  it.effect("names the first items that differ in their order", () =>
    Effect.gen(function* () {
      const letters = [..."abcdefghijkl"]
      yield* during(Swarm.durable("s", Swarm.map({ ...items, items: letters })), 1_500)
      const other = Swarm.durable("s", Swarm.map({ ...items, items: letters.toReversed() }))
      const key = "item 1, item 2, item 3, item 4, item 5 and 7 more"
      assert.deepStrictEqual(yield* changed(other), ["JournalMismatchError", key])
    }).pipe(Effect.provide(journaled()))
  )

  it.effect("does not continue with another model of the client", () =>
    Effect.gen(function* () {
      const swarm = Swarm.durable("s", Swarm.map(items))
      yield* during(swarm, 1_500)
      const other = MockProvider.layerClient({ script: shortOfMoney() }, { model: "kimi-k2.6" })
      const { outcome } = yield* settled(Effect.provide(swarm, other), "1 minute")
      assert.strictEqual(outcome._tag === "Failed" ? outcome.error._tag : outcome._tag, "JournalMismatchError")
    }).pipe(Effect.provide(journaled()))
  )

  it.effect("names the kind of swarm that differs", () =>
    Effect.gen(function* () {
      yield* during(Swarm.durable("s", Swarm.map(items)), 1_500)
      const other = Swarm.durable("s", Swarm.run("Work"))
      assert.deepStrictEqual(yield* changed(other), ["JournalMismatchError", "kind of swarm"])
    }).pipe(Effect.provide(journaled()))
  )
})
