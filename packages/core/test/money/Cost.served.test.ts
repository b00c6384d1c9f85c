import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Stream } from "effect"
import { MalformedOutputError } from "../../src/errors/ProviderErrors.ts"
import { ChatResponse } from "../../src/models/ChatResponse.ts"
import type { StreamEvent } from "../../src/models/StreamEvent.ts"
import * as Accounting from "../../src/money/Accounting.ts"
import { withAccounting } from "../../src/money/AccountingStage.ts"
import * as Cost from "../../src/money/Cost.ts"
import { answer, callFor, events, makeBudget, prices, stages, stateOf } from "./support/budget.ts"

const caps = [{ amount: "100", currency: "USD" }] as const

/** A response of two tokens to a request for a model, as a host that names it otherwise gives it. */
const namedOtherwise = (requestedModel: string, model: string): ChatResponse =>
  new ChatResponse({ ...answer(2), model, requestedModel })

/** The same as a stream, which has the name at its beginning or at its end. */
const streamOf = (requestedModel: string, model: string, isLate: boolean): Stream.Stream<StreamEvent> =>
  Stream.map(events(2), (event): StreamEvent => {
    if (event._tag === "Start")
      return isLate ? { ...event, model: requestedModel } : { ...event, model, requestedModel }
    return event._tag === "Finish" && isLate ? { ...event, model } : event
  })

const requested = [
  { requested: "dollar-a-token", served: "two-dollars", cost: 4, rule: "the dearer model that served" },
  { requested: "two-dollars", served: "dollar-a-token", cost: 4, rule: "the request, which names the dearer model" },
  { requested: "dollar-a-token", served: "unknown", cost: 2, rule: "the request, where the served model has no price" },
  { requested: "dollar-a-token", served: "yuan", cost: 2, rule: "the request, where the currencies differ" }
]

describe("A model that the host names otherwise", () => {
  for (const { cost, requested: model, rule, served } of requested) {
    const call = callFor(5, { model })

    it.effect(`costs the price of ${rule}`, () =>
      Effect.gen(function* () {
        const found = yield* Cost.ofResponse(namedOtherwise(model, served))
        assert.deepStrictEqual(Option.map(found, Cost.format), Option.some(`$${cost}`))
      }).pipe(Effect.provide(prices))
    )

    it.effect(`is charged to a budget at the price of ${rule}`, () =>
      Effect.gen(function* () {
        const budget = yield* makeBudget({ caps })
        yield* stages(budget).effect(() => Effect.succeed(namedOtherwise(model, served)))(call)
        assert.deepStrictEqual(yield* stateOf(budget), [`total ${cost}+0/100`])
      })
    )

    for (const isLate of [false, true]) {
      it.effect(
        `is charged at the price of ${rule} for a stream that names it at its ${isLate ? "end" : "start"}`,
        () =>
          Effect.gen(function* () {
            const budget = yield* makeBudget({ caps })
            yield* Stream.runDrain(stages(budget).stream(() => streamOf(model, served, isLate))(call))
            assert.deepStrictEqual(yield* stateOf(budget), [`total ${cost}+0/100`])
          })
      )
    }

    it.effect(`is charged at the price of ${rule} for a failed response`, () =>
      Effect.gen(function* () {
        const budget = yield* makeBudget({ caps })
        const usage = { prompt_tokens: 10, completion_tokens: 2 }
        const partial = { content: "hello", reasoning_content: "", tool_calls: [], usage, model: served }
        const error = new MalformedOutputError({ message: "markup", reason: "markup", finishReason: "stop", partial })
        yield* Effect.ignore(stages(budget).effect(() => Effect.fail(error))(call))
        assert.deepStrictEqual(yield* stateOf(budget), [`total ${cost}+0/100`])
      })
    )

    it.effect(`is recorded at the price of ${rule}`, () =>
      Effect.gen(function* () {
        const accounting = yield* Accounting.make
        yield* withAccounting(accounting)(() => Effect.succeed(namedOtherwise(model, served)))(call)
        const entries = yield* accounting.entries
        assert.deepStrictEqual(
          entries.map((entry) => [entry.model, Option.getOrUndefined(Option.map(entry.cost, Cost.format))]),
          [[model, `$${cost}`]]
        )
      }).pipe(Effect.provide(prices))
    )
  }

  it.effect("costs its own price where that of the request is not known", () =>
    Effect.gen(function* () {
      const found = yield* Cost.ofResponse(namedOtherwise("alias", "two-dollars"))
      assert.deepStrictEqual(Option.map(found, Cost.format), Option.some("$4"))
    }).pipe(Effect.provide(prices))
  )

  it.effect("is recorded apart from the same model under its own name", () =>
    Effect.gen(function* () {
      const accounting = yield* Accounting.make
      const model = "dollar-a-token"
      for (const response of [answer(2), namedOtherwise(model, "two-dollars"), answer(2)]) {
        yield* withAccounting(accounting)(() => Effect.succeed(response))(callFor(5))
      }
      const { costs } = Accounting.total(yield* accounting.entries)
      assert.strictEqual(Cost.format({ currency: "USD", total: costs.get("USD") ?? assert.fail() }), "$8")
      assert.deepStrictEqual(
        (yield* accounting.entries).map(({ attempts, usage }) => [usage.servedModel, attempts]),
        [
          [undefined, 2],
          ["two-dollars", 1]
        ]
      )
    }).pipe(Effect.provide(prices))
  )
})
