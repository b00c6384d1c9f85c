/**
 * Where a call goes when its host cannot answer: an ordered list of other
 * hosts, keys and models, each with a transport of its own.
 *
 * Which step follows which error is said in `Fallback`; `on` of a step says it
 * for that step. Only `chat` and `stream` move: `models`, `estimateTokens` and
 * `balance` speak of the client's own account.
 *
 * **Details**
 *
 * - Steps with the same host and key are one account, with one set of limits
 *   and circuits. So a step that names only a model asks another model with
 *   the client's own key.
 * - A step has the client's timeouts and size limits. Its base URL is the
 *   client's if its provider is; its key is the client's only if the base URL
 *   is too. No key is ever sent to a host that it was not given for.
 * - Tier and limits belong to an account: another account has those of its
 *   first step, and unknown ones where that says nothing.
 * - A step without a model asks the model of the call if its provider is the
 *   client's, else its provider's default model. At another provider
 *   `extra_body` is left out, because it was written for the client's own.
 *
 * @since 0.1.0
 */
import { ConfigurationError, type ConfigurationIssue } from "@kimi-effect/core/ConfigurationErrors"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import * as Fallback from "@kimi-effect/core/Fallback"
import type { Stage } from "@kimi-effect/core/Stage"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { ChatTransport } from "./ChatTransport.ts"
import * as HttpTransport from "./internal/HttpTransport.ts"
import * as Provider from "./Provider.ts"
import * as RequestCheck from "./RequestCheck.ts"

/** The options that speak of an account's limits. */
type LimitOptions = Pick<
  KimiConfig.Options,
  "tier" | "maxConcurrency" | "requestsPerMinute" | "tokensPerMinute" | "tokensPerDay"
>

/** What steps of either kind may say. */
interface StepOptions extends LimitOptions {
  /** Model that is asked. Defaults to that of the call at the client's provider, else to the provider's default model. */
  readonly model?: string | undefined
  /** What to do with a request that this host or model would refuse. Defaults to the client's policy. */
  readonly requestPolicy?: KimiConfig.Values["requestPolicy"] | undefined
  /** Name of the account in circuits and limits. Defaults to the id of the host; a number is added to one in use. */
  readonly account?: string | undefined
  /** Tags of the errors after which this step is tried, in place of the rules in `Fallback`. */
  readonly on?: ReadonlyArray<Fallback.Tag> | undefined
}

/**
 * A host that is called over HTTP.
 *
 * @category options
 * @since 0.1.0
 */
export interface HostStep
  extends StepOptions, Pick<KimiConfig.Options, "provider" | "apiKey" | "baseUrl" | "allowPlainHttp"> {
  readonly transport?: undefined
}

/**
 * A transport that is ready: a recording, a mock, or a way of your own to a host.
 *
 * @category options
 * @since 0.1.0
 */
export interface TransportStep extends StepOptions {
  readonly transport: ChatTransport["Service"]
}

/**
 * One step of a plan.
 *
 * @category options
 * @since 0.1.0
 */
export type Step = HostStep | TransportStep

/**
 * The plan of a client.
 *
 * @category services
 * @since 0.1.0
 */
export class FallbackPlan extends Context.Service<
  FallbackPlan,
  {
    /** What is tried after the client's own host, in this order. */
    readonly steps: ReadonlyArray<Fallback.Step>
    /** The stage of the pipeline. `check` checks a request for the client's own host. */
    readonly stage: (check: Fallback.Plan["check"]) => Stage
    /** The transport of every account, the client's own included. */
    readonly transports: ReadonlyMap<string, ChatTransport["Service"]>
    /** The options of every account, the client's own included. */
    readonly configs: ReadonlyMap<string, KimiConfig.Values>
  }
>()("@kimi-effect/client/FallbackPlan") {}

/** Whom a key makes us at a host. */
interface Origin {
  readonly provider: string
  readonly baseUrl: string
  readonly key: string | undefined
}

