import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, Layer, Stream } from "effect"
import * as Budget from "../../src/money/Budget.ts"
import * as BudgetStore from "../../src/money/BudgetStore.ts"
import * as PriceTable from "../../src/money/PriceTable.ts"
import type { Call } from "../../src/pipeline/Call.ts"
import { make } from "../../src/pipeline/Stage.ts"
import { answer, callFor, events, stages, stateOf } from "./support/budget.ts"

/** Makes a call of the model `first`, whose attempts call `second`, and interrupts it while the price of one is looked up. */
const interruptedAt = (model: "first" | "second", kind: "chat" | "stream", isImmediate: boolean) =>
  Effect.gen(function* () {
    const asked: Array<string> = []
    let fiber: Fiber.Fiber<unknown, unknown> | undefined
    const prices: PriceTable.Prices = {
      ...PriceTable.catalog,
      model: (priced, provider) => {
        asked.push(priced)
        if (priced === model) fiber?.interruptUnsafe()
        return { provider, currency: "USD", cacheMiss: "0", output: "1000000" }
      }
    }
    const memory = yield* BudgetStore.makeMemory()
    const services = yield* Layer.build(
      Budget.layerStore({
        caps: [{ amount: "100", currency: "USD" }],
        // An attempt that did not begin has generated nothing.
        lostAttempts: { tokensPerSecond: 1 }
      }).pipe(
        Layer.provide(Layer.succeed(BudgetStore.BudgetStore, isImmediate ? memory : { ...memory })),
        Layer.provide(Layer.succeed(PriceTable.PriceTable, prices))
      )
    )
    const budget = Context.get(services, Budget.Budget)
    const second = (call: Call): Call => ({ ...call, request: { ...call.request, model: "second" } })
    const money = stages(budget, ({ effect, stream }) =>
      make("second", {
        effect: (attempt) => (call) => effect(attempt)(second(call)),
        stream: (attempt) => (call) => stream(attempt)(second(call))
      })
    )
    const called = Effect.sync(() => asked.push("host"))
    const call = callFor(10, { model: "first" })
    const run: Effect.Effect<unknown, unknown> =
      kind === "chat"
        ? money.effect(() => Effect.as(called, answer(1)))(call)
        : Stream.runDrain(money.stream(() => Stream.unwrap(Effect.as(called, events(1))))(call))
    const running = yield* Effect.forkChild(
      Effect.withFiber((self) => {
        fiber = self
        return run
      })
    )
    const exit = yield* Fiber.await(running)
    return { asked, isInterrupted: Exit.hasInterrupts(exit), state: yield* stateOf(budget) }
  })

describe("Budget of a call that is interrupted while it reserves", () => {
  for (const kind of ["chat", "stream"] as const) {
    it.effect(`releases at once what a store reserved for a ${kind}`, () =>
      Effect.gen(function* () {
        const { asked, isInterrupted, state } = yield* interruptedAt("first", kind, true)
        assert.deepStrictEqual([isInterrupted, asked, state], [true, ["first"], ["total 0+0/100"]])
      })
    )

    it.effect(`reserves nothing for a ${kind} in a store that has to be waited for`, () =>
      Effect.gen(function* () {
        const { asked, isInterrupted, state } = yield* interruptedAt("first", kind, false)
        assert.deepStrictEqual([isInterrupted, asked, state], [true, ["first"], []])
      })
    )

    it.effect.each([true, false])(
      `keeps nothing reserved for the attempt of a ${kind}, in any store (%s)`,
      (isImmediate) =>
        Effect.gen(function* () {
          const { asked, isInterrupted, state } = yield* interruptedAt("second", kind, isImmediate)
          assert.deepStrictEqual([isInterrupted, asked], [true, ["first", "second"]])
          assert.deepStrictEqual(state, ["total 0+0/100"])
        })
    )
  }
})
