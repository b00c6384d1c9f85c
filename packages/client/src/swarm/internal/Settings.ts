/** The options of a swarm with their defaults, checked before anything is sent. */
import * as Cost from "@kimi-effect/core/Cost"
import { UnknownPriceError } from "@kimi-effect/core/MoneyErrors"
import * as TokenCount from "@kimi-effect/core/TokenCount"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as BigDecimal from "effect/BigDecimal"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { providers } from "../../Provider.ts"
import type { CostLimit } from "../../agent/AgentLimits.ts"
import type { SwarmLimits } from "../SwarmLimits.ts"
import type { SwarmOptions } from "../SwarmOptions.ts"
import * as Ledger from "./Ledger.ts"
import type { Money } from "./SwarmBudget.ts"

export interface Settings<R> {
  readonly id: string
  readonly options: SwarmOptions<R>
  readonly agents: number
  readonly toolCalls: number
  /** Tokens that agents may use; those of the conclusion are subtracted. */
  readonly tokens: number
  readonly allTokens: number
  readonly money: Money | undefined
  readonly millis: number
  readonly depth: number
  /** What is kept for the conclusion; nothing without an orchestrator. */
  readonly conclusion: { readonly promptTokens: number; readonly completionTokens: number; readonly millis: number }
  readonly concurrency: number
  readonly initialConcurrency: number
  readonly maxResultBytes: number
  readonly provider: string
}

const invalid = (parameter: string, expected: string): InvalidRequestError =>
  new InvalidRequestError({ message: `${parameter} must be ${expected}`, parameter })

const countOf = (
  parameter: string,
  value: number | undefined,
  otherwise: number,
  least = 1
): Effect.Effect<number, InvalidRequestError> =>
  value === undefined
    ? Effect.succeed(otherwise)
    : Number.isInteger(value) && value >= least
      ? Effect.succeed(value)
      : Effect.fail(invalid(parameter, `a whole number of at least ${least}`))

const millisOf = (
  parameter: string,
  value: Duration.Input | undefined,
  otherwise: number
): Effect.Effect<number, InvalidRequestError> => {
  if (value === undefined) return Effect.succeed(otherwise)
  const duration = Duration.fromInput(value)
  return Option.isSome(duration) && Duration.toMillis(duration.value) > 0
    ? Effect.succeed(Duration.toMillis(duration.value))
    : Effect.fail(invalid(parameter, "a duration over zero"))
}

/** A text that counts as at least this number of tokens. */
const textOf = (tokens: number): string => {
  let text = "word ".repeat(tokens)
  while (TokenCount.ofText(text) < tokens) text += text
  return text
}

/** The worst case of a conclusion, or of one token without one. */
const priceOf = <R>(
  { request = {} }: SwarmOptions<R>,
  model: string,
  provider: string,
  { completionTokens, promptTokens }: Settings<R>["conclusion"]
) =>
  Cost.ofRequest(
    {
      ...request,
      model,
      max_completion_tokens: Math.max(1, completionTokens),
      messages: [{ role: "user", content: textOf(promptTokens) }]
    },
    provider
  )

const format = (amount: BigDecimal.BigDecimal): string => BigDecimal.format(BigDecimal.normalize(amount))

const amountOf = (
  parameter: string,
  { amount }: CostLimit
): Effect.Effect<BigDecimal.BigDecimal, InvalidRequestError> => {
  const cap = typeof amount === "string" ? BigDecimal.fromString(amount) : Option.none()
  return Option.isSome(cap) && BigDecimal.isPositive(cap.value)
    ? Effect.succeed(cap.value)
    : Effect.fail(invalid(parameter, 'an amount over zero as a decimal, such as "0.50"'))
}

/** The most that the output of one call costs: what an agent has reserved by default. */
const outputPrice = <R>({ request = {} }: SwarmOptions<R>, model: string, provider: string) =>
  Effect.map(
    Cost.ofRequest({ ...request, model, messages: [{ role: "user", content: "" }] }, provider),
    Option.match({ onNone: () => Ledger.zero, onSome: ({ total }) => total })
  )

/** What each agent has reserved by `limits.agentCost`. */
const reservationOf = (
  agentCost: CostLimit,
  currency: CostLimit["currency"],
  most: BigDecimal.BigDecimal
): Effect.Effect<BigDecimal.BigDecimal, InvalidRequestError> =>
  Effect.gen(function* () {
    const amount = yield* amountOf("limits.agentCost", agentCost)
    if (agentCost.currency !== currency) {
      return yield* Effect.fail(invalid("limits.agentCost", `in ${currency} as limits.cost`))
    }
    if (BigDecimal.isGreaterThan(amount, most)) {
      const expected = `at most ${format(most)}, which limits.cost has without the conclusion`
      return yield* Effect.fail(invalid("limits.agentCost", expected))
    }
    return amount
  })

