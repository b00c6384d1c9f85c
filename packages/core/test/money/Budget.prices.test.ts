import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { ChatResponse } from "../../src/models/ChatResponse.ts"
import type { ModelRequest } from "../../src/models/ChatRequest.ts"
import * as PriceTable from "../../src/money/PriceTable.ts"
import { responseOf } from "../support/responses.ts"
import { answer, callFor, makeBudget, stages, stateOf } from "./support/budget.ts"

/** Makes a call of up to ten dollars with prices of its fiber, and gives what was reserved and what it cost. */
const spend = (prices: PriceTable.Options, response: ChatResponse, request: Partial<ModelRequest> = {}) =>
  Effect.gen(function* () {
    const budget = yield* makeBudget({ caps: [{ amount: "100", currency: "USD" }] })
    const states: Array<string> = []
    const host = Effect.map(stateOf(budget), (state) => {
      states.push(...state)
      return response
    })
    yield* Effect.provide(stages(budget).effect(() => host)(callFor(10, request)), PriceTable.layer(prices))
    return [...states, ...(yield* stateOf(budget))]
  })

const modelAt = (output: string) => [
  { model: "dollar-a-token", provider: "host", currency: "USD", cacheMiss: "0", output } as const
]

describe("Budget with prices of a fiber", () => {
  it.effect("counts with them in place of those that it was made with", () =>
    Effect.gen(function* () {
      const states = yield* spend({ models: modelAt("3000000") }, answer(2))
      assert.deepStrictEqual(states, ["total 0+30/100", "total 6+0/100"])
    })
  )
})

describe("Budget with tools of a host", () => {
  const prices: PriceTable.Options = {
    models: modelAt("1000000"),
    tools: [{ tool: "$web_search", provider: "host", currency: "USD", perCall: "5" }]
  }
  const tools = [{ type: "builtin_function", function: { name: "$web_search" } }] as const
  const calling = (name: string) => {
    const call = { id: "1", type: "function", function: { name, arguments: "{}" } } as const
    const message = { role: "assistant", content: "", tool_calls: [call] } as const
    return responseOf("", { ...answer(2), choices: [{ index: 0, message, finish_reason: "tool_calls" }] })
  }

  it.effect("reserves calls that a response may make", () =>
    Effect.gen(function* () {
      const states = yield* spend(prices, answer(2), { tools })
      assert.deepStrictEqual(states, ["total 0+30/100", "total 2+0/100"])
    })
  )

  it.effect("charges calls that a response made", () =>
    Effect.gen(function* () {
      const states = yield* spend(prices, calling("$web_search"), { tools })
      assert.deepStrictEqual(states, ["total 0+30/100", "total 7+0/100"])
    })
  )

  it.effect("charges all that was reserved if the price of a tool is not known", () =>
    Effect.gen(function* () {
      const states = yield* spend(prices, calling("$other"), { tools })
      assert.deepStrictEqual(states, ["total 0+30/100", "total 30+0/100"])
    })
  )
})