interface Account {
  readonly id: string
  readonly transport: ChatTransport["Service"]
  readonly config: KimiConfig.Values
  /** Absent where a ready transport is all that is known of the account. */
  readonly origin?: Origin
}

const originOf = (config: KimiConfig.Values): Origin => ({
  provider: config.provider,
  baseUrl: Provider.fromConfig(config).baseUrl,
  key: config.apiKey === undefined ? undefined : Redacted.value(config.apiKey)
})

const isSameOrigin = (a: Origin, b: Origin): boolean =>
  a.provider === b.provider && a.baseUrl === b.baseUrl && a.key === b.key

/** The options of a step at any host: all of the client's that speak of no account. */
const commonOptions = (step: Step, config: KimiConfig.Values): KimiConfig.Options => ({
  ...config,
  model: step.model,
  account: undefined,
  requestPolicy: step.requestPolicy ?? config.requestPolicy,
  tier: step.tier,
  maxConcurrency: step.maxConcurrency,
  requestsPerMinute: step.requestsPerMinute,
  tokensPerMinute: step.tokensPerMinute,
  tokensPerDay: step.tokensPerDay
})

/** The options of a ready transport, which needs no key of ours. */
const transportOptions = (step: TransportStep, config: KimiConfig.Values): KimiConfig.Options => ({
  ...commonOptions(step, config),
  provider: "custom",
  baseUrl: step.transport.provider.baseUrl,
  apiKey: undefined,
  allowPlainHttp: true
})

/** The options of a host, with what it may have of the client's. */
const hostOptions = (step: HostStep, config: KimiConfig.Values): KimiConfig.Options => {
  const provider = step.provider ?? config.provider
  const baseUrl = step.baseUrl ?? (provider === config.provider ? config.baseUrl : undefined)
  const own = Provider.fromConfig(config)
  const isOwnHost = provider === own.id && Provider.fromConfig({ ...config, provider, baseUrl }).baseUrl === own.baseUrl
  return {
    ...commonOptions(step, config),
    provider,
    baseUrl,
    // Both were given for one host: the key, and the leave to send it in the clear.
    apiKey: step.apiKey ?? (isOwnHost ? config.apiKey : undefined),
    allowPlainHttp: step.allowPlainHttp ?? (isOwnHost && config.allowPlainHttp)
  }
}

const uniqueAccountId = (wanted: string, accounts: ReadonlyArray<Account>): string => {
  const isTaken = (id: string) => accounts.some((account) => account.id === id)
  let id = wanted
  for (let count = 2; isTaken(id); count++) id = `${wanted}-${count}`
  return id
}

const withoutExtraBody = (request: ModelRequest): ModelRequest => {
  const { extra_body: _, ...rest } = request
  return rest
}

/** How the plan takes a step to its account. */
const toFallbackStep = (
  { id, transport: { provider } }: Account,
  { model, on, requestPolicy }: Step,
  primary: Provider.Provider,
  config: KimiConfig.Values
): Fallback.Step => {
  const isSameProvider = provider.id === primary.id
  const policy = requestPolicy ?? config.requestPolicy
  return {
    account: id,
    provider: provider.id,
    model: model ?? (isSameProvider ? undefined : provider.defaultModel),
    on,
    check: (request) => RequestCheck.check(isSameProvider ? request : withoutExtraBody(request), provider, policy)
  }
}

type Issue = typeof ConfigurationIssue.Type

const stepOptionNames: ReadonlySet<string> = new Set([
  "provider",
  "apiKey",
  "baseUrl",
  "allowPlainHttp",
  "transport",
  "model",
  "requestPolicy",
  "account",
  "on",
  "tier",
  "maxConcurrency",
  "requestsPerMinute",
  "tokensPerMinute",
  "tokensPerDay"
] satisfies ReadonlyArray<keyof HostStep | keyof TransportStep>)

