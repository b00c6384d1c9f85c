/**
 * A conversation that cannot become a request which the host refuses.
 *
 * The type of a conversation is its state. One with unanswered tool calls, one
 * with a second message after a partial one, and a tool call without its
 * reasoning do not compile. What types cannot see, such as an empty text, is a
 * typed error of `request`, before anything is sent. Nothing is repaired unless
 * `repair` is called, and it returns what it changed.
 *
 * **Example** (One turn with tools)
 *
 * ```ts
 * const asked = Conversation.make({ system: "Be brief." }).pipe(Conversation.user("Weather in Oslo?"))
 * const response = yield* kimi.chat(yield* asked.pipe(Conversation.request({ tools })))
 * const answered = asked.pipe(Conversation.add(response))
 * const next = answered.state === "calling" ? answered.pipe(Conversation.results(run)) : answered
 * ```
 *
 * **Details**
 *
 * - Conversations are immutable, so a fork is the same value used twice. Appending
 *   copies the list of messages and reads none of them: about 1 µs for 300.
 * - `request` reads every message once, without copying them.
 *
 * **Gotchas**
 *
 * - Media and limits depend on the host and the model. The client checks them
 *   when the request is made, with typed errors too.
 *
 * @since 0.1.0
 */
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import * as Messages from "@kimi-effect/core/Message"
import type { Content, Message, TextContent } from "@kimi-effect/core/Message"
import type { FunctionTool, ToolCall } from "@kimi-effect/core/Tool"
import {
  type EmptyMessageError,
  InvalidRequestError,
  type MissingReasoningError,
  ToolHistoryError
} from "@kimi-effect/core/ValidationErrors"
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { describeSchemaError } from "../internal/describeSchemaError.ts"
import { continuedMessage, truncatedMessage } from "./internal/conversation/continuation.ts"
import { findProblem } from "./internal/conversation/requestProblem.ts"
import * as State from "./internal/conversation/State.ts"
import type { Calling, Continuing, Conversation, Empty, Ready } from "./internal/conversation/State.ts"

export type { Calling, Continuing, Conversation, Empty, Ready } from "./internal/conversation/State.ts"
export { type Change, type Repaired, type RepairOptions, repair } from "./internal/conversation/repair.ts"
export { type Trimmed, type TrimOptions, trim } from "./internal/conversation/trim.ts"

/**
 * Whether a value is a conversation.
 *
 * @category guards
 * @since 0.1.0
 */
export const isConversation: (value: unknown) => value is Conversation = State.isConversation

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** The `prompt_cache_key` of every request: a stable id, which increases prefix-cache hits. None by default. */
  readonly cacheKey?: string | undefined
}

/**
 * Starts a conversation, with instructions for the model if they are given.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options & { readonly system?: TextContent | undefined } = {}): Empty =>
  State.make("empty", options.system === undefined ? [] : [Messages.system(options.system)], options.cacheKey)

/**
 * The conversation of messages. Unanswered calls at the end are a state, in
 * which results can be appended.
 *
 * Fails with `ToolHistoryError` if calls and results do not match, and with
 * `InvalidRequestError` if a partial message is not the last one.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromMessages = (
  messages: ReadonlyArray<Message>,
  options: Options = {}
): Effect.Effect<Conversation, ToolHistoryError | InvalidRequestError> =>
  Effect.suspend(() => Effect.fromResult(State.ofMessages(messages, options.cacheKey)))

const append = ({ messages }: Conversation, message: Message): ReadonlyArray<Message> => [...messages, message]

/**
 * Appends a message of the user: a text, or parts with images and videos.
 *
 * @category combinators
 * @since 0.1.0
 */
export const user =
  (content: Content, options?: { readonly name?: string | undefined }) =>
  (conversation: Empty | Ready): Ready =>
    State.make("ready", append(conversation, Messages.user(content, options)), conversation.cacheKey)

/**
 * Appends instructions.
 *
 * @category combinators
 * @since 0.1.0
 */
export const system =
  (content: TextContent) =>
  <C extends Empty | Ready>(conversation: C): C =>
    withMessage(conversation, Messages.system(content))

/**
 * Appends tools that the model may call from here on. Only K3 models have this
 * (source: Moonshot's OpenAPI file); others get their tools in the request.
 *
 * @category combinators
 * @since 0.1.0
 */
