/**
 * What must hold between options.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import type { ConfigurationIssue } from "../../errors/ConfigurationErrors.ts"
import { type Name, rows, type Values } from "./OptionTable.ts"

type Issue = typeof ConfigurationIssue.Type

/** The name of an option as it was given, or as it can be set. */
type Label = (name: Name) => string

type Rule = (config: Values, label: Label) => Issue | undefined

/** Hosts that respond without a key. */
const keylessProviders: ReadonlySet<string> = new Set(["ollama", "custom"])

/** Of the parsed URL: `HTTP://` and a leading space name the same scheme as `http://`. */
const isPlainHttp = (baseUrl: string): boolean => URL.parse(baseUrl)?.protocol === "http:"

const isLoopback = (baseUrl: string): boolean => {
  const host = URL.parse(baseUrl)?.hostname ?? ""
  return host === "localhost" || host === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(host)
}

const keyIsGiven: Rule = ({ apiKey, provider }, label) =>
  apiKey !== undefined || keylessProviders.has(provider)
    ? undefined
    : { name: label("apiKey"), expected: `an API key, which the host ${provider} requires` }

const customHasBaseUrl: Rule = ({ baseUrl, provider }, label) =>
  provider !== "custom" || baseUrl !== undefined
    ? undefined
    : { name: label("baseUrl"), expected: "a base URL, which the host custom requires" }

const plainHttpIsAllowed: Rule = ({ allowPlainHttp, baseUrl }, label) =>
  baseUrl === undefined || !isPlainHttp(baseUrl) || allowPlainHttp || isLoopback(baseUrl)
    ? undefined
    : {
        name: label("baseUrl"),
        expected: `an https URL, or http on this machine only, unless ${label("allowPlainHttp")} is true`
      }

/** The same rule as that of `CircuitBreaker`, where a rate is taken over a number of calls. */
const callsFitWindow: Rule = ({ breakerFailureRate, breakerMinimumCalls, breakerSlowRate, breakerWindow }, label) =>
  breakerWindow._tag === "Time" ||
  breakerMinimumCalls <= breakerWindow.size ||
  (breakerFailureRate === "off" && breakerSlowRate === undefined)
    ? undefined
    : {
        name: label("breakerMinimumCalls"),
        expected: `at most the number of calls of ${label("breakerWindow")}`
      }

const isShared = ({ circuits }: Values): boolean => circuits._tag === "Redis"

const sharedRateCountsCalls: Rule = (config, label) =>
  isShared(config) &&
  config.breakerWindow._tag === "Time" &&
  config.breakerFailureRate !== "off" &&
  config.breakerFailureRate !== rows.breakerFailureRate.default
    ? {
        name: label("breakerFailureRate"),
        expected: `a number of calls in ${label("breakerWindow")}, such as "100 calls", because circuits on Redis have no window of time`
      }
    : undefined

const sharedCircuitsCanOpen: Rule = (config, label) =>
  isShared(config) && config.breakerFailures === "off" && config.breakerWindow._tag === "Time"
    ? {
        name: label("breakerFailures"),
        expected: `a number, or a number of calls in ${label("breakerWindow")}, because circuits on Redis have no window of time`
      }
    : undefined

const sharedCircuitsKnowNoSlowCalls: Rule = (config, label) =>
  isShared(config) && config.breakerSlowRate !== undefined
    ? { name: label("breakerSlowRate"), expected: "no slow rate, which circuits on Redis do not have" }
    : undefined

const staleBeforeGone: Rule = ({ cacheStaleAfter, cacheTimeToLive }, label) =>
  cacheStaleAfter === undefined || Duration.isLessThan(cacheStaleAfter, cacheTimeToLive)
    ? undefined
    : { name: label("cacheStaleAfter"), expected: `less than ${label("cacheTimeToLive")}` }

/** A memory that is smaller than the default largest response has a smaller largest response. */
const entryFitsMemory: Rule = ({ cacheMaxBytes, cacheMaxEntryBytes }, label) =>
  cacheMaxEntryBytes <= cacheMaxBytes || cacheMaxEntryBytes === rows.cacheMaxEntryBytes.default
    ? undefined
    : { name: label("cacheMaxEntryBytes"), expected: `at most ${label("cacheMaxBytes")}` }

type Step = Values["fallback"][number]

/** The host of a step. Whether another URL of the client's provider is the client's own host, the client decides. */
const hostOf = (config: Values, { allowPlainHttp, apiKey, baseUrl, provider = config.provider }: Step): Values => {
  const own = provider === config.provider ? config : undefined
  return {
    ...config,
    provider,
    baseUrl: baseUrl ?? own?.baseUrl,
    apiKey: apiKey ?? own?.apiKey,
    allowPlainHttp: allowPlainHttp ?? own?.allowPlainHttp ?? false
  }
}

const stepHasKey: Rule = (config, label) =>
  keyIsGiven(config, label) && {
    name: label("apiKey"),
    expected: `an API key in this step: its host ${config.provider} requires one, and gets none of another host`
  }

/** What must hold for the host of each fallback step, as for that of the client. */
const ofSteps = (config: Values, label: Label): ReadonlyArray<Issue> =>
  config.fallback.flatMap((step, index) =>
    [stepHasKey, customHasBaseUrl, plainHttpIsAllowed].flatMap((rule) => {
      const isOwn = (step.provider ?? config.provider) === config.provider
      // What the step has of the client is reported once, for the client.
      if (isOwn && step.baseUrl === undefined) return []
      return rule(hostOf(config, step), (name) => `${label("fallback")}[${index}].${name}`) ?? []
    })
  )

const rules: ReadonlyArray<Rule> = [
  keyIsGiven,
  customHasBaseUrl,
  plainHttpIsAllowed,
  callsFitWindow,
  sharedRateCountsCalls,
  sharedCircuitsCanOpen,
  sharedCircuitsKnowNoSlowCalls,
  staleBeforeGone,
  entryFitsMemory
]

/**
 * Every rule between options that is broken.
 *
 * @category validation
 * @since 0.1.0
 */
export const find = (config: Values, label: Label): ReadonlyArray<Issue> => [
  ...rules.flatMap((rule) => rule(config, label) ?? []),
  ...ofSteps(config, label)
]
