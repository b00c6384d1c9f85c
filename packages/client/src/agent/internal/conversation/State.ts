/** The states of a conversation, and how the state of a history is found. */
import type { Message } from "@kimi-effect/core/Message"
import type { ToolCall } from "@kimi-effect/core/Tool"
import { InvalidRequestError, ToolHistoryError } from "@kimi-effect/core/ValidationErrors"
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Pipeable from "effect/Pipeable"
import * as Result from "effect/Result"
import { earlyPartial, matchResults } from "../../../internal/rules/history.ts"

const TypeId = "~@kimi-effect/client/agent/Conversation"

/** What conversations in all states have. */
interface Common extends Pipeable.Pipeable {
  readonly [TypeId]: typeof TypeId
  /** The messages, oldest first. */
  readonly messages: ReadonlyArray<Message>
  /** The `prompt_cache_key` of the requests, by which the host finds the cached prefix. */
  readonly cacheKey: string | undefined
}

/**
 * A conversation without messages, except for instructions. It cannot be sent.
 *
 * @category models
 * @since 0.1.0
 */
export interface Empty extends Common {
  readonly state: "empty"
}

/**
 * A conversation that can be sent or continued: every tool call has its result.
 *
 * @category models
 * @since 0.1.0
 */
export interface Ready extends Common {
  readonly state: "ready"
}

/**
 * A conversation in which the model waits for the results of tool calls. It can
 * be sent when each has one.
 *
 * @category models
 * @since 0.1.0
 */
export interface Calling extends Common {
  readonly state: "calling"
  /** The calls without a result, in the order of the model. */
  readonly calls: NonEmptyReadonlyArray<ToolCall>
}

/**
 * A conversation whose last message is partial: the model continues it (Partial
 * Mode). Nothing but its response can be appended.
 *
 * @category models
 * @since 0.1.0
 */
export interface Continuing extends Common {
  readonly state: "continuing"
}

/**
 * A conversation in any state; `state` is the name of it.
 *
 * @category models
 * @since 0.1.0
 */
export type Conversation = Empty | Ready | Calling | Continuing

class Value<S extends Conversation["state"]> extends Pipeable.Class {
  readonly [TypeId]: typeof TypeId = TypeId
  readonly state: S
  readonly messages: ReadonlyArray<Message>
  readonly cacheKey: string | undefined

  constructor(state: S, messages: ReadonlyArray<Message>, cacheKey: string | undefined) {
    super()
    this.state = state
    this.messages = messages
    this.cacheKey = cacheKey
  }
}

class CallingValue extends Value<"calling"> {
  readonly calls: NonEmptyReadonlyArray<ToolCall>

  constructor(calls: NonEmptyReadonlyArray<ToolCall>, messages: ReadonlyArray<Message>, cacheKey: string | undefined) {
    super("calling", messages, cacheKey)
    this.calls = calls
  }
}

/** Makes a conversation in a state that its messages have. */
export const make = <S extends "empty" | "ready" | "continuing">(
  state: S,
  messages: ReadonlyArray<Message>,
  cacheKey: string | undefined
): Common & { readonly state: S } => new Value(state, messages, cacheKey)

const isNonEmpty = (calls: ReadonlyArray<ToolCall>): calls is NonEmptyReadonlyArray<ToolCall> => calls.length > 0

/** Makes a conversation that waits for the results of these calls, or is ready if there are none. */
export const awaiting = (
  calls: ReadonlyArray<ToolCall>,
  messages: ReadonlyArray<Message>,
  cacheKey: string | undefined
): Calling | Ready =>
  isNonEmpty(calls) ? new CallingValue(calls, messages, cacheKey) : make("ready", messages, cacheKey)

/** Replaces earlier messages, which must not change the state. */
export const withMessages = <C extends Conversation>(conversation: C, messages: ReadonlyArray<Message>): C =>
  // The state stays the same, and with it the type.
  (conversation.state === "calling"
    ? awaiting(conversation.calls, messages, conversation.cacheKey)
    : make(conversation.state, messages, conversation.cacheKey)) as C

/** Whether a value is a conversation. */
export const isConversation = (value: unknown): value is Conversation => value instanceof Value

const atIndex = (index: number) => ({ parameter: `messages[${index}]` })

/** The conversation of a history; a failure if no further message could make the history valid. */
export const ofMessages = (
  messages: ReadonlyArray<Message>,
  cacheKey: string | undefined
): Result.Result<Conversation, ToolHistoryError | InvalidRequestError> => {
  const early = earlyPartial(messages)
  if (early >= 0) {
    return Result.fail(
      new InvalidRequestError({ message: `Message ${early} is partial and not the last one`, ...atIndex(early) })
    )
  }
  const { open, problem } = matchResults(messages)
  if (problem !== undefined) {
    return Result.fail(new ToolHistoryError({ message: problem.message, ...atIndex(problem.index) }))
  }
  const last = messages.at(-1)
  if (last?.role === "assistant" && last.partial === true) {
    if (open.length === 0) return Result.succeed(make("continuing", messages, cacheKey))
    const message = "A partial message must not have tool calls"
    return Result.fail(new ToolHistoryError({ message, ...atIndex(messages.length - 1) }))
  }
  if (open.length > 0) return Result.succeed(awaiting(open, messages, cacheKey))
  const isEmpty = messages.every(({ role }) => role === "system")
  return Result.succeed(make(isEmpty ? "empty" : "ready", messages, cacheKey))
}
