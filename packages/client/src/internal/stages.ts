/** The stages of one client, from its configuration and from the services that are provided in their place. */
import type * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as CircuitBreaker from "@kimi-effect/core/resilience/CircuitBreaker"
import { withDeadline, withStreamDeadline } from "@kimi-effect/core/resilience/Deadline"
import type { Stages } from "@kimi-effect/core/resilience/Pipeline"
import * as Retry from "@kimi-effect/core/resilience/Retry"
import * as RetryBudget from "@kimi-effect/core/resilience/RetryBudget"
import { withStreamTimeout, withTimeout } from "@kimi-effect/core/resilience/Timeout"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

/** The stages of a call to one model of one host. */
export type StagesOf = (provider: string, model: string) => Stages

/** Models of one client are few; whoever makes up names for them does not fill the memory. */
const maxBuilt = 64

/**
 * Builds the stages. A stage that nobody provides is built here, so that every
 * client has a budget and circuits of its own.
 */
export const make = Effect.fnUntraced(function* (config: KimiConfig.Values): Effect.fn.Return<StagesOf> {
  const breaker = yield* Effect.flatMap(
    Effect.serviceOption(CircuitBreaker.CircuitBreaker),
    Option.match({ onNone: () => CircuitBreaker.make(), onSome: Effect.succeed })
  )
  const budget = yield* Effect.flatMap(
    Effect.serviceOption(RetryBudget.RetryBudget),
    Option.match({ onNone: () => RetryBudget.make(), onSome: Effect.succeed })
  )
  const schedule = Option.getOrUndefined(yield* Effect.serviceOption(Retry.RetrySchedule))
  const retry = { ...Retry.fromConfig(config), schedule }

  const build: StagesOf = (provider, model) => {
    const key = `${provider}/${model}`
    const origin = { provider, model }
    return {
      deadline: {
        effect: withDeadline(config.deadline),
        stream: withStreamDeadline(config.deadline),
        options: { deadline: config.deadline === undefined ? "none" : Duration.format(config.deadline) }
      },
      retry: {
        effect: Retry.withRetry(retry, budget),
        stream: Retry.withStreamRetry(retry, budget),
        options: {
          attempts: String(retry.maxAttempts),
          delays: `${Duration.format(retry.baseDelay)} to ${Duration.format(retry.maxDelay)}`,
          jitter: retry.jitter,
          ambiguous: retry.ambiguous,
          elapsed: Duration.format(retry.maxElapsed),
          ...(schedule === undefined ? {} : { schedule: "custom" })
        }
      },
      breaker: { effect: breaker.guard(key), stream: breaker.guardStream(key), options: { key } },
      timeout: {
        effect: withTimeout(config, origin),
        stream: withStreamTimeout(config, origin),
        options: {
          connect: Duration.format(config.connectTimeout),
          "first token": Duration.format(config.firstTokenTimeout),
          idle: Duration.format(config.idleTimeout),
          total: Duration.format(config.totalTimeout)
        }
      }
    }
  }

  const built = new Map<string, Stages>()
  return (provider, model) => {
    const key = `${provider}/${model}`
    const known = built.get(key)
    if (known !== undefined) return known
    if (built.size >= maxBuilt) built.clear()
    const stages = build(provider, model)
    built.set(key, stages)
    return stages
  }
})
