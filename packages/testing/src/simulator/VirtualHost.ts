/**
 * A Kimi host in memory, as a transport: limits, latencies and failures as a
 * real one has them, with nothing but `Random` and `Clock` behind them.
 *
 * **Details**
 *
 * - An account's limits are counted as Kimi does: prompt plus the most that
 *   may be generated, when a request comes in, and never given back. A prompt
 *   has as many tokens as `TokenCount` says.
 * - What fails inside was counted too; what is refused was not.
 * - An outage also breaks what is running when it begins.
 * - What was generated is billed, whether or not it was heard.
 *
 * @since 0.1.0
 */
import { ChatTransport } from "@kimi-effect/client/ChatTransport"
import { type Provider, providers } from "@kimi-effect/client/Provider"
import { UnsupportedOperationError } from "@kimi-effect/core/ValidationErrors"
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
  /** The account's limits, such as `RateLimits.tiers[2]`. None by default. */
  readonly limits?: RateLimits | undefined
  /** The host's description. Defaults to Moonshot's global host. */
  readonly provider?: Provider | undefined
  /** Milliseconds until an answer begins. Defaults to 800 in the middle, 2,500 at most for 19 of 20. */
  readonly firstToken?: Distribution.Distribution | undefined
  /** How fast an answer is written. Defaults to 60 in the middle, 100 at most for 19 of 20. */
  readonly tokensPerSecond?: Distribution.Distribution | undefined
  /** Share of attempts that fail by chance, 0 to 1. Defaults to 0. */
  readonly failureRate?: number | undefined
  /** What they fail with. Defaults to four ServerErrors to three overloads, two 503s and one lost connection. */
  readonly failures?: FaultScript.FailureMix | undefined
  /** Milliseconds that a refusal takes. Defaults to 50. */
  readonly roundTrip?: number | undefined
}

/**
 * The default of every option that has one.
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
 * One attempt, as the host saw it. Times are Unix milliseconds.
 *
 * @category models
 * @since 0.1.0
 */
export interface Attempt {
  readonly model: string
  readonly startedAt: number
  readonly endedAt: number
  /** `Success`, the tag of the error, or `Interrupted` when the caller left. */
  readonly outcome: string
  /** What the attempt is billed for. */
  readonly promptTokens: number
  readonly outputTokens: number
}

/**
 * A host that was made.
 *
 * @category models
 * @since 0.1.0
 */
export interface VirtualHost {
  readonly transport: ChatTransport["Service"]
  /** The most that was in use of each limit, as the host counted it. */
  readonly peaks: Effect.Effect<Peaks>
}

/**
 * A host whose faults are counted from now on. `onEnd` is told of every
 * attempt that has ended.
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
    const terms: AttemptPlan.PlanInputs = {
      random,
      periods,
      firstToken: options.firstToken ?? defaults.firstToken,
      tokensPerSecond: options.tokensPerSecond ?? defaults.tokensPerSecond,
      failureRate: options.failureRate ?? defaults.failureRate,
      failureWeights: AttemptPlan.cumulativeWeights(options.failures ?? defaults.failures),
      roundTrip: options.roundTrip ?? defaults.roundTrip
    }

    const begin = (request: ModelRequest, call: SimulatedCall): Attempts.RunningAttempt => {
      const startedAt = clock.currentTimeMillisUnsafe()
      call.onAttempt(startedAt)
      const conditions = FaultScript.conditionsAt(periods, startedAt - start)
      const promptTokens = countPrompt(request)
      const most = TokenCount.maxOutput(request, promptTokens)
      const outputTokens = Math.min(most, call.outputTokens)
      const running = { request, promptTokens, outputTokens, startedAt, isTruncated: outputTokens < call.outputTokens }
      const errors = errorsOf(request.model)
      const gate = AttemptPlan.earlyRejection(terms, conditions, errors)
      if (gate !== undefined) return { ...running, plan: gate, isAdmitted: false }
      const error = limits.admit(promptTokens + most, startedAt, errors.target)
      if (error !== undefined) {
        return { ...running, plan: AttemptPlan.rejection(error, terms.roundTrip), isAdmitted: false }
      }
      const plan = AttemptPlan.make(terms, conditions, { outputTokens, errors }, startedAt - start)
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
    const unsupported = (operation: string) =>
      Effect.fail(
        new UnsupportedOperationError({ message: "The virtual host only chats", provider: provider.id, operation })
      )
    return {
      transport: ChatTransport.of({
        provider,
        chat: (request) => Attempts.chat(host, request),
        stream: (request) => Attempts.stream(host, request),
        models: Effect.succeed([{ id: provider.defaultModel }]),
        estimateTokens: (_, messages) =>
          Effect.sync(() => TokenCount.ofPrompt({ model: provider.defaultModel, messages })),
        balance: unsupported("balance")
      }),
      peaks: Effect.sync(() => limits.peaks)
    }
  })

const isLimit = (limit: number | undefined): boolean => limit === undefined || limit > 0
const isDistribution = (value: Distribution.Distribution | undefined): boolean =>
  value === undefined || Distribution.isValid(value)

/**
 * What is wrong with the options, as names and expected forms.
 *
 * @category guards
 * @since 0.1.0
 */
export const issuesOf = (options: Options): ReadonlyArray<readonly [name: string, expected: string]> => {
  const { failureRate = 0, failures = defaults.failures, limits = {}, roundTrip = 0 } = options
  const weights = Object.values(failures)
  const checks: ReadonlyArray<readonly [isGood: boolean, name: string, expected: string]> = [
    [Object.values(limits).every(isLimit), "limits", "limits over 0"],
    [isDistribution(options.firstToken), "firstToken", "a median over 0 and a p95 of at least that"],
    [isDistribution(options.tokensPerSecond), "tokensPerSecond", "a median over 0 and a p95 of at least that"],
    [failureRate >= 0 && failureRate <= 1, "failureRate", "a ratio from 0 to 1"],
    [
      weights.every((weight) => weight >= 0) && weights.some((weight) => weight > 0),
      "failures",
      "weights of at least 0, one of them over 0"
    ],
    [Number.isFinite(roundTrip) && roundTrip >= 0, "roundTrip", "milliseconds of at least 0"]
  ]
  return checks.filter(([isGood]) => !isGood).map(([, name, expected]) => [name, expected])
}