const moneyOf = <R>(
  options: SwarmOptions<R>,
  provider: string,
  conclusion: Settings<R>["conclusion"]
): Effect.Effect<Settings<R>["money"], InvalidRequestError | UnknownPriceError> =>
  Effect.gen(function* () {
    const given = options.limits?.cost
    if (given === undefined) {
      if (options.limits?.agentCost === undefined) return undefined
      return yield* Effect.fail(invalid("limits.cost", "set with limits.agentCost, which is a part of it"))
    }
    const cap = yield* amountOf("limits.cost", given)
    const model = options.request?.model
    if (model === undefined) {
      return yield* Effect.fail(invalid("request.model", "set with limits.cost, to know the price"))
    }
    const price = yield* priceOf(options, model, provider, conclusion)
    if (Option.isNone(price) || price.value.currency !== given.currency) {
      return yield* Effect.fail(
        new UnknownPriceError({
          message: `The price of ${model} in ${given.currency} is not known, so limits.cost cannot be enforced`
        })
      )
    }
    // The price of one token shows that the model has one, and nothing is kept for a conclusion that is never made.
    const kept = conclusion.promptTokens === 0 ? Ledger.zero : price.value.total
    if (BigDecimal.isGreaterThan(kept, cap)) {
      return yield* Effect.fail(invalid("limits.cost", `at least ${format(kept)}, which the conclusion may cost`))
    }
    const ledger = Ledger.make(cap, kept)
    const agentCost = options.limits?.agentCost
    const reservation =
      agentCost === undefined
        ? yield* outputPrice(options, model, provider)
        : yield* reservationOf(agentCost, given.currency, Ledger.free(ledger))
    return { currency: given.currency, ledger, reservation, isSplit: agentCost !== undefined }
  })

/** How long a conclusion may take by default: a tenth of the time of the swarm, at most a minute. */
const conclusionMillis = (millis: number): number => Math.min(60_000, millis / 10)

const conclusionOf = (limits: SwarmLimits, millis: number, hasConclusion: boolean) =>
  Effect.gen(function* () {
    if (!hasConclusion) return { promptTokens: 0, completionTokens: 0, millis: 0 }
    const { completionTokens, duration, promptTokens } = limits.conclusion ?? {}
    const kept = yield* millisOf("limits.conclusion.duration", duration, conclusionMillis(millis))
    if (kept >= millis && Number.isFinite(millis)) {
      return yield* Effect.fail(invalid("limits.conclusion.duration", "shorter than limits.duration"))
    }
    return {
      promptTokens: yield* countOf("limits.conclusion.promptTokens", promptTokens, 16_000),
      completionTokens: yield* countOf("limits.conclusion.completionTokens", completionTokens, 4_000),
      millis: kept
    }
  })

/** Applies the defaults. */
export const resolve = <R>(
  options: SwarmOptions<R>,
  hasConclusion: boolean
): Effect.Effect<Settings<R>, InvalidRequestError | UnknownPriceError> =>
  Effect.gen(function* () {
    const limits = options.limits ?? {}
    const provider = (options.provider ?? providers.moonshot).id
    const millis = yield* millisOf("limits.duration", limits.duration, Number.POSITIVE_INFINITY)
    const conclusion = yield* conclusionOf(limits, millis, hasConclusion)
    const allTokens = yield* countOf("limits.tokens", limits.tokens, Number.POSITIVE_INFINITY)
    const tokens = allTokens - conclusion.promptTokens - conclusion.completionTokens
    if (tokens <= 0) {
      return yield* Effect.fail(invalid("limits.tokens", `over the ${allTokens - tokens} tokens of the conclusion`))
    }
    return {
      id: options.id ?? "swarm",
      options,
      agents: yield* countOf("limits.agents", limits.agents, 100),
      toolCalls: yield* countOf("limits.toolCalls", limits.toolCalls, 1_500),
      tokens,
      allTokens,
      money: yield* moneyOf(options, provider, conclusion),
      millis,
      depth: yield* countOf("limits.depth", limits.depth, 1, 0),
      conclusion,
      concurrency: yield* countOf("concurrency", options.concurrency, 100),
      initialConcurrency: yield* countOf("initialConcurrency", options.initialConcurrency, 5),
      maxResultBytes: yield* countOf("maxResultBytes", options.maxResultBytes, 16_384, 256),
      provider
    }
  })
