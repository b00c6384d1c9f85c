/**
 * What the span of a call says of its request.
 *
 * @since 0.1.0
 */
import type { Values } from "../../../CallOptions.ts"
import type { ChatRequest } from "../../../models/ChatRequest.ts"
import { providerName } from "../metrics/CallMetrics.ts"
import type { Operation } from "../../CallRecord.ts"
import { attributes as a } from "../../Telemetry.ts"

/**
 * Whom a client puts its calls to.
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
 * The attributes of an addressee, which are the same for all of its calls.
 *
 * @category conversions
 * @since 0.1.0
 */
export const fromOrigin = ({ account, baseUrl, provider }: ResponseOrigin): SpanAttributes => {
  const url = URL.parse(baseUrl)
  const port = url === null ? undefined : url.port === "" ? (url.protocol === "http:" ? 80 : 443) : Number(url.port)
  return {
    [a.operationName.name]: "chat",
    [a.providerName.name]: providerName(provider),
    [a.host.name]: provider,
    [a.account.name]: account,
    ...(url === null ? {} : { [a.serverAddress.name]: url.hostname, [a.serverPort.name]: port })
  }
}

/**
 * The attributes of a request and of what its caller says beside it.
 *
 * @category conversions
 * @since 0.1.0
 */
export const fromRequest = (
  operation: Operation,
  model: string,
  request: ChatRequest,
  { agent, job, priority, tenant }: Values
): SpanAttributes => {
  const given: SpanAttributes = {
    [a.operation.name]: operation,
    [a.requestModel.name]: model,
    [a.requestStream.name]: operation === "stream",
    [a.outputType.name]: (request.response_format?.type ?? "text") === "text" ? "text" : "json",
    [a.priority.name]: priority
  }
  const say = (name: string, value: unknown) => {
    if (value !== undefined) given[name] = value
  }
  say(a.requestMaxTokens.name, request.max_completion_tokens ?? request.max_tokens)
  say(a.requestTemperature.name, request.temperature)
  say(a.requestTopP.name, request.top_p)
  say(a.requestFrequencyPenalty.name, request.frequency_penalty)
  say(a.requestPresencePenalty.name, request.presence_penalty)
  say(a.requestChoiceCount.name, request.n === 1 ? undefined : request.n)
  say(a.tenant.name, tenant === "" ? undefined : tenant)
  say(a.job.name, job === "" ? undefined : job)
  say(a.agent.name, agent === "" ? undefined : agent)
  return given
}
