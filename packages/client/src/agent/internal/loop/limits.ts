/** The limits of a run with their defaults, and which of them a state has reached. */
import {
  type NoProgressError,
  type RepeatedToolCallError,
  StepLimitError,
  TokenLimitError,
  ToolCallLimitError
} from "@kimi-effect/core/AgentErrors"
import { unknownName } from "@kimi-effect/core/internal/OptionRules"
import { BudgetExceededError, UnknownPriceError } from "@kimi-effect/core/MoneyErrors"
import { DeadlineExceededError } from "@kimi-effect/core/TimeoutErrors"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as BigDecimal from "effect/BigDecimal"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import type { AgentLimits, CostLimit, RepeatLimits } from "../../AgentLimits.ts"
import type { AgentState } from "../../AgentState.ts"

/** The limits that apply. */
export interface Limits {
  readonly steps: number
  readonly toolCalls: number
  readonly tokens: number
  readonly cost: { readonly cap: BigDecimal.BigDecimal; readonly currency: CostLimit["currency"] } | undefined
  readonly millis: number
  readonly remindAt: ReadonlySet<number>
  readonly stopAt: number
  readonly stalledSteps: number
}

export type LimitError =
  | StepLimitError
  | ToolCallLimitError
  | TokenLimitError
  | BudgetExceededError
  | UnknownPriceError
  | DeadlineExceededError
  | RepeatedToolCallError
  | NoProgressError

const invalid = (parameter: string, expected: string): InvalidRequestError =>
  new InvalidRequestError({ message: `limits.${parameter} must be ${expected}`, parameter: `limits.${parameter}` })

const isCount = (value: number | undefined): boolean => value === undefined || (Number.isInteger(value) && value > 0)

/** Programs in JavaScript pass a number for it. */
const isRepeatLimits = (given: unknown): boolean => {
  if (!Predicate.isObject(given)) return false
  const { remindAt = [], stopAt } = given as RepeatLimits
  return Array.isArray(remindAt) && [...remindAt, stopAt].every(isCount)
}

/** Programs in JavaScript pass numbers. */
const costOf = (limit: Partial<CostLimit> | null): Limits["cost"] => {
  const { amount, currency } = limit ?? {}
  const cap = typeof amount === "string" ? BigDecimal.fromString(amount) : Option.none()
  return Option.isSome(cap) && BigDecimal.isPositive(cap.value) && (currency === "USD" || currency === "CNY")
    ? { cap: cap.value, currency }
    : undefined
}

const limitNames: Readonly<Record<keyof AgentLimits, true>> = {
  steps: true,
  toolCalls: true,
  tokens: true,
  cost: true,
  duration: true,
  repeats: true,
  stalledSteps: true
}

/** The first option that is not valid. */
const issueOf = (given: AgentLimits, cost: Limits["cost"], millis: number): InvalidRequestError | undefined => {
  const unknown = unknownName(given, limitNames)
  if (unknown !== undefined) return invalid(unknown[0], unknown[2])
  for (const name of ["steps", "toolCalls", "tokens"] as const) {
    if (!isCount(given[name])) return invalid(name, "a whole number over zero")
  }
  if (given.cost !== undefined && cost === undefined) {
    return invalid("cost", 'an amount over zero as a decimal, such as "0.50", in USD or CNY')
  }
  if (!(millis > 0)) return invalid("duration", "a duration over zero")
  if (given.stalledSteps !== false && !isCount(given.stalledSteps)) {
    return invalid("stalledSteps", "a whole number over zero, or false")
  }
  if (given.repeats === false || given.repeats === undefined) return undefined
  return isRepeatLimits(given.repeats)
    ? undefined
    : invalid("repeats", "an object such as { remindAt: [3], stopAt: 9 } of whole numbers over zero, or false")
}

const defaultStalledSteps = 12

/** Where more equal calls are allowed in a row, as many steps without progress are. */
const stalledStepsOf = ({ stalledSteps }: AgentLimits, stopAt: number): number =>
  stalledSteps === false ? Number.POSITIVE_INFINITY : (stalledSteps ?? Math.max(defaultStalledSteps, stopAt))

/** Applies the defaults. */
export const resolve = (given: AgentLimits = {}): Result.Result<Limits, InvalidRequestError> => {
  const cost = given.cost === undefined ? undefined : costOf(given.cost)
  const duration = Duration.fromInput(given.duration ?? Duration.infinity)
  const millis = Option.match(duration, { onNone: () => Number.NaN, onSome: Duration.toMillis })
  const issue = issueOf(given, cost, millis)
  if (issue !== undefined) return Result.fail(issue)
  const { remindAt = [3, 5, 8], stopAt = 9 } =
    given.repeats === false ? { remindAt: [], stopAt: Infinity } : (given.repeats ?? {})
  return Result.succeed({
    steps: given.steps ?? 100,
    toolCalls: given.toolCalls ?? 300,
    tokens: given.tokens ?? Number.POSITIVE_INFINITY,
    cost,
    millis,
    remindAt: new Set(remindAt),
    stopAt,
    stalledSteps: stalledStepsOf(given, stopAt)
  })
}

/** Members that name the agent. */
export const agentOf = ({ agent }: AgentState) => (agent === undefined ? {} : { agent })

const zero = BigDecimal.fromBigInt(0n)

const costError = (state: AgentState, cost: Limits["cost"]): LimitError | undefined => {
  if (cost === undefined) return undefined
  const other = state.costs.find(({ currency }) => currency !== cost.currency)
  if (state.unpriced > 0 || other !== undefined) {
    const reason = other === undefined ? "The price of a response is not known" : `A response costs ${other.currency}`
    return new UnknownPriceError({ message: `${reason}, so the cost limit in ${cost.currency} cannot be enforced` })
  }
  const spent = BigDecimal.fromStringUnsafe(state.costs[0]?.total ?? "0")
  if (BigDecimal.isLessThan(spent, cost.cap)) return undefined
  return new BudgetExceededError({
    message: "The run has spent its cost limit",
    scope: state.agent === undefined ? "agent" : `agent:${state.agent}`,
    currency: cost.currency,
    cap: cost.cap,
    spent,
    // The run ends for what it has spent: the next call reserves nothing.
    reserved: zero,
    requested: zero
  })
}

/** The error of a run that has worked for its whole time. */
export const deadlineExceeded = ({ millis }: Limits): DeadlineExceededError => {
  const timeout = Duration.millis(millis)
  return new DeadlineExceededError({ message: `The run took longer than its ${Duration.format(timeout)}`, timeout })
}

/** The first limit that keeps a run from making `calls` tool calls, or its next step. */
export const exceeded = (state: AgentState, limits: Limits, calls: number): LimitError | undefined => {
  if (state.elapsedMillis >= limits.millis) return deadlineExceeded(limits)
  if (state.steps >= limits.steps) {
    return new StepLimitError({
      ...agentOf(state),
      message: `The run has taken its ${limits.steps} steps and the model is not done`,
      limit: limits.steps
    })
  }
  if (state.toolCalls + calls > limits.toolCalls) {
    return new ToolCallLimitError({
      ...agentOf(state),
      message: `${calls} more tool calls exceed the ${limits.toolCalls} of the run`,
      limit: limits.toolCalls
    })
  }
  const used = state.usage.total_tokens
  if (used >= limits.tokens) {
    return new TokenLimitError({
      ...agentOf(state),
      message: `The run has used ${used} of its ${limits.tokens} tokens`,
      limit: limits.tokens,
      used
    })
  }
  return costError(state, limits.cost)
}
