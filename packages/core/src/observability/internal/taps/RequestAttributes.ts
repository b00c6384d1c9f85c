/**
 * The attributes of a call's span that are known from its request.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type { Values } from "../../../CallOptions.ts"
import type { ChatRequest } from "../../../models/ChatRequest.ts"
import { providerName } from "../metrics/CallMetrics.ts"
import * as ServerAddress from "../ServerAddress.ts"
import type { Operation } from "../../CallRecord.ts"
import { attributes as a } from "../../Telemetry.ts"

/**
 * The host and account that a client calls.
 *
 * @category models
 * @since 0.1.0
 */
export interface ResponseOrigin {
  readonly account: string
  readonly provider: string
  readonly baseUrl: string
}

type SpanAttributes = Record<string, unknown>

/**
 * The attributes of an origin, which are the same for all of its calls.
 *
 * @category conversions
 * @since 0.1.0
 */
export const fromOrigin = ({ account, baseUrl, provider }: ResponseOrigin): SpanAttributes => {
  const server = ServerAddress.fromUrl(baseUrl)
  return {
    [a.operationName.name]: "chat",
    [a.providerName.name]: providerName(provider),
    [a.host.name]: provider,
    [a.account.name]: account,
    ...(server === undefined ? {} : { [a.serverAddress.name]: server.address, [a.serverPort.name]: server.port })
  }
}

const secondsOf = (timeout: Duration.Input): number | undefined =>
  Option.getOrUndefined(Option.map(Duration.fromInput(timeout), Duration.toSeconds))

/**
 * The attributes of a request and of its call options.
 *
 * @category conversions
 * @since 0.1.0
 */
export const fromRequest = (
  operation: Operation,
  model: string,
  request: ChatRequest,
  { agent, job, maxAttempts, priority, tenant, timeout }: Values
): SpanAttributes => {
  const attributes: SpanAttributes = {
    [a.operation.name]: operation,
    [a.requestModel.name]: model,
    [a.requestStream.name]: operation === "stream",
    [a.outputType.name]: (request.response_format?.type ?? "text") === "text" ? "text" : "json",
    [a.priority.name]: priority
  }
  const set = (name: string, value: string | undefined) => {
    if (value !== undefined) attributes[name] = value
  }
  // The request is not checked yet: a member of another type may hold text of the prompt.
  const setNumber = (name: string, value: unknown) => {
    if (typeof value === "number") attributes[name] = value
  }
  setNumber(a.requestMaxTokens.name, request.max_completion_tokens ?? request.max_tokens)
  setNumber(a.requestTemperature.name, request.temperature)
  setNumber(a.requestTopP.name, request.top_p)
  setNumber(a.requestFrequencyPenalty.name, request.frequency_penalty)
  setNumber(a.requestPresencePenalty.name, request.presence_penalty)
  setNumber(a.requestChoiceCount.name, request.n === 1 ? undefined : request.n)
  setNumber(a.callTimeout.name, timeout === undefined ? undefined : secondsOf(timeout))
  setNumber(a.callMaxAttempts.name, maxAttempts)
  set(a.tenant.name, tenant === "" ? undefined : tenant)
  set(a.job.name, job === "" ? undefined : job)
  set(a.agent.name, agent === "" ? undefined : agent)
  return attributes
}
