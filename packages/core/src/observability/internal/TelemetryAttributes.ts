/**
 * Every attribute of spans, events and metrics. Exported by `Telemetry`.
 *
 * @since 0.1.0
 */
import { providerAttribute } from "./ClientSpans.ts"

/**
 * An attribute of spans, events, metrics and log lines.
 *
 * @category models
 * @since 0.1.0
 */
export interface Attribute {
  readonly name: string
  readonly type: "string" | "int" | "double" | "boolean" | "string[]"
  readonly description: string
  /**
   * Whether its values are open-ended, such as models and tenants. Metrics keep
   * a limited number of them and report further ones as `other`.
   */
  readonly isUnbounded: boolean
}

/**
 * An attribute with a fixed set of values, or one that is on no metric.
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
  operationName: boundedAttribute(
    "gen_ai.operation.name",
    "string",
    "`chat`; in swarms also `invoke_workflow`, `invoke_agent` and `execute_tool`"
  ),
  providerName: unboundedAttribute(providerAttribute, "string", "`moonshot_ai`, or the id of another host"),
  requestModel: unboundedAttribute("gen_ai.request.model", "string", "The requested model"),
  requestStream: boundedAttribute("gen_ai.request.stream", "boolean", "Whether the response was requested as a stream"),
  requestMaxTokens: boundedAttribute("gen_ai.request.max_tokens", "int", "The maximum number of tokens to generate"),
  requestTemperature: boundedAttribute("gen_ai.request.temperature", "double", "The requested temperature"),
  requestTopP: boundedAttribute("gen_ai.request.top_p", "double", "The requested nucleus sampling probability"),
  requestFrequencyPenalty: boundedAttribute(
    "gen_ai.request.frequency_penalty",
    "double",
    "The requested frequency penalty"
  ),
  requestPresencePenalty: boundedAttribute(
    "gen_ai.request.presence_penalty",
    "double",
    "The requested presence penalty"
  ),
  requestChoiceCount: boundedAttribute(
    "gen_ai.request.choice.count",
    "int",
    "The requested number of choices, if not 1"
  ),
  outputType: boundedAttribute("gen_ai.output.type", "string", "`json` if a JSON format was requested, else `text`"),
  responseId: unboundedAttribute("gen_ai.response.id", "string", "The response id of the host"),
  responseModel: unboundedAttribute("gen_ai.response.model", "string", "The model that the host reports"),
  responseFinishReasons: unboundedAttribute(
    "gen_ai.response.finish_reasons",
    "string[]",
    "Why the model stopped, for each choice"
  ),
  responseTimeToFirstChunk: boundedAttribute(
    "gen_ai.response.time_to_first_chunk",
    "double",
    "Seconds from the start of the attempt to its first content"
  ),
  usageInputTokens: boundedAttribute(
    "gen_ai.usage.input_tokens",
    "int",
    "Tokens of the prompt, including those read from a cache"
  ),
  usageOutputTokens: boundedAttribute("gen_ai.usage.output_tokens", "int", "Generated tokens, including reasoning"),
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
    "Generated tokens that are reasoning"
  ),
  tokenType: boundedAttribute(
    "gen_ai.token.type",
    "string",
    "`input` or `output`, and `cache_read`, `cache_write` and `reasoning`, which are parts of these"
  ),
  workflowName: unboundedAttribute("gen_ai.workflow.name", "string", "The id of a swarm"),
  agentName: unboundedAttribute("gen_ai.agent.name", "string", "The name that an agent of a swarm was created with"),
  agentId: unboundedAttribute("gen_ai.agent.id", "string", "The id of an agent, unique in its swarm"),
  toolName: unboundedAttribute("gen_ai.tool.name", "string", "The name of a tool"),
  toolCallId: unboundedAttribute("gen_ai.tool.call.id", "string", "The id of a tool call, unique in its agent"),
  inputMessages: unboundedAttribute(
    "gen_ai.input.messages",
    "string",
    "The conversation as JSON. Only if content is captured"
  ),
  outputMessages: unboundedAttribute(
    "gen_ai.output.messages",
    "string",
    "The choices of the response as JSON. Only if content is captured"
  ),
  serverAddress: unboundedAttribute("server.address", "string", "The address of the host"),
  serverPort: boundedAttribute("server.port", "int", "The port of the host"),
  errorType: boundedAttribute("error.type", "string", "The tag of the error"),
  operation: boundedAttribute("kimi.operation", "string", "`chat` or `stream`"),
  host: boundedAttribute("kimi.host", "string", "The provider id of the host"),
  account: unboundedAttribute("kimi.account", "string", "The account at the host"),
  outcome: boundedAttribute(
    "kimi.outcome",
    "string",
    "`ok`, `interrupted`, `defect`, or the tag of the error; `admitted` instead of `ok` for a wait, `failed` for a tool call whose failure has no tag, and `skipped` or `suspended` for an agent"
  ),
  attempts: boundedAttribute("kimi.attempts", "int", "Requests to hosts for the call"),
  retries: boundedAttribute("kimi.retries", "int", "Attempts that retried a failed one at the same host"),
  attemptNumber: boundedAttribute("kimi.attempt.number", "int", "The number of the attempt within its call, from 1"),
  stageName: unboundedAttribute("kimi.stage.name", "string", "The name of a stage of the pipeline"),
  requestId: unboundedAttribute("kimi.request_id", "string", "The host's request id"),
  hostTraceId: unboundedAttribute("kimi.host_trace_id", "string", "The host's trace id"),
  priority: boundedAttribute("kimi.priority", "string", "The priority of the call"),
  callTimeout: unboundedAttribute("kimi.call.timeout", "double", "Seconds of the timeout in the call's own options"),
  callMaxAttempts: unboundedAttribute("kimi.call.max_attempts", "int", "Attempts in the call's own options"),
  tenant: unboundedAttribute("kimi.tenant", "string", "The tenant that the call is made for"),
  job: unboundedAttribute("kimi.job", "string", "The job that the call belongs to"),
  agent: unboundedAttribute("kimi.agent", "string", "The agent that makes the call"),
  cacheLevel: boundedAttribute(
    "kimi.cache.level",
    "string",
    "`memory`, `store`, or `flight` for an equal call in progress; `none` if the host was called"
  ),
  cacheAge: boundedAttribute("kimi.cache.age", "double", "Seconds since the host returned the cached response"),
  wait: boundedAttribute("kimi.wait", "double", "Seconds spent waiting"),
  streamEnd: boundedAttribute(
    "kimi.stream.end",
    "string",
    "`complete`; `failed` before and `broken` after the first content; or `interrupted`"
  ),
  circuit: unboundedAttribute("kimi.circuit", "string", "The circuit: account and model"),
  circuitState: boundedAttribute(
    "kimi.circuit.state",
    "string",
    "`closed`, `open`, `half_open`, `isolated` or `forced_closed`; for a transition, the new state"
  ),
  cost: boundedAttribute("kimi.cost", "double", "Total cost of all attempts; absent if a price is unknown"),
  currency: boundedAttribute("kimi.currency", "string", "`USD` or `CNY`"),
  isEstimate: boundedAttribute(
    "kimi.estimated",
    "boolean",
    "Whether usage is estimated, because the host did not report it"
  ),
  prefixCacheReason: boundedAttribute(
    "kimi.prefix_cache.reason",
    "string",
    "What changed: `model`, `thinking`, `tools reordered`, `tools changed`, `system` or `message`; else `expired` or `unexplained`"
  ),
  step: boundedAttribute("kimi.step", "int", "The number of the step of an agent, from 1"),
  swarmState: boundedAttribute(
    "kimi.swarm.state",
    "string",
    "`working`; `queued` for agents that wait to work, also after a refusal; `delegating` for those that wait for their sub-agents; `suspended` instead of `queued` while the account cannot make calls"
  ),
  swarmAgentCount: boundedAttribute("kimi.swarm.agent_count", "int", "Agents of a swarm, its orchestrator included"),
  swarmSteps: boundedAttribute("kimi.swarm.steps", "int", "Responses of the model to all agents of a swarm"),
  swarmCriticalSteps: boundedAttribute("kimi.swarm.critical_steps", "int", "Steps of a swarm that followed each other"),
  swarmToolCalls: boundedAttribute("kimi.swarm.tool_calls", "int", "Tool calls of all agents, assignments included"),
  savingsSource: boundedAttribute("kimi.savings.source", "string", "`host_cache` or `client_cache`"),
  scope: unboundedAttribute("kimi.budget.scope", "string", "The scope of a cap; daily scopes are those of today")
} as const satisfies Record<string, Attribute>
