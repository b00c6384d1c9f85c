/** Makes any history valid, and returns what was changed. */
import type { AssistantMessage, ContentPart, Message, ToolMessage } from "@kimi-effect/core/Message"
import type { ToolCall } from "@kimi-effect/core/Tool"
import { hasEmptyPart, isEmpty } from "../../../internal/rules/history.ts"
import { UniqueIds } from "../../../internal/toolCalls.ts"
import type { Continuing, Conversation, Empty, Ready } from "./State.ts"
import * as State from "./State.ts"

/**
 * One change of a repair.
 *
 * @category models
 * @since 0.1.0
 */
export interface Change {
  /**
   * What was done:
   *
   * - `added result`: a call had no result, and got the text of the options.
   * - `moved result`: a result was not directly after its call.
   * - `removed result`: a result had no call, or was a second one.
   * - `renamed call`: two calls of one message had the same id.
   * - `added reasoning`: a message with calls had no reasoning. The empty text
   *   that was added satisfies the host, but the model works worse without its
   *   reasoning (source: reports of several projects).
   * - `removed message`: a message had no content.
   * - `removed part`: a message had text parts without text.
   * - `ended partial`: a partial message was not the last one, or had calls.
   */
  readonly kind:
    | "added result"
    | "moved result"
    | "removed result"
    | "renamed call"
    | "added reasoning"
    | "removed message"
    | "removed part"
    | "ended partial"
  /** The position of the message in the history before the repair. */
  readonly index: number
}

/**
 * @category options
 * @since 0.1.0
 */
export interface RepairOptions {
  /** The result of a call that has none. Defaults to `This call was not run.` */
  readonly missingResult?: string | undefined
  /** Whether messages with calls get an empty reasoning if they have none. Defaults to `true`. */
  readonly reasoning?: boolean | undefined
}

/**
 * A repaired conversation, and what was changed in the order of the history.
 *
 * @category models
 * @since 0.1.0
 */
export interface Repaired {
  /** Empty only if no message is left but instructions. */
  readonly conversation: Empty | Ready | Continuing
  readonly changes: ReadonlyArray<Change>
}

interface Result {
  readonly index: number
  readonly message: ToolMessage
}

/** A call with the result that was found for it. */
interface Slot {
  readonly call: ToolCall
  /** The id in the history, which results refer to. */
  readonly id: string
  result: Result | undefined
}

/** An assistant message with calls. */
interface Turn {
  readonly index: number
  readonly slots: ReadonlyArray<Slot>
}

const callsOf = (message: Message): ReadonlyArray<ToolCall> =>
  message.role === "assistant" ? (message.tool_calls ?? []) : []

/** Ids repeat over turns, so that a result belongs to the latest call before it that has its id and no result. */
class ResultMatcher {
  readonly turns = new Map<number, Turn>()
  readonly orphans: Array<number> = []
  /** The turns that have an unanswered call of an id, oldest first. */
  readonly #open = new Map<string, Array<Turn>>()

  constructor(messages: ReadonlyArray<Message>) {
    for (const [index, message] of messages.entries()) {
      if (message.role === "tool") this.#assign({ index, message })
      else if (callsOf(message).length > 0) this.#start(index, callsOf(message))
    }
  }

  #start(index: number, calls: ReadonlyArray<ToolCall>): void {
    const ids = new UniqueIds()
    const slots = calls.map((call): Slot => ({
      call: { ...call, id: ids.makeUnique(call.id) },
      id: call.id,
      result: undefined
    }))
    const turn = { index, slots }
    this.turns.set(index, turn)
    for (const id of new Set(slots.map((slot) => slot.id))) {
      const open = this.#open.get(id)
      if (open === undefined) this.#open.set(id, [turn])
      else open.push(turn)
    }
  }

  #assign(result: Result): void {
    const id = result.message.tool_call_id
    const open = this.#open.get(id) ?? []
    const waiting = open.at(-1)?.slots.filter((slot) => slot.id === id && slot.result === undefined) ?? []
    const [slot] = waiting
    if (slot === undefined) {
      this.orphans.push(result.index)
      return
    }
    slot.result = result
    if (waiting.length === 1) open.pop()
  }
}

