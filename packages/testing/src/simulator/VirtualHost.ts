/**
 * A Kimi host in memory, as a transport, with realistic limits, latencies and
 * failures. It depends on `Random` and `Clock` only.
 *
 * **Details**
 *
 * - The account's limits are counted as Kimi counts them: the prompt plus the
 *   maximum output, at admission, and never refunded. `TokenCount` counts the
 *   tokens of a prompt.
 * - Attempts that fail after admission are counted; rejected attempts are not.
 * - An outage also interrupts the attempts that are running when it starts.
 * - Generated tokens are billed whether or not the client received them.
 *
 * @since 0.1.0
 */
import { ChatTransport } from "@kimi-effect/client/ChatTransport"
import { type Provider, providers } from "@kimi-effect/client/Provider"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import type { RateLimits } from "@kimi-effect/core/RateLimits"
import * as TokenCount from "@kimi-effect/core/TokenCount"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Attempts from "../internal/simulator/attempts.ts"
import * as AttemptPlan from "../internal/simulator/attemptPlan.ts"
import * as HostErrors from "../internal/simulator/hostErrors.ts"
import * as PromptCount from "../internal/simulator/promptCount.ts"
import { HostLimits, type Peaks } from "../internal/simulator/HostLimits.ts"
import * as Distribution from "./Distribution.ts"
import * as FaultScript from "./FaultScript.ts"
import type { SimulatedCall } from "./SimulatedCall.ts"

export type { Peaks } from "../internal/simulator/HostLimits.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** The account's limits, such as `RateLimits.tiers[2]`. Defaults to none. */
  readonly limits?: RateLimits | undefined
  /** The provider of the host. Defaults to Moonshot's global host. */
  readonly provider?: Provider | undefined
  /** Milliseconds to the first token. Defaults to a median of 800 and a 95th percentile of 2,500. */
  readonly firstToken?: Distribution.Distribution | undefined
  /** Generation speed. Defaults to a median of 60 and a 95th percentile of 100. */
  readonly tokensPerSecond?: Distribution.Distribution | undefined
  /** Ratio of attempts that fail at random, 0 to 1. Defaults to 0. */
  readonly failureRate?: number | undefined
  /** The errors of those attempts. Defaults to 40 % `ServerError`, 30 % overload, 20 % 503 and 10 % lost connections. */
  readonly failures?: FaultScript.FailureMix | undefined
  /** Milliseconds to a rejection. Defaults to 50. */
  readonly roundTrip?: number | undefined
}

/**
 * The defaults of the options.
 *
 * @category options
 * @since 0.1.0
 */
export const defaults = {
  limits: {},
  provider: providers.moonshot,
  firstToken: { median: 800, p95: 2_500 },
  tokensPerSecond: { median: 60, p95: 100 },
  failureRate: 0,
  failures: { ServerError: 4, OverloadedError: 3, ServiceUnavailableError: 2, ConnectionLostError: 1 },
  roundTrip: 50
} as const satisfies Options

/**
 * One attempt, as observed by the host. Times are Unix milliseconds.
 *
 * @category models
 * @since 0.1.0
 */
export interface Attempt {
  readonly model: string
  readonly startedAt: number
  readonly endedAt: number
  /** `Success`, the tag of the error, or `Interrupted` when the client disconnected. */
  readonly outcome: string
  /** Billed tokens of the prompt. */
  readonly promptTokens: number
  /** Billed tokens of the output. */
  readonly outputTokens: number
}

/**
 * A virtual host.
 *
 * @category models
 * @since 0.1.0
 */
export interface VirtualHost {
  readonly transport: ChatTransport["Service"]
  /** The peak usage of each limit, as counted by the host. */
  readonly peaks: Effect.Effect<Peaks>
}