export const loadTools =
  (tools: NonEmptyReadonlyArray<typeof FunctionTool.Type>) =>
  <C extends Empty | Ready>(conversation: C): C =>
    withMessage(conversation, { role: "system", tools })

const withMessage = <C extends Empty | Ready>(conversation: C, message: Message): C =>
  State.withMessages(conversation, append(conversation, message))

/**
 * Appends a message of the model that calls no tool, such as an example. `add`
 * appends responses.
 *
 * @category combinators
 * @since 0.1.0
 */
export const assistant =
  (content: TextContent, options?: { readonly reasoning_content?: string | undefined }) =>
  (conversation: Empty | Ready): Ready =>
    State.make("ready", append(conversation, Messages.assistant(content, options)), conversation.cacheKey)

/**
 * A message of the model with tool calls.
 *
 * @category models
 * @since 0.1.0
 */
export interface CallsMessage {
  /** The text next to the calls. None by default. */
  readonly content?: TextContent | undefined
  /** The reasoning, which thinking models require with calls. Empty if the model did not think. */
  readonly reasoning_content: string
  readonly tool_calls: NonEmptyReadonlyArray<ToolCall>
}

/**
 * Appends a message of the model that calls tools. `add` appends responses.
 *
 * @category combinators
 * @since 0.1.0
 */
export const calls =
  (message: CallsMessage) =>
  (conversation: Empty | Ready): Calling =>
    // There is at least one call.
    State.awaiting(
      message.tool_calls,
      append(conversation, { role: "assistant", ...message }),
      conversation.cacheKey
    ) as Calling

/**
 * Appends the beginning of a response, which the model continues (Partial Mode).
 *
 * @category combinators
 * @since 0.1.0
 */
export const partial =
  (
    content: string,
    options: { readonly name?: string | undefined; readonly reasoning_content?: string | undefined } = {}
  ) =>
  (conversation: Empty | Ready): Continuing =>
    State.make(
      "continuing",
      append(conversation, Messages.assistant(content, { ...options, partial: true })),
      conversation.cacheKey
    )

/** The part of a response that is appended. */
type Response = Pick<ChatResponse, "message">

/**
 * Appends a response with its reasoning. If it has tool calls, the conversation
 * waits for their results; after a partial message it is joined to that.
 *
 * @category combinators
 * @since 0.1.0
 */
export const add =
  ({ message }: Response) =>
  (conversation: Ready | Continuing): Ready | Calling => {
    const { cacheKey, messages, state } = conversation
    const whole = state === "continuing" ? continuedMessage(messages.at(-1), message) : message
    const earlier = state === "continuing" ? messages.slice(0, -1) : messages
    return State.awaiting(whole.tool_calls ?? [], [...earlier, whole], cacheKey)
  }

/**
 * Appends a response that was truncated (finish reason `length`), so that the
 * model continues it. Its tool calls are left out, because they are not complete.
 *
 * @category combinators
 * @since 0.1.0
 */
export const addTruncated =
  ({ message }: Response) =>
  (conversation: Ready | Continuing): Continuing => {
    const { cacheKey, messages, state } = conversation
    const whole = state === "continuing" ? continuedMessage(messages.at(-1), message) : message
    const earlier = state === "continuing" ? messages.slice(0, -1) : messages
    return State.make("continuing", [...earlier, truncatedMessage(whole)], cacheKey)
  }

/**
 * Appends a result for every call, as a function of the call.
 *
 * @category combinators
 * @since 0.1.0
 */
export const results =
  (resultOf: (call: ToolCall) => Content) =>
  ({ cacheKey, calls, messages }: Calling): Ready =>
    State.make("ready", [...messages, ...calls.map((call) => Messages.tool(call, resultOf(call)))], cacheKey)

/**
 * Appends the result that an effect gives for every call. The calls run one
 * after another by default.
 *
 * @category combinators
 * @since 0.1.0
 */
export const resultsEffect =
  <E, R>(
    resultOf: (call: ToolCall) => Effect.Effect<Content, E, R>,
    options: { readonly concurrency?: number | "unbounded" | undefined } = {}
  ) =>
  ({ cacheKey, calls, messages }: Calling): Effect.Effect<Ready, E, R> =>
    Effect.map(
      Effect.forEach(calls, (call) => Effect.map(resultOf(call), (content) => Messages.tool(call, content)), options),
      (added) => State.make("ready", [...messages, ...added], cacheKey)
    )