const unknownOptions = (step: Step): ReadonlyArray<Issue> =>
  Object.keys(step)
    .filter((name) => !stepOptionNames.has(name))
    .map((name) => ({ name, expected: `one of ${[...stepOptionNames].join(", ")}` }))

const unknownTags = ({ on = [] }: Step): ReadonlyArray<Issue> =>
  Array.isArray(on) && on.every(Fallback.isTag)
    ? []
    : [{ name: "on", expected: "tags of errors that a call can fail with" }]

/** A plan of anything but steps, which no step can be read of. */
const malformedSteps = (steps: ReadonlyArray<Step>): ReadonlyArray<Issue> => {
  if (!Array.isArray(steps)) return [{ name: "steps", expected: "a list of steps" }]
  return steps.flatMap((step: unknown, index) =>
    typeof step === "object" && step !== null
      ? []
      : [{ name: `steps[${index}]`, expected: "an object that names a host or a model" }]
  )
}

/**
 * Builds a plan on the client's own configuration and transport. Everything
 * that is wrong with any step is reported together, as `steps[1].apiKey`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (
  steps: ReadonlyArray<Step>
): Effect.fn.Return<
  FallbackPlan["Service"],
  ConfigurationError,
  KimiConfig.KimiConfig | ChatTransport | HttpClient.HttpClient
> {
  const config = yield* KimiConfig.KimiConfig
  const primary = yield* ChatTransport
  const issues: Array<Issue> = [...malformedSteps(steps)]
  if (issues.length > 0) return yield* Effect.fail(ConfigurationError.of(issues))
  const accounts: Array<Account> = [
    { id: config.account ?? primary.provider.id, transport: primary, config, origin: originOf(config) }
  ]

  const add = ({ account: name }: Step, rest: Omit<Account, "id">): Account => {
    const account = { id: uniqueAccountId(name ?? rest.transport.provider.id, accounts), ...rest }
    accounts.push(account)
    return account
  }

  /** The account of a step: one that is there already, or a new one. */
  const accountOf = Effect.fnUntraced(function* (
    step: Step
  ): Effect.fn.Return<Account, ConfigurationError, HttpClient.HttpClient> {
    if (step.transport !== undefined) {
      const { transport } = step
      const own = yield* KimiConfig.make(transportOptions(step, config))
      return accounts.find((account) => account.transport === transport) ?? add(step, { transport, config: own })
    }
    const own = yield* KimiConfig.make(hostOptions(step, config))
    const wanted = originOf(own)
    const known = accounts.find(({ origin }) => origin !== undefined && isSameOrigin(origin, wanted))
    if (known !== undefined) return known
    const transport = yield* Effect.provideService(HttpTransport.make, KimiConfig.KimiConfig, own)
    return add(step, { transport, config: own, origin: wanted })
  })

  const planned: Array<Fallback.Step> = []
  for (const [index, step] of steps.entries()) {
    const account = yield* Effect.result(accountOf(step))
    const found = Result.isFailure(account) ? account.failure.issues : []
    for (const issue of [...found, ...unknownOptions(step), ...unknownTags(step)]) {
      issues.push({ ...issue, name: `steps[${index}].${issue.name}` })
    }
    if (Result.isSuccess(account)) planned.push(toFallbackStep(account.success, step, primary.provider, config))
  }
  if (issues.length > 0) return yield* Effect.fail(ConfigurationError.of(issues))
  return {
    steps: planned,
    stage: (check) => Fallback.stage({ check, steps: planned }),
    transports: new Map(accounts.map(({ id, transport }) => [id, transport])),
    configs: new Map(accounts.map((account) => [account.id, account.config]))
  }
})

/**
 * The plan for a client: provide it to `KimiClient.layerTransport`, over the
 * same configuration and transport.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  steps: ReadonlyArray<Step>
): Layer.Layer<FallbackPlan, ConfigurationError, KimiConfig.KimiConfig | ChatTransport | HttpClient.HttpClient> =>
  Layer.effect(FallbackPlan, make(steps))
