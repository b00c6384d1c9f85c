/** The options of a provider with their defaults applied, or the issues of those that are invalid. */
import type { Balance } from "@kimi-effect/core/Balance"
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import type { Model } from "@kimi-effect/core/ModelList"
import type { RateLimits } from "@kimi-effect/core/RateLimits"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import type { Chunking } from "../../Chunking.ts"
import type { Explicit } from "../../Reply.ts"
import type { Script } from "../../Script.ts"
import * as Distribution from "../../simulator/Distribution.ts"
import * as FaultScript from "../../simulator/FaultScript.ts"
import { isReply } from "../replies/givenReply.ts"
import { isFailureTag, type FailureTag } from "./failureReplies.ts"
import * as ScriptIssues from "./scriptIssues.ts"

/**
 * Options of a provider. All are optional; without any, it answers every
 * request at once with a greeting.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** The answers. A request that the script does not answer is a defect. Defaults to a greeting for every request. */
  readonly script?: Script | undefined
  /** Ratio of attempts that fail, from 0 to 1, by the tag of their error. Together at most 1. Defaults to none. */
  readonly failures?: { readonly [Tag in FailureTag]?: number } | undefined
  /** Time to the headers of a response: always the same, or a distribution of milliseconds. Defaults to none. */
  readonly latency?: Duration.Input | Distribution.Distribution | undefined
  /** Generation speed: it delays whole responses and spreads streams. Replies with a timing ignore it. Defaults to no limit. */
  readonly tokensPerSecond?: number | Distribution.Distribution | undefined
  /** The account's limits, such as `RateLimits.tiers[1]`, counted as Kimi counts them. A request beyond them gets Kimi's 429. Defaults to none. */
  readonly limits?: RateLimits | undefined
  /** Periods of faults, from the start of the provider: those of the `Simulator`. Defaults to none. */
  readonly faults?: ReadonlyArray<FaultScript.Fault> | undefined
  /** Alternates between answering for `up` and refusing connections for `down`, beginning with `up`. Defaults to always up. */
  readonly flapping?: { readonly up: Duration.Input; readonly down: Duration.Input } | undefined
  /** Seed of the failures and latencies. Defaults to the `Random` of the context. */
  readonly seed?: string | number | undefined
  /** How streams are split over reads. Defaults to one event per read. */
  readonly chunking?: Chunking | undefined
  /** The models that are listed, or the reply to their request. Defaults to the live models of Moonshot. */
  readonly models?: ReadonlyArray<Model> | Explicit | undefined
  /** The token estimate, or the reply to its request. Defaults to 80. */
  readonly tokenEstimate?: number | Explicit | undefined
  /** The balance, or the reply to its request. Defaults to $12.50. */
  readonly balance?: Balance | Explicit | undefined
  /** Number of latest requests and attempts that are kept, for `requests`, `statistics` and the assertions. Defaults to all. */
  readonly maxRecorded?: number | undefined
}

const optionNames: Record<keyof Options, true> = {
  script: true,
  failures: true,
  latency: true,
  tokensPerSecond: true,
  limits: true,
  faults: true,
  flapping: true,
  seed: true,
  chunking: true,
  models: true,
  tokenEstimate: true,
  balance: true,
  maxRecorded: true
}

type Issue = ConfigurationError["issues"][number]

const isDistribution = (value: unknown): value is Distribution.Distribution =>
  typeof value === "object" && value !== null && "median" in value

const millisOf = (input: Duration.Input): number | undefined =>
  Option.getOrUndefined(Option.map(Duration.fromInput(input), Duration.toMillis))

const distribution = "a median greater than 0 and a p95 of at least the median"

const latencyIssue = ({ latency }: Options): Issue | undefined => {
  if (latency === undefined) return undefined
  if (isDistribution(latency))
    return Distribution.isValid(latency) ? undefined : { name: "latency", expected: distribution }
  const millis = millisOf(latency)
  return millis !== undefined && millis >= 0 && Number.isFinite(millis)
    ? undefined
    : { name: "latency", expected: "a finite duration, or a distribution of milliseconds" }
}

const speedIssue = ({ tokensPerSecond }: Options): Issue | undefined => {
  if (tokensPerSecond === undefined) return undefined
  const isValid = isDistribution(tokensPerSecond) ? Distribution.isValid(tokensPerSecond) : tokensPerSecond > 0
  return isValid ? undefined : { name: "tokensPerSecond", expected: `a number greater than 0, or ${distribution}` }
}