/**
 * Appends the result of one call, by the id of the call. Fails with
 * `ToolHistoryError` if no unanswered call has this id.
 *
 * @category combinators
 * @since 0.1.0
 */
export const result =
  (callId: string, content: Content) =>
  ({ cacheKey, calls, messages }: Calling): Effect.Effect<Ready | Calling, ToolHistoryError> => {
    const index = calls.findIndex(({ id }) => id === callId)
    return index < 0
      ? Effect.fail(new ToolHistoryError({ message: "No unanswered tool call has this id" }))
      : Effect.succeed(
          State.awaiting(calls.toSpliced(index, 1), [...messages, Messages.tool(callId, content)], cacheKey)
        )
  }

/**
 * The first messages of a conversation, or all of them, under another cache key
 * if one is given. If it ends between a call and its result, it waits for that.
 *
 * @category combinators
 * @since 0.1.0
 */
export const fork =
  (options: Options & { readonly length?: number | undefined } = {}) =>
  ({ cacheKey, messages }: Conversation): Conversation =>
    Result.getOrThrow(
      // The beginning of a valid history is valid.
      State.ofMessages(messages.slice(0, options.length ?? messages.length), options.cacheKey ?? cacheKey)
    )

/**
 * The members of a request other than its messages.
 *
 * @category options
 * @since 0.1.0
 */
export type RequestOptions = Omit<ChatRequest, "messages">

/**
 * What the types of a conversation cannot see.
 *
 * @category errors
 * @since 0.1.0
 */
export type RequestProblem = EmptyMessageError | MissingReasoningError | ToolHistoryError | InvalidRequestError

/**
 * The request of a conversation.
 *
 * Fails with `EmptyMessageError` for a message or a text part without content;
 * with `MissingReasoningError` for a response with tool calls that was added
 * without reasoning; with `ToolHistoryError` for two calls of one message with
 * the same id; and with `InvalidRequestError` for Partial Mode with `json_object`.
 *
 * Reasoning is not required if `thinking` is disabled or the catalogue knows
 * that the model does not think. Hosts other than Moonshot do not require it at
 * all: pass `requiresReasoning: false` there.
 *
 * @category conversions
 * @since 0.1.0
 */
export const request =
  (options: RequestOptions = {}, rules: { readonly requiresReasoning?: boolean | undefined } = {}) =>
  ({ cacheKey, messages }: Ready | Continuing): Effect.Effect<ChatRequest, RequestProblem> =>
    Effect.suspend(() => {
      const made: ChatRequest = {
        ...(cacheKey === undefined ? {} : { prompt_cache_key: cacheKey }),
        ...options,
        messages
      }
      const problem = findProblem(made, rules.requiresReasoning)
      return problem === undefined ? Effect.succeed(made) : Effect.fail(problem)
    })

/** Changed when a later version cannot be read by an earlier one. */
const version = 1

/**
 * A conversation as JSON, to store it and to resume it days later.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Json = Schema.Struct({
  version: Schema.Literal(version),
  messages: Schema.Array(Messages.Message),
  cacheKey: Schema.optionalKey(Schema.String)
})

/**
 * @category models
 * @since 0.1.0
 */
export interface Json extends Schema.Schema.Type<typeof Json> {}

/**
 * A conversation as a JSON value.
 *
 * @category conversions
 * @since 0.1.0
 */
export const toJson = ({ cacheKey, messages }: Conversation): Json => ({
  version,
  messages,
  ...(cacheKey === undefined ? {} : { cacheKey })
})

const decodeJson = Schema.decodeUnknownResult(Json)

/**
 * Reads a conversation from what `toJson` returned. Unanswered calls wait for
 * their results, as before.
 *
 * Fails with `InvalidRequestError` for another form or a later version, and with
 * `ToolHistoryError` if the history was changed so that calls and results do not
 * match.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromJson = (json: unknown): Effect.Effect<Conversation, ToolHistoryError | InvalidRequestError> =>
  Effect.suspend(() => {
    const decoded = decodeJson(json)
    if (Result.isSuccess(decoded)) return fromMessages(decoded.success.messages, decoded.success)
    const { message, path } = describeSchemaError(decoded.failure)
    const text = `This is no conversation of version ${version}: ${path === "" ? "" : `${path}: `}${message}`
    return Effect.fail(new InvalidRequestError({ message: text, ...(path === "" ? {} : { parameter: path }) }))
  })
