/** The options of a swarm with their defaults, checked before anything is sent. */
import type { UnknownPriceError } from "@kimi-effect/core/MoneyErrors"
import type { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { providers } from "../../Provider.ts"
import type { SwarmLimits } from "../SwarmLimits.ts"
import type { SwarmOptions } from "../SwarmOptions.ts"
import { invalid, issueOf } from "./given.ts"
import * as MoneySettings from "./moneySettings.ts"
import type { Money } from "./SwarmBudget.ts"

/** The id of a swarm whose options give none. */
export const defaultId = "swarm"

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
    const issue = issueOf(options)
    if (issue !== undefined) return yield* Effect.fail(issue)
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
      id: options.id ?? defaultId,
      options,
      agents: yield* countOf("limits.agents", limits.agents, 100),
      toolCalls: yield* countOf("limits.toolCalls", limits.toolCalls, 1_500),
      tokens,
      allTokens,
      money: yield* MoneySettings.resolve(options, provider, conclusion),
      millis,
      depth: yield* countOf("limits.depth", limits.depth, 1, 0),
      conclusion,
      concurrency: yield* countOf("concurrency", options.concurrency, 100),
      initialConcurrency: yield* countOf("initialConcurrency", options.initialConcurrency, 5),
      maxResultBytes: yield* countOf("maxResultBytes", options.maxResultBytes, 16_384, 256),
      provider
    }
  })