const failureIssues = ({ failures = {} }: Options): ReadonlyArray<Issue> => {
  const rates = Object.entries(failures)
  const issues = rates.flatMap(([tag, rate]): ReadonlyArray<Issue> => {
    if (!isFailureTag(tag))
      return [{ name: `failures.${tag}`, expected: "the tag of an error of the host or the network" }]
    return rate >= 0 && rate <= 1 ? [] : [{ name: `failures.${tag}`, expected: "a ratio from 0 to 1" }]
  })
  const total = rates.reduce((sum, [, rate]) => sum + rate, 0)
  // Rates are decimals, so their sum may exceed 1 by a rounding error.
  return issues.length === 0 && total > 1 + 1e-9
    ? [{ name: "failures", expected: "rates of at most 1 together" }]
    : issues
}

const flappingIssue = ({ flapping }: Options): Issue | undefined => {
  if (flapping === undefined) return undefined
  const isPositive = [flapping.up, flapping.down].every((input) => {
    const millis = millisOf(input)
    return millis !== undefined && millis > 0 && Number.isFinite(millis)
  })
  return isPositive ? undefined : { name: "flapping", expected: "finite durations greater than 0" }
}

const limitIssue = ({ limits = {} }: Options): Issue | undefined =>
  Object.values(limits).every((limit) => limit === undefined || limit > 0)
    ? undefined
    : { name: "limits", expected: "limits greater than 0" }

const isCount = (value: unknown): boolean => typeof value === "number" && value >= 0 && Number.isFinite(value)

const chunkingIssue = ({ chunking }: Options): Issue | undefined => {
  const size: unknown = Predicate.isObject(chunking) ? Object.values(chunking)[0] : undefined
  return chunking === undefined || chunking === "whole" || isCount(size)
    ? undefined
    : { name: "chunking", expected: '"whole", or a number of bytes or events' }
}

/** The replies to requests that call no model. */
const replyIssues = ({ balance, models, tokenEstimate }: Options): ReadonlyArray<Issue> => {
  const checks: ReadonlyArray<readonly [name: string, value: unknown, isValue: boolean, expected: string]> = [
    ["models", models, Array.isArray(models), "a list of models or a Reply"],
    ["tokenEstimate", tokenEstimate, isCount(tokenEstimate), "a number of tokens or a Reply"],
    ["balance", balance, Predicate.isObject(balance) && !("_tag" in balance), "a balance or a Reply"]
  ]
  return checks.flatMap(([name, value, isValue, expected]) =>
    value === undefined || isValue ? [] : isReply(value) ? ScriptIssues.replyIssues(value, name) : [{ name, expected }]
  )
}

const recordedIssue = ({ maxRecorded = 1 }: Options): Issue | undefined =>
  maxRecorded >= 0 ? undefined : { name: "maxRecorded", expected: "a number of at least 0" }

const faultIssues = ({ faults = [] }: Options): ReadonlyArray<Issue> =>
  faults.flatMap((fault, index) => {
    const issue = FaultScript.issueOf(fault)
    return issue === undefined ? [] : [{ name: `faults[${index}].${issue[0]}`, expected: issue[1] }]
  })

/** The issues of options whose names do not exist. */
export const unknownNames = (options: object, names: object): ReadonlyArray<Issue> =>
  OptionRules.knownNames(options, names).map(([name, , expected]) => ({ name, expected }))

const issuesOf = (options: Options): ReadonlyArray<Issue> => [
  ...unknownNames(options, optionNames),
  ...ScriptIssues.issuesOf(options.script ?? []),
  ...failureIssues(options),
  ...faultIssues(options),
  ...replyIssues(options),
  ...[latencyIssue, speedIssue, flappingIssue, limitIssue, chunkingIssue, recordedIssue].flatMap(
    (check) => check(options) ?? []
  )
]

/** Fails with all issues of the options, and with those of others that are given with them. */
export const check = (options: Options, others: ReadonlyArray<Issue> = []): Effect.Effect<void, ConfigurationError> =>
  Effect.suspend(() => {
    const issues = [...issuesOf(options), ...others]
    return issues.length === 0 ? Effect.void : Effect.fail(ConfigurationError.of(issues))
  })

/** How a value is drawn for each attempt. */
export type Sampler = (random: Parameters<typeof Distribution.draw>[0]) => number

/** The milliseconds of a latency. */
export const latencySampler = (latency: Options["latency"]): Sampler => {
  if (isDistribution(latency)) return (random) => Math.round(Distribution.draw(random, latency))
  const millis = latency === undefined ? 0 : Duration.toMillis(latency)
  return () => millis
}

/** The tokens per second of an attempt; infinite without a limit. */
export const speedSampler = (speed: Options["tokensPerSecond"]): Sampler => {
  if (isDistribution(speed)) return (random) => Distribution.draw(random, speed)
  const constant = speed ?? Number.POSITIVE_INFINITY
  return () => constant
}
