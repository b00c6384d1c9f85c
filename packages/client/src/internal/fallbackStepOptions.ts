/** From a step of a fallback plan to the options of its host and to the step of the fallback stage. */
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import type * as Fallback from "@kimi-effect/core/Fallback"
import type * as KimiConfig from "@kimi-effect/core/KimiConfig"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import type { HostStep, Step, TransportStep } from "../FallbackPlan.ts"
import * as Provider from "../Provider.ts"
import * as RequestCheck from "../RequestCheck.ts"

/** The options of a step at any host: those of the client that are not about an account. */
const commonOptions = (step: Step, config: KimiConfig.Values): KimiConfig.Options => ({
  ...config,
  model: step.model,
  account: undefined,
  // Steps do not fall back further.
  fallback: undefined,
  requestPolicy: step.requestPolicy ?? config.requestPolicy,
  tier: step.tier,
  maxConcurrency: step.maxConcurrency,
  requestsPerMinute: step.requestsPerMinute,
  tokensPerMinute: step.tokensPerMinute,
  tokensPerDay: step.tokensPerDay
})

/** The options of a step with a transport. The transport has its own credentials. */
export const transportOptions = (step: TransportStep, config: KimiConfig.Values): KimiConfig.Options => ({
  ...commonOptions(step, config),
  provider: "custom",
  baseUrl: step.transport.provider.baseUrl,
  apiKey: undefined,
  headers: undefined,
  allowPlainHttp: true
})

/** The options of a step over HTTP, including those of the client's that are valid for its host. */
export const hostOptions = (step: HostStep, config: KimiConfig.Values): KimiConfig.Options => {
  const provider = step.provider ?? config.provider
  const baseUrl = step.baseUrl ?? (provider === config.provider ? config.baseUrl : undefined)
  const own = Provider.fromConfig(config)
  const isOwnHost = provider === own.id && Provider.fromConfig({ ...config, provider, baseUrl }).baseUrl === own.baseUrl
  return {
    ...commonOptions(step, config),
    provider,
    baseUrl,
    headers: step.headers ?? (isOwnHost ? config.headers : undefined),
    // The client's key, and the permission to send it without TLS, are for the client's host only.
    apiKey: step.apiKey ?? (isOwnHost ? config.apiKey : undefined),
    allowPlainHttp: step.allowPlainHttp ?? (isOwnHost && config.allowPlainHttp)
  }
}

const withoutExtraBody = (request: ModelRequest): ModelRequest => {
  const { extra_body: _, ...rest } = request
  return rest
}

/** Whether a request continues a response that has begun. */
const isContinuation = ({ messages }: ModelRequest): boolean => {
  const last = messages.at(-1)
  return last?.role === "assistant" && last.partial === true
}

/** Partial Mode is Moonshot's own: another host would start the response again, and the caller would join two responses. */
const refuseContinuation = (request: ModelRequest, provider: Provider.Provider) =>
  Effect.fail(
    new InvalidRequestError({
      message: `${provider.id} has no Partial Mode and would start the response again`,
      provider: provider.id,
      model: request.model,
      parameter: `messages[${request.messages.length - 1}].partial`
    })
  )

/** The step of the fallback stage for the account with this id and provider. */
export const toFallbackStep = (
  { id, provider }: { readonly id: string; readonly provider: Provider.Provider },
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
    check: (request) =>
      !provider.isMoonshot && primary.isMoonshot && isContinuation(request)
        ? refuseContinuation(request, provider)
        : RequestCheck.check(isSameProvider ? request : withoutExtraBody(request), provider, policy)
  }
}
