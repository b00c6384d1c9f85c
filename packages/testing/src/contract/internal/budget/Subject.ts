/**
 * The budget under test, and calls to a host whose output costs a dollar a token: the
 * worst-case cost of a call is its `max_completion_tokens`.
 */
import * as AccountingStage from "@kimi-effect/core/AccountingStage"
import type { Budget, Options } from "@kimi-effect/core/Budget"
import type { Attempt, Call } from "@kimi-effect/core/Call"
import { ChatResponse } from "@kimi-effect/core/ChatResponse"
import type { BudgetExceededError } from "@kimi-effect/core/MoneyErrors"
import * as PriceTable from "@kimi-effect/core/PriceTable"
import * as Stage from "@kimi-effect/core/Stage"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import type { Usage } from "@kimi-effect/core/Usage"
import * as BigDecimal from "effect/BigDecimal"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

export type Service = Budget["Service"]

/**
 * How the budget of a test is configured.
 *
 * @category models
 * @since 0.1.0
 */
export interface Settings {
  readonly caps: Options["caps"]
  /** Fractions of a cap that are reported. */
  readonly thresholds: ReadonlyArray<number>
  /** The longest wait of a call that fits only after running calls have settled. */
  readonly maxWait: Duration.Duration
}

type Test = (budget: Service) => Effect.Effect<void, unknown, Scope.Scope>

export interface Subject {
  /** Registers a test with caps. A call that does not fit is refused at once, unless a longest wait is given. */
  readonly test: (name: string, caps: Settings["caps"], test: Test, changed?: Partial<Settings>) => void
  /** Advances the clock of the budget. */
  readonly sleep: (millis: number) => Effect.Effect<void>
  /** Whether the clock of the budget is exact. */
  readonly isExact: boolean
}

const model = "dollar-a-token"
const provider = "contract"

export const prices = PriceTable.layer({
  models: [{ model, provider, currency: "USD", cacheMiss: "0", output: "1000000" }]
})

/** A cap of 100 dollars. */
export const total: Settings["caps"] = [{ amount: "100", currency: "USD" }]

/** A call whose worst case costs this many dollars. */
export const callFor = (dollars: number, of = model): Call => ({
  account: provider,
  provider,
  request: { model: of, messages: [{ role: "user", content: "Hi" }], max_completion_tokens: dollars }
})

const usageOf = (dollars: number): Usage => ({
  prompt_tokens: 10,
  completion_tokens: dollars,
  total_tokens: 10 + dollars,
  cached_tokens: 0,
  cache_write_tokens: 0,
  reasoning_tokens: 0
})

/** A response that costs this many dollars. */
export const answer = (dollars: number): ChatResponse =>
  new ChatResponse({
    id: "chatcmpl-1",
    model,
    created: 1,
    provider,
    choices: [{ index: 0, message: { role: "assistant", content: "hello" }, finish_reason: "stop" }],
    usage: usageOf(dollars)
  })

/** The same as a stream. */
export const events = (dollars: number): Stream.Stream<StreamEvent> =>
  Stream.make<ReadonlyArray<StreamEvent>>(
    { _tag: "Start", id: "chatcmpl-1", model, created: 1, provider },
    { _tag: "TextDelta", choice: 0, text: "hello" },
    { _tag: "Usage", usage: usageOf(dollars) },
    { _tag: "Finish", finishReason: "stop", finishReasons: ["stop"] }
  )

/** The stages of the budget and of accounting, which settles each attempt. */
export const stages = (budget: Service): Stage.Stage => {
  const outer = budget.stage()
  const inner = AccountingStage.stage(undefined)
  return Stage.make("money", {
    effect: (attempt) => outer.effect(inner.effect(attempt)),
    stream: (attempt) => outer.stream(inner.stream(attempt))
  })
}

export const through = (budget: Service, attempt: Attempt): Attempt => stages(budget).effect(attempt)

/** The state of a budget as text, such as `total 5+10/100` for spent, reserved and cap. */
export const stateOf = (budget: Service) =>
  Effect.map(budget.state, (scopes) =>
    scopes
      .map(({ cap, reserved, scope, spent }) => {
        const [whole, used, held] = [cap, spent, reserved].map((amount) => BigDecimal.format(amount))
        return `${scope} ${used}+${held}/${whole}`
      })
      .toSorted()
  )

/** The members of a refusal as text. */
export const refusalText = ({ _tag, cap, currency, requested, reserved, scope, spent }: BudgetExceededError) =>
  [_tag, scope, currency, ...[cap, spent, reserved, requested].map((amount) => BigDecimal.format(amount))].join(" ")
