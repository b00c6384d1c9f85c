/** The limits of money of a swarm with their defaults, checked before anything is sent. */
import * as Cost from "@kimi-effect/core/Cost"
import { UnknownPriceError } from "@kimi-effect/core/MoneyErrors"
import * as TokenCount from "@kimi-effect/core/TokenCount"
import type { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as BigDecimal from "effect/BigDecimal"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { CostLimit } from "../../agent/AgentLimits.ts"
import type { SwarmOptions } from "../SwarmOptions.ts"
import { invalid } from "./given.ts"
import * as Ledger from "./Ledger.ts"
import type { Money } from "./SwarmBudget.ts"

/** The size of a conclusion; nothing without an orchestrator. */
export interface Conclusion {
  readonly promptTokens: number
  readonly completionTokens: number
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
  { completionTokens, promptTokens }: Conclusion
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
  { amount, currency }: CostLimit
): Effect.Effect<BigDecimal.BigDecimal, InvalidRequestError> => {
  const cap = typeof amount === "string" ? BigDecimal.fromString(amount) : Option.none()
  return Option.isSome(cap) && BigDecimal.isPositive(cap.value) && (currency === "USD" || currency === "CNY")
    ? Effect.succeed(cap.value)
    : Effect.fail(invalid(parameter, 'an amount over zero as a decimal, such as "0.50", in USD or CNY'))
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

/** A part of a limit that does not exist. */
const withoutLimit = <R>({ limits }: SwarmOptions<R>): Effect.Effect<undefined, InvalidRequestError> =>
  limits?.agentCost === undefined
    ? Effect.undefined
    : Effect.fail(invalid("limits.cost", "set with limits.agentCost, which is a part of it"))

/** Applies the defaults. */
export const resolve = <R>(
  options: SwarmOptions<R>,
  provider: string,
  conclusion: Conclusion
): Effect.Effect<Money | undefined, InvalidRequestError | UnknownPriceError> =>
  Effect.gen(function* () {
    const given = options.limits?.cost
    if (given === undefined) return yield* withoutLimit(options)
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
      return yield* Effect.fail(
        invalid("limits.cost", `at least ${format(kept)} ${given.currency}, which the conclusion may cost`)
      )
    }
    const ledger = Ledger.make(cap, kept)
    const { currency } = given
    const agentCost = options.limits?.agentCost
    if (agentCost !== undefined) {
      const reservation = yield* reservationOf(agentCost, currency, Ledger.free(ledger))
      return { currency, ledger, reservation, isSplit: true }
    }
    return { currency, ledger, reservation: yield* outputPrice(options, model, provider), isSplit: false }
  })
