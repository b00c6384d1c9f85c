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
  readonly description: string
  /**
   * Whether its values come from outside, so that nobody knows how many there
   * are. In metrics they are bounded: what is beyond the bound is `other`.
   */
  readonly isUnbounded: boolean
}

/**
 * An attribute whose values are known.
 *
 * @category constructors
 * @since 0.1.0
 */
export const boundedAttribute = <const Name extends string>(name: Name, type: Attribute["type"], description: string) =>
  ({ name, type, description, isUnbounded: false }) as const

const unboundedAttribute = <const Name extends string>(name: Name, type: Attribute["type"], description: string) =>
  ({ name, type, description, isUnbounded: true }) as const

/**
 * Every attribute.
 *
 * @category constants
 * @since 0.1.0
 */
export const attributes = {
  operationName: boundedAttribute("gen_ai.operation.name", "string", "`chat`"),
  providerName: unboundedAttribute("gen_ai.provider.name", "string", "`moonshot_ai`, or the id of another host"),
  requestModel: unboundedAttribute("gen_ai.request.model", "string", "The model that was asked for"),
  requestStream: boundedAttribute("gen_ai.request.stream", "boolean", "Whether the answer was asked for as a stream"),
  requestMaxTokens: boundedAttribute("gen_ai.request.max_tokens", "int", "The most tokens that may be generated"),
  requestTemperature: boundedAttribute("gen_ai.request.temperature", "double", "The temperature that was asked for"),
  requestTopP: boundedAttribute("gen_ai.request.top_p", "double", "The part of the probability that was asked for"),
  requestFrequencyPenalty: boundedAttribute(
    "gen_ai.request.frequency_penalty",
    "double",
    "The penalty that was asked for"
  ),
  requestPresencePenalty: boundedAttribute(
    "gen_ai.request.presence_penalty",
    "double",
    "The penalty that was asked for"
  ),
  requestChoiceCount: boundedAttribute(
    "gen_ai.request.choice.count",
    "int",
    "How many answers were asked for, if not one"
  ),
  outputType: boundedAttribute("gen_ai.output.type", "string", "`json` where a JSON format was asked for, else `text`"),
  responseId: unboundedAttribute("gen_ai.response.id", "string", "The host's id of the answer"),
  responseModel: unboundedAttribute("gen_ai.response.model", "string", "The model as the host named it"),
  responseFinishReasons: unboundedAttribute(
    "gen_ai.response.finish_reasons",
    "string[]",
    "Why the model stopped, for every answer"
  ),
  responseTimeToFirstChunk: boundedAttribute(
    "gen_ai.response.time_to_first_chunk",
    "double",
    "Seconds from the attempt to its first content"
  ),
  usageInputTokens: boundedAttribute(
    "gen_ai.usage.input_tokens",
    "int",
    "Tokens of the prompt, those from a cache included"
  ),
  usageOutputTokens: boundedAttribute(
    "gen_ai.usage.output_tokens",
    "int",
    "Tokens that were generated, reasoning included"
  ),
  usageCacheReadTokens: boundedAttribute(
    "gen_ai.usage.cache_read.input_tokens",
    "int",
    "Tokens of the prompt that the host read from its cache"
  ),
  usageCacheWriteTokens: boundedAttribute(
    "gen_ai.usage.cache_creation.input_tokens",
    "int",
    "Tokens of the prompt that the host wrote to its cache"
  ),
  usageReasoningTokens: boundedAttribute(
    "gen_ai.usage.reasoning.output_tokens",
    "int",
    "Tokens that were spent on reasoning"
  ),
  tokenType: boundedAttribute(
    "gen_ai.token.type",
    "string",
    "`input` or `output`; as parts of them also `cache_read`, `cache_write` and `reasoning`"
  ),
  inputMessages: unboundedAttribute(
    "gen_ai.input.messages",
    "string",
    "The conversation as JSON. Only when content is captured"
  ),
  outputMessages: unboundedAttribute(
    "gen_ai.output.messages",
    "string",
    "The answers as JSON. Only when content is captured"
  ),
  serverAddress: unboundedAttribute("server.address", "string", "The name of the host's machine"),
  serverPort: boundedAttribute("server.port", "int", "The port at the host"),
  errorType: boundedAttribute("error.type", "string", "The tag of the error"),
  operation: boundedAttribute("kimi.operation", "string", "`chat` or `stream`"),
  host: boundedAttribute("kimi.host", "string", "The host, by the id of its provider description"),
  account: unboundedAttribute("kimi.account", "string", "The account at the host"),
  outcome: boundedAttribute(
    "kimi.outcome",
    "string",
    "`ok`, `interrupted`, `defect`, or the tag of the error; for a wait `admitted` in place of `ok`"
  ),
  attempts: boundedAttribute("kimi.attempts", "int", "Times that a host was asked for the call"),
  retries: boundedAttribute("kimi.retries", "int", "Attempts that followed a failed one at the same host"),
  attemptNumber: boundedAttribute("kimi.attempt.number", "int", "Which attempt of the call, from 1"),
  stageName: unboundedAttribute("kimi.stage.name", "string", "The name of a stage of the pipeline"),
  requestId: unboundedAttribute("kimi.request_id", "string", "The host's request id, for its support"),
  hostTraceId: unboundedAttribute("kimi.host_trace_id", "string", "The host's trace id"),
  priority: boundedAttribute("kimi.priority", "string", "How urgent the call is"),
  tenant: unboundedAttribute("kimi.tenant", "string", "For whom the call is made"),
  job: unboundedAttribute("kimi.job", "string", "The job that the call belongs to"),
  agent: unboundedAttribute("kimi.agent", "string", "The agent that makes the call"),
  cacheLevel: boundedAttribute(
    "kimi.cache.level",
    "string",
    "`memory`, `store`, or `flight` for an equal call under way; `none` where the host was asked"
  ),
  cacheAge: boundedAttribute("kimi.cache.age", "double", "Seconds since the host gave the cached answer"),
  wait: boundedAttribute("kimi.wait", "double", "Seconds that were waited"),
  streamEnd: boundedAttribute(
    "kimi.stream.end",
    "string",
    "`complete`, `failed` before and `broken` after the first content, or `left` by its consumer"
  ),
  circuit: unboundedAttribute("kimi.circuit", "string", "The circuit: account and model"),
  circuitState: boundedAttribute(
    "kimi.circuit.state",
    "string",
    "`closed`, `open`, `half_open`, `isolated` or `forced_closed`; of a transition, the new one"
  ),
  cost: boundedAttribute("kimi.cost", "double", "What all attempts cost together; absent where a price is not known"),
  currency: boundedAttribute("kimi.currency", "string", "`USD` or `CNY`"),
  isEstimate: boundedAttribute(
    "kimi.estimated",
    "boolean",
    "Whether it is a guess, because the host did not say what it used"
  ),
  savingsSource: boundedAttribute("kimi.savings.source", "string", "`host_cache` or `client_cache`"),
  scope: unboundedAttribute("kimi.budget.scope", "string", "What a cap holds for; scopes of a day are those of today")
} as const satisfies Record<string, Attribute>
