/**
 * Every attribute of spans, events and metrics. `Telemetry` is where to look
 * for them.
 *
 * @since 0.1.0
 */

/**
 * A member of spans, events and metrics.
 *
 * @category models
 * @since 0.1.0
 */
export interface Attribute {
  readonly name: string
  readonly type: "string" | "int" | "double" | "boolean" | "string[]"
  readonly meaning: string
  /**
   * Whether its values come from outside, so that nobody knows how many there
   * are. In metrics they are bounded: what is beyond the bound is `other`.
   */
  readonly isOpen: boolean
}

/**
 * An attribute whose values are known.
 *
 * @category constructors
 * @since 0.1.0
 */
export const closed = <const Name extends string>(name: Name, type: Attribute["type"], meaning: string) =>
  ({ name, type, meaning, isOpen: false }) as const

const open = <const Name extends string>(name: Name, type: Attribute["type"], meaning: string) =>
  ({ name, type, meaning, isOpen: true }) as const

/**
 * Every attribute.
 *
 * @category constants
 * @since 0.1.0
 */
export const attributes = {
  operationName: closed("gen_ai.operation.name", "string", "`chat`"),
  providerName: open("gen_ai.provider.name", "string", "`moonshot_ai`, or the id of another host"),
  requestModel: open("gen_ai.request.model", "string", "The model that was asked for"),
  requestStream: closed("gen_ai.request.stream", "boolean", "Whether the answer was asked for as a stream"),
  requestMaxTokens: closed("gen_ai.request.max_tokens", "int", "The most tokens that may be generated"),
  requestTemperature: closed("gen_ai.request.temperature", "double", "The temperature that was asked for"),
  requestTopP: closed("gen_ai.request.top_p", "double", "The part of the probability that was asked for"),
  requestFrequencyPenalty: closed("gen_ai.request.frequency_penalty", "double", "The penalty that was asked for"),
  requestPresencePenalty: closed("gen_ai.request.presence_penalty", "double", "The penalty that was asked for"),
  requestChoiceCount: closed("gen_ai.request.choice.count", "int", "How many answers were asked for, if not one"),
  outputType: closed("gen_ai.output.type", "string", "`json` where a JSON format was asked for, else `text`"),
  responseId: open("gen_ai.response.id", "string", "The host's id of the answer"),
  responseModel: open("gen_ai.response.model", "string", "The model as the host named it"),
  responseFinishReasons: open("gen_ai.response.finish_reasons", "string[]", "Why the model stopped, for every answer"),
  responseTimeToFirstChunk: closed(
    "gen_ai.response.time_to_first_chunk",
    "double",
    "Seconds from the attempt to its first content"
  ),
  usageInputTokens: closed("gen_ai.usage.input_tokens", "int", "Tokens of the prompt, those from a cache included"),
  usageOutputTokens: closed("gen_ai.usage.output_tokens", "int", "Tokens that were generated, reasoning included"),
  usageCacheReadTokens: closed(
    "gen_ai.usage.cache_read.input_tokens",
    "int",
    "Tokens of the prompt that the host read from its cache"
  ),
  usageCacheWriteTokens: closed(
    "gen_ai.usage.cache_creation.input_tokens",
    "int",
    "Tokens of the prompt that the host wrote to its cache"
  ),
  usageReasoningTokens: closed("gen_ai.usage.reasoning.output_tokens", "int", "Tokens that were spent on reasoning"),
  tokenType: closed(
    "gen_ai.token.type",
    "string",
    "`input` or `output`; as parts of them also `cache_read`, `cache_write` and `reasoning`"
  ),
  inputMessages: open("gen_ai.input.messages", "string", "The conversation as JSON. Only when content is captured"),
  outputMessages: open("gen_ai.output.messages", "string", "The answers as JSON. Only when content is captured"),
  serverAddress: open("server.address", "string", "The name of the host's machine"),
  serverPort: closed("server.port", "int", "The port at the host"),
  errorType: closed("error.type", "string", "The tag of the error"),
  operation: closed("kimi.operation", "string", "`chat` or `stream`"),
  host: closed("kimi.host", "string", "The host, by the id of its provider description"),
  account: open("kimi.account", "string", "The account at the host"),
  outcome: closed(
    "kimi.outcome",
    "string",
    "`ok`, `interrupted`, `defect`, or the tag of the error; for a wait `admitted` in place of `ok`"
  ),
  attempts: closed("kimi.attempts", "int", "Times that a host was asked for the call"),
  retries: closed("kimi.retries", "int", "Attempts that followed a failed one at the same host"),
  attemptNumber: closed("kimi.attempt.number", "int", "Which attempt of the call, from 1"),
  requestId: open("kimi.request_id", "string", "The host's request id, for its support"),
  hostTraceId: open("kimi.host_trace_id", "string", "The host's trace id"),
  priority: closed("kimi.priority", "string", "How urgent the call is"),
  tenant: open("kimi.tenant", "string", "For whom the call is made"),
  job: open("kimi.job", "string", "The job that the call belongs to"),
  agent: open("kimi.agent", "string", "The agent that makes the call"),
  cacheLevel: closed(
    "kimi.cache.level",
    "string",
    "`memory`, `store`, or `flight` for an equal call under way; `none` where the host was asked"
  ),
  cacheAge: closed("kimi.cache.age", "double", "Seconds since the host gave the cached answer"),
  wait: closed("kimi.wait", "double", "Seconds that were waited"),
  streamEnd: closed(
    "kimi.stream.end",
    "string",
    "`complete`, `failed` before and `broken` after the first content, or `left` by its consumer"
  ),
  circuit: open("kimi.circuit", "string", "The circuit: account and model"),
  circuitState: closed(
    "kimi.circuit.state",
    "string",
    "`closed`, `open`, `half_open`, `isolated` or `forced_closed`; of a transition, the new one"
  ),
  cost: closed("kimi.cost", "double", "What all attempts cost together; absent where a price is not known"),
  currency: closed("kimi.currency", "string", "`USD` or `CNY`"),
  isEstimate: closed("kimi.estimated", "boolean", "Whether it is a guess, because the host did not say what it used"),
  savingsSource: closed("kimi.savings.source", "string", "`host_cache` or `client_cache`"),
  scope: open("kimi.budget.scope", "string", "What a cap holds for; scopes of a day are those of today")
} as const satisfies Record<string, Attribute>