/**
 * Makes a host. The times of its faults are relative to now. `onEnd` is called
 * at the end of every attempt.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  options: Options = {},
  faults: ReadonlyArray<FaultScript.Fault> = [],
  onEnd: (attempt: Attempt) => void = () => undefined
): Effect.Effect<VirtualHost> =>
  Effect.gen(function* () {
    const random = yield* Random.Random
    const clock = yield* Clock.Clock
    const start = clock.currentTimeMillisUnsafe()
    const provider = options.provider ?? defaults.provider
    const errorsOf = HostErrors.makeAll(provider.id)
    const countPrompt = PromptCount.make()
    const limits = new HostLimits(options.limits ?? defaults.limits)
    const periods = FaultScript.periodsOf(faults)
    const inputs: AttemptPlan.PlanInputs = {
      random,
      periods,
      firstToken: options.firstToken ?? defaults.firstToken,
      tokensPerSecond: options.tokensPerSecond ?? defaults.tokensPerSecond,
      failureRate: options.failureRate ?? defaults.failureRate,
      failureWeights: AttemptPlan.cumulativeWeights(options.failures ?? defaults.failures),
      roundTrip: options.roundTrip ?? defaults.roundTrip
    }

    const begin = (request: ModelRequest, call: SimulatedCall, isStream: boolean): Attempts.RunningAttempt => {
      const startedAt = clock.currentTimeMillisUnsafe()
      call.onAttempt(startedAt)
      const conditions = FaultScript.conditionsAt(periods, startedAt - start)
      const promptTokens = countPrompt(request)
      const maxOutput = TokenCount.maxOutput(request, promptTokens)
      const outputTokens = Math.min(maxOutput, call.outputTokens)
      const running = { request, promptTokens, outputTokens, startedAt, isTruncated: outputTokens < call.outputTokens }
      const errors = errorsOf(request.model)
      const rejected = AttemptPlan.earlyRejection(inputs, conditions, errors)
      if (rejected !== undefined) return { ...running, plan: rejected, isAdmitted: false }
      const error = limits.admit(promptTokens + maxOutput, startedAt, errors.target)
      if (error !== undefined) {
        return { ...running, plan: AttemptPlan.rejection(error, inputs.roundTrip), isAdmitted: false }
      }
      const plan = AttemptPlan.make(inputs, conditions, { isStream, outputTokens, errors }, startedAt - start)
      return { ...running, plan, isAdmitted: true }
    }

    const end = (running: Attempts.RunningAttempt, outcome: string): void => {
      if (running.isAdmitted) limits.release()
      const { outputTokens, plan, promptTokens, request, startedAt } = running
      const endedAt = clock.currentTimeMillisUnsafe()
      const generated = (endedAt - startedAt - plan.firstToken) / (plan.complete - plan.firstToken)
      const hasBegun = endedAt - startedAt >= plan.firstToken
      onEnd({
        model: request.model,
        startedAt,
        endedAt,
        outcome,
        promptTokens: hasBegun ? promptTokens : 0,
        outputTokens: hasBegun ? Math.floor(outputTokens * Math.min(1, generated)) : 0
      })
    }

    const host: Attempts.Host = { provider: provider.id, begin, end }
    return {
      transport: ChatTransport.of({
        provider,
        chat: (request) => Attempts.chat(host, request),
        stream: (request) => Attempts.stream(host, request)
      }),
      peaks: Effect.sync(() => limits.peaks)
    }
  })

const isLimit = (limit: number | undefined): boolean => limit === undefined || limit > 0
const isDistribution = (value: Distribution.Distribution | undefined): boolean =>
  value === undefined || Distribution.isValid(value)

/**
 * The issues of invalid options, as names and expected forms.
 *
 * @category guards
 * @since 0.1.0
 */
export const issuesOf = (options: Options): ReadonlyArray<readonly [name: string, expected: string]> => {
  const { failureRate = 0, failures = defaults.failures, limits = {}, roundTrip = 0 } = options
  const weights = Object.values(failures)
  const checks: ReadonlyArray<readonly [isGood: boolean, name: string, expected: string]> = [
    [Object.values(limits).every(isLimit), "limits", "limits greater than 0"],
    [isDistribution(options.firstToken), "firstToken", "a median greater than 0 and a p95 of at least the median"],
    [
      isDistribution(options.tokensPerSecond),
      "tokensPerSecond",
      "a median greater than 0 and a p95 of at least the median"
    ],
    [failureRate >= 0 && failureRate <= 1, "failureRate", "a ratio from 0 to 1"],
    [
      weights.every((weight) => weight >= 0) && weights.some((weight) => weight > 0),
      "failures",
      "weights of at least 0, at least one of them greater than 0"
    ],
    [Number.isFinite(roundTrip) && roundTrip >= 0, "roundTrip", "a number of milliseconds of at least 0"]
  ]
  return checks.filter(([isGood]) => !isGood).map(([, name, expected]) => [name, expected])
}