const withoutPartial = (message: AssistantMessage): AssistantMessage => {
  const { partial: _, ...whole } = message
  return whole
}

class Repair {
  readonly #options: RepairOptions
  readonly #output: Array<Message> = []
  readonly #changes: Array<Change> = []

  constructor(options: RepairOptions) {
    this.#options = options
  }

  run(messages: ReadonlyArray<Message>, cacheKey: string | undefined): Repaired {
    const { orphans, turns } = new ResultMatcher(messages)
    for (const index of orphans) this.#note("removed result", index)
    const last = messages.findLastIndex((message) => message.role !== "tool" && !isEmpty(message))
    for (const [index, message] of messages.entries()) {
      if (message.role === "tool") continue
      const turn = turns.get(index)
      const isPartial = message.role === "assistant" && message.partial === true
      const whole = isPartial && (index !== last || turn !== undefined) ? withoutPartial(message) : message
      if (isEmpty(whole)) {
        this.#note("removed message", index)
        continue
      }
      if (whole !== message) this.#note("ended partial", index)
      const kept = this.#withoutEmptyParts(whole, index)
      if (turn === undefined || kept.role !== "assistant") this.#output.push(kept)
      else this.#pushTurn(kept, turn)
    }
    return { conversation: this.#conversation(cacheKey), changes: this.#changes.toSorted((a, b) => a.index - b.index) }
  }

  #note(kind: Change["kind"], index: number): void {
    this.#changes.push({ kind, index })
  }

  #withoutEmptyParts(message: Message, index: number): Message {
    if (!hasEmptyPart(message) || typeof message.content !== "object" || message.content === null) return message
    this.#note("removed part", index)
    const content = message.content.filter((part: ContentPart) => part.type !== "text" || part.text !== "")
    // The parts that are left are of the kinds that this message had.
    return { ...message, content } as Message
  }

  #pushTurn(message: AssistantMessage, { index, slots }: Turn): void {
    for (const { call, id } of slots) if (call.id !== id) this.#note("renamed call", index)
    const needsReasoning = message.reasoning_content === undefined && this.#options.reasoning !== false
    if (needsReasoning) this.#note("added reasoning", index)
    this.#output.push({
      ...message,
      ...(needsReasoning ? { reasoning_content: "" } : {}),
      tool_calls: slots.map(({ call }) => call)
    })
    // Results directly after their calls keep their order, which the host does not prescribe.
    const found = slots.toSorted((a, b) => (a.result?.index ?? Infinity) - (b.result?.index ?? Infinity))
    for (const [position, slot] of found.entries()) this.#pushResult(slot, index, index + 1 + position)
  }

  #pushResult({ call, result }: Slot, index: number, expected: number): void {
    if (result === undefined) {
      this.#note("added result", index)
      const content = this.#options.missingResult ?? "This call was not run."
      this.#output.push({ role: "tool", tool_call_id: call.id, content })
      return
    }
    if (result.index !== expected) this.#note("moved result", result.index)
    this.#output.push(this.#withoutEmptyParts({ ...result.message, tool_call_id: call.id }, result.index))
  }

  #conversation(cacheKey: string | undefined): Repaired["conversation"] {
    const last = this.#output.at(-1)
    if (last?.role === "assistant" && last.partial === true) return State.make("continuing", this.#output, cacheKey)
    const isWithoutTurns = this.#output.every(({ role }) => role === "system")
    return State.make(isWithoutTurns ? "empty" : "ready", this.#output, cacheKey)
  }
}

/**
 * Makes a history valid that the host would refuse, and returns what was changed:
 * of messages, or of a conversation, which keeps its cache key. A valid history
 * stays as it is.
 *
 * @category combinators
 * @since 0.1.0
 */
export const repair =
  (options: RepairOptions = {}) =>
  (history: ReadonlyArray<Message> | Conversation): Repaired =>
    State.isConversation(history)
      ? new Repair(options).run(history.messages, history.cacheKey)
      : new Repair(options).run(history, undefined)
