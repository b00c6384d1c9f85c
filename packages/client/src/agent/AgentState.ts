/**
 * The state of an agent's run as plain JSON: `JSON.stringify` writes it, and
 * `AgentState.decode` reads it. A run that waits for an approval, has reached a
 * limit, failed or was interrupted continues from it with `AgentLoop.resume`, in
 * another process and days later.
 *
 * **Gotchas**
 *
 * - It contains the conversation, and the arguments and results of tool calls:
 *   store it as you store those.
 * - Tools, limits and other options are not part of it; they are given again.
 *
 * @since 0.1.0
 */
import { ContentPart, Message } from "@kimi-effect/core/Message"
import { Usage } from "@kimi-effect/core/Usage"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { toolMessages } from "./internal/loop/toolMessages.ts"

/**
 * The result of a tool call, as the model gets it.
 *
 * @category schemas
 * @since 0.1.0
 */
export const CallResult = Schema.Struct({
  /** A text, or parts such as images. */
  content: Schema.Union([Schema.String, Schema.Array(ContentPart)]),
  /** Whether the tool failed, or did not run. */
  isFailure: Schema.Boolean,
  /** The error in its encoded form, when there was one; `KimiError.codec` reads it. */
  error: Schema.optionalKey(Schema.Json),
  /** What the call cost in US dollars as an exact decimal, when the tool has a price. */
  cost: Schema.optionalKey(Schema.String)
})

/**
 * @category models
 * @since 0.1.0
 */
export type CallResult = typeof CallResult.Type

/**
 * A tool call of the last turn.
 *
 * @category schemas
 * @since 0.1.0
 */
export const AgentCall = Schema.Struct({
  /** Unique within the run, unlike the host's id: `<step>/<position>`, after the agent's name when it has one. */
  callId: Schema.String,
  /** The host's id, which repeats between turns. It is what the host gets back. */
  wireId: Schema.String,
  /** The name of the tool, as the host sent it. */
  tool: Schema.String,
  /** The arguments as JSON text, as the host sent them. */
  arguments: Schema.String,
  /** How many times in a row the model has made this call, with this one. */
  repeats: Schema.Int,
  /**
   * `pending` before it is checked, `awaiting` an approval, `approved`, `started`
   * while its handler runs, `done` when it has its result.
   */
  status: Schema.Literals(["pending", "awaiting", "approved", "started", "done"]),
  /** Whether the response was truncated before the arguments began. */
  isTruncated: Schema.optionalKey(Schema.Literal(true)),
  /** Present when it is `done`. */
  result: Schema.optionalKey(CallResult),
  /** The digest of the result without a reminder, when it has one. */
  digest: Schema.optionalKey(Schema.String)
})

/**
 * @category models
 * @since 0.1.0
 */
export type AgentCall = typeof AgentCall.Type

/**
 * A tool call and how many times in a row it was made.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RepeatedCall = Schema.Struct({
  tool: Schema.String,
  /** The arguments in canonical form. */
  arguments: Schema.String,
  count: Schema.Int
})

/**
 * What a run has seen, to notice that nothing new comes.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Progress = Schema.Struct({
  /** Steps in a row that brought nothing new. */
  stalled: Schema.Finite,
  /** Digests of the latest calls and results. */
  seen: Schema.Array(Schema.String)
})

/**
 * What the responses of a run cost in one currency.
 *
 * @category schemas
 * @since 0.1.0
 */
export const CostTotal = Schema.Struct({
  currency: Schema.Literals(["USD", "CNY"]),
  /** An exact decimal. */
  total: Schema.String,
  /** The additional cost without the host's prefix cache; not part of `total`. */
  saved: Schema.String
})

/**
 * The state of a run between two actions.
 *
 * @category schemas
 * @since 0.1.0
 */
export const AgentState = Schema.Struct({
  version: Schema.Literal(1),
  /** The name of the agent. */
  agent: Schema.optionalKey(Schema.String),
  /** The conversation. Calls of its last message that have no result are in `calls`: a request needs `AgentState.messages`. */
  messages: Schema.Array(Message),
  /** The tool calls of the last message, until all of them have a result. */
  calls: Schema.Array(AgentCall),
  /** Responses of the model. */
  steps: Schema.Int,
  /** Tool calls of the model that were run or refused. */
  toolCalls: Schema.Int,
  /** Tokens of all responses. */
  usage: Usage,
  /** Whether a part of `usage` is an estimate, because a host reported none. */
  isEstimate: Schema.Boolean,
  /** By currency. */
  costs: Schema.Array(CostTotal),
  /** Responses whose price is not known, which is not the same as free. */
  unpriced: Schema.Int,
  /** Milliseconds that the run has worked; waits for approvals do not count. */
  elapsedMillis: Schema.Finite,
  /** The calls that the last turn made again. */
  repeats: Schema.Array(RepeatedCall),
  /** Whether the latest steps brought something new; absent before the first results. */
  progress: Schema.optionalKey(Progress),
  /** Why the model stopped, once it needs no further turn. */
  finishReason: Schema.optionalKey(Schema.String)
})

