/**
 * Shared builders for the tests of budgets: a host whose input is free and
 * whose output costs a dollar a token, so that the worst-case cost of a call
 * is its `max_completion_tokens`.
 */
import { BigDecimal, Context, Effect, Layer, Stream } from "effect"
import type * as Scope from "effect/Scope"
import { ChatResponse } from "../../../src/models/ChatResponse.ts"
import type { ModelRequest } from "../../../src/models/ChatRequest.ts"
import type { StreamEvent } from "../../../src/models/StreamEvent.ts"
import type { Usage } from "../../../src/models/Usage.ts"
import * as Budget from "../../../src/money/Budget.ts"
import * as PriceTable from "../../../src/money/PriceTable.ts"
import type { Call } from "../../../src/pipeline/Call.ts"
import * as AccountingStage from "../../../src/money/AccountingStage.ts"
import { make, type Stage } from "../../../src/pipeline/Stage.ts"
import { responseOf } from "../../support/responses.ts"

const model = "dollar-a-token"

export const prices = PriceTable.layer({
  models: [
    { model, provider: "host", currency: "USD", cacheMiss: "0", output: "1000000" },
    { model: "two-dollars", provider: "host", currency: "USD", cacheMiss: "0", output: "2000000" },
    { model: "yuan", provider: "host", currency: "CNY", cacheMiss: "0", output: "1000000" }
  ]
})

export const callFor = (max: number, request: Partial<ModelRequest> = {}): Call => ({
  account: "account",
  provider: "host",
  request: { model, messages: [{ role: "user", content: "Hi" }], max_completion_tokens: max, ...request }
})

const usageOf = (completion: number): Usage => ({
  prompt_tokens: 10,
  completion_tokens: completion,
  total_tokens: 10 + completion,
  cached_tokens: 0,
  cache_write_tokens: 0,
  reasoning_tokens: 0
})

/** A response that costs this many dollars. */
export const answer = (dollars: number): ChatResponse =>
  responseOf("hello", { model, provider: "host", usage: usageOf(dollars) })

/** The same as a stream. */
export const events = (dollars: number): Stream.Stream<StreamEvent> =>
  Stream.make<ReadonlyArray<StreamEvent>>(
    { _tag: "Start", id: "chatcmpl-1", model, created: 1, provider: "host" },
    { _tag: "TextDelta", choice: 0, text: "hello" },
    { _tag: "Usage", usage: usageOf(dollars) },
    { _tag: "Finish", finishReason: "stop", finishReasons: ["stop"] }
  )

/** A budget in memory with the prices of the test, which refuses at once unless a wait is given. */
export const makeBudget = (
  options: Parameters<typeof Budget.layer>[0]
): Effect.Effect<Budget.Budget["Service"], never, Scope.Scope> =>
  Effect.map(
    Effect.orDie(Layer.build(Layer.provide(Budget.layer({ maxWait: "off", ...options }), prices))),
    (services) => Context.get(services, Budget.Budget)
  )

/** The budget and accounting stages around the stages between them. */
export const stages = (
  budget: Budget.Budget["Service"],
  between: (inner: Stage) => Stage = (inner) => inner
): Stage => {
  const outer = budget.stage()
  const inner = between(AccountingStage.stage(undefined))
  return make("money", {
    effect: (attempt) => outer.effect(inner.effect(attempt)),
    stream: (attempt) => outer.stream(inner.stream(attempt))
  })
}

/** The state of a budget as text, such as `total 5+10/100` for spent, reserved and cap. */
export const stateOf = (budget: Budget.Budget["Service"]): Effect.Effect<ReadonlyArray<string>> =>
  Effect.map(Effect.orDie(budget.state), (state) =>
    state.map(
      ({ cap, reserved, scope, spent }) =>
        `${scope} ${BigDecimal.format(spent)}+${BigDecimal.format(reserved)}/${BigDecimal.format(cap)}`
    )
  )
