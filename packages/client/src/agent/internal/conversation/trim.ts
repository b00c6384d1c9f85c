/** Shortens a conversation to a window of tokens without separating what belongs together. */
import type { Message } from "@kimi-effect/core/Message"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import * as TokenCount from "@kimi-effect/core/TokenCount"
import { ContextLengthError, InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Conversation } from "./State.ts"
import * as State from "./State.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface TrimOptions {
  /** The most tokens that the prompt may have, by the estimates of `TokenCount`, tools included. */
  readonly maxTokens: number
  /**
   * The tokens that are left when the prompt has more than `maxTokens`. Defaults
   * to `maxTokens`. Each trim changes the beginning of the prompt, so that the
   * host's prefix cache is lost: a smaller number makes this less frequent.
   */
  readonly targetTokens?: number | undefined
  /** The model of the request, for the preamble of its host. None by default. */
  readonly model?: string | undefined
  /** The tools of the request, which are part of the prompt. None by default. */
  readonly tools?: ModelRequest["tools"]
}

/**
 * A trimmed conversation, in the state that it had.
 *
 * @category models
 * @since 0.1.0
 */
export interface Trimmed<C extends Conversation> {
  readonly conversation: C
  /** The messages that were left out, oldest first, such as for a summary. */
  readonly dropped: ReadonlyArray<Message>
  /** The estimated tokens of the dropped messages. */
  readonly droppedTokens: number
  /** The estimated tokens of the prompt that is left. */
  readonly tokens: number
}

/** Messages that are kept or dropped together: a message with its tool results, or any other message alone. */
interface Unit {
  readonly messages: ReadonlyArray<Message>
  readonly tokens: number
  readonly isUser: boolean
  /** Instructions, and tools that are loaded in a message, apply to all that follows. */
  readonly isKept: boolean
}

/** A message is the same object in every turn, and counting a long one takes some microseconds. */
const tokenCounts = new WeakMap<Message, number>()

const tokensOf = (message: Message): number => {
  const known = tokenCounts.get(message)
  if (known !== undefined) return known
  const tokens = TokenCount.ofMessage(message)
  tokenCounts.set(message, tokens)
  return tokens
}

const toUnits = (messages: ReadonlyArray<Message>): ReadonlyArray<Unit> => {
  const units: Array<Unit> = []
  for (let at = 0; at < messages.length;) {
    let end = at + 1
    while (messages[end]?.role === "tool") end += 1
    const own = messages.slice(at, end)
    const role = own[0]?.role
    const tokens = own.reduce((total, message) => total + tokensOf(message), 0)
    units.push({ messages: own, tokens, isUser: role === "user", isKept: role === "system" })
    at = end
  }
  return units
}

/**
 * The units in the order in which they may be dropped, in steps that go together:
 * whole turns, oldest first; then, in the last turn, what the model did before its
 * latest message. The messages of the user in it are kept, because they are what
 * the model works on.
 */
const dropOrder = (units: ReadonlyArray<Unit>): ReadonlyArray<ReadonlyArray<Unit>> => {
  const turns: Array<Array<Unit>> = []
  let previous: Unit | undefined
  for (const unit of units) {
    if (unit.isKept) continue
    const startsTurn = unit.isUser && previous?.isUser !== true
    const turn = turns.at(-1)
    if (turn === undefined || startsTurn) turns.push([unit])
    else turn.push(unit)
    previous = unit
  }
  const last = turns.pop() ?? []
  return [...turns, ...last.slice(0, -1).flatMap((unit) => (unit.isUser ? [] : [[unit]]))]
}

const sum = (units: ReadonlyArray<Unit>): number => units.reduce((total, { tokens }) => total + tokens, 0)

const invalidLimit = ({ maxTokens, targetTokens = maxTokens }: TrimOptions): InvalidRequestError | undefined => {
  if (!(maxTokens > 0)) return new InvalidRequestError({ message: "maxTokens must be a number over 0" })
  return targetTokens > 0 && targetTokens <= maxTokens
    ? undefined
    : new InvalidRequestError({ message: "targetTokens must be a number over 0 and at most maxTokens" })
}

const plan = <C extends Conversation>(
  conversation: C,
  { maxTokens, model = "", targetTokens = maxTokens, tools }: TrimOptions
): Result.Result<Trimmed<C>, ContextLengthError> => {
  const units = toUnits(conversation.messages)
  const before = sum(units) + TokenCount.ofPrompt({ model, messages: [], tools })
  if (before <= maxTokens) return Result.succeed({ conversation, dropped: [], droppedTokens: 0, tokens: before })
  let tokens = before
  const dropped = new Set<Unit>()
  for (const step of dropOrder(units)) {
    if (tokens <= targetTokens) break
    tokens -= sum(step)
    for (const unit of step) dropped.add(unit)
  }
  if (tokens > maxTokens) {
    const message = `The messages that must be kept have about ${tokens} tokens, and the window has ${maxTokens}`
    return Result.fail(new ContextLengthError({ message, limit: maxTokens, requested: tokens }))
  }
  const messagesOf = (isDropped: boolean): ReadonlyArray<Message> =>
    units.flatMap((unit) => (dropped.has(unit) === isDropped ? unit.messages : []))
  return Result.succeed({
    conversation: State.withMessages(conversation, messagesOf(false)),
    dropped: messagesOf(true),
    droppedTokens: before - tokens,
    tokens
  })
}

/**
 * Leaves out the oldest turns until the prompt fits a window, and returns what
 * was left out. A call is kept or dropped with its results and its reasoning, and
 * instructions are always kept. A conversation that fits stays as it is.
 *
 * Fails with `ContextLengthError` if the instructions, the latest messages of the
 * user and the latest message do not fit, and with `InvalidRequestError` for
 * options that are no number of tokens.
 *
 * @category combinators
 * @since 0.1.0
 */
export const trim =
  (options: TrimOptions) =>
  <C extends Conversation>(conversation: C): Effect.Effect<Trimmed<C>, ContextLengthError | InvalidRequestError> =>
    Effect.suspend((): Effect.Effect<Trimmed<C>, ContextLengthError | InvalidRequestError> => {
      const invalid = invalidLimit(options)
      return invalid === undefined ? Effect.fromResult(plan(conversation, options)) : Effect.fail(invalid)
    })