/**
 * @category models
 * @since 0.1.0
 */
export type AgentState = typeof AgentState.Type

const noUsage: Usage = {
  prompt_tokens: 0,
  completion_tokens: 0,
  total_tokens: 0,
  cached_tokens: 0,
  cache_write_tokens: 0,
  reasoning_tokens: 0
}

/**
 * The state before the first turn of a conversation.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (given: ReadonlyArray<Message>, agent?: string): AgentState => ({
  version: 1,
  ...(agent === undefined ? {} : { agent }),
  messages: given,
  calls: [],
  steps: 0,
  toolCalls: 0,
  usage: noUsage,
  isEstimate: false,
  costs: [],
  unpriced: 0,
  elapsedMillis: 0,
  repeats: []
})

/**
 * The conversation as a valid history at any moment: a tool call without a
 * result has one that states that it was not run, or was interrupted.
 *
 * @category getters
 * @since 0.1.0
 */
export const messages = (state: AgentState): ReadonlyArray<Message> =>
  state.calls.length === 0 ? state.messages : [...state.messages, ...toolMessages(state.calls)]

/**
 * Adds messages to the conversation, such as the next question of the user. Tool
 * calls without a result get one that states that they were not run, so an
 * approval that was not given is no longer possible.
 *
 * @category combinators
 * @since 0.1.0
 */
export const addMessages =
  (...added: ReadonlyArray<Message>) =>
  (state: AgentState): AgentState => {
    const { finishReason: _, progress: __, ...rest } = state
    return { ...rest, messages: [...messages(state), ...added], calls: [], repeats: [] }
  }

/**
 * A call that waits for an approval.
 *
 * @category models
 * @since 0.1.0
 */
export interface Approval {
  readonly callId: string
  readonly tool: string
  /** The arguments as JSON text: what is approved. */
  readonly arguments: string
}

const approvalOf = ({ arguments: args, callId, tool }: AgentCall): Approval => ({ callId, tool, arguments: args })

/**
 * The calls that wait for an approval.
 *
 * @category getters
 * @since 0.1.0
 */
export const approvals = (state: AgentState): ReadonlyArray<Approval> =>
  state.calls.filter((call) => call.status === "awaiting").map(approvalOf)

/**
 * A decision on a call that waits for an approval. It repeats the tool and the
 * arguments, so that it applies to this very call alone: ids of two runs can be
 * equal.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Decision = Schema.Struct({
  callId: Schema.String,
  tool: Schema.String,
  arguments: Schema.String,
  isApproved: Schema.Boolean,
  /** Why it was rejected, for the model. */
  reason: Schema.optionalKey(Schema.String)
})

/**
 * @category models
 * @since 0.1.0
 */
export type Decision = typeof Decision.Type

/**
 * Approves a call.
 *
 * @category constructors
 * @since 0.1.0
 */
export const approve = ({ arguments: args, callId, tool }: Approval): Decision => ({
  callId,
  tool,
  arguments: args,
  isApproved: true
})

/**
 * Rejects a call. The model gets the reason as the result of the call.
 *
 * @category constructors
 * @since 0.1.0
 */
export const reject = ({ arguments: args, callId, tool }: Approval, reason?: string): Decision => ({
  callId,
  tool,
  arguments: args,
  isApproved: false,
  ...(reason === undefined ? {} : { reason })
})

/**
 * Reads a state that was stored as JSON. Any other value fails with
 * `InvalidRequestError`, whose message does not contain it.
 *
 * @category conversions
 * @since 0.1.0
 */
export const decode = (stored: unknown): Effect.Effect<AgentState, InvalidRequestError> =>
  Effect.mapError(
    Schema.decodeUnknownEffect(AgentState)(stored),
    () => new InvalidRequestError({ message: "The value is no state of an agent's run", parameter: "state" })
  )
