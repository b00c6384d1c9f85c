/**
 * Reads histories that other clients exported.
 *
 * **Example** (Continue a conversation of another client)
 *
 * ```ts
 * const { messages } = yield* History.read(JSON.parse(text))
 * const { changes, conversation } = Conversation.repair()(messages)
 * ```
 *
 * **Details**
 *
 * - Read are the messages of OpenAI and of compatible APIs, also in the older
 *   form with `function_call`; of the AI SDK, for models and for user interfaces;
 *   of LangChain, flat, stored or serialized; of Anthropic; and of Effect's
 *   `Prompt`. They may be mixed.
 * - `null` is the same as absent, arguments may be text or an object, and an empty
 *   list of calls is none. A call without an id gets one.
 * - Only the form is changed. Whether calls have results is checked by
 *   `Conversation.fromMessages`, and repaired by `Conversation.repair`.
 *
 * **Gotchas**
 *
 * - Most clients do not export the reasoning, which thinking models require with
 *   tool calls.
 *
 * @since 0.1.0
 */
import type { Message } from "@kimi-effect/core/Message"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import { isObject, kindOf, own } from "../internal/jsonMembers.ts"
import { readEnvelope } from "./internal/history/envelope.ts"
import { HistoryReader, type Ignored } from "./internal/history/HistoryReader.ts"

export type { Ignored } from "./internal/history/HistoryReader.ts"

/**
 * A history in the form of Kimi.
 *
 * @category models
 * @since 0.1.0
 */
export interface Imported {
  readonly messages: ReadonlyArray<Message>
  /** The parts that have no place in a message, such as audio and documents. */
  readonly ignored: ReadonlyArray<Ignored>
}

const listOf = (history: unknown): ReadonlyArray<unknown> | undefined => {
  if (Array.isArray(history)) return history
  if (!isObject(history)) return undefined
  const list = own(history, "messages") ?? own(history, "content")
  return Array.isArray(list) ? list : undefined
}

const refused = (message: string, parameter?: string): Effect.Effect<never, InvalidRequestError> =>
  Effect.fail(new InvalidRequestError({ message, ...(parameter === undefined ? {} : { parameter }) }))

/**
 * Reads a parsed history: a list of messages, or an object that has them as
 * `messages` or `content`. Fails with `InvalidRequestError` if it is neither, and
 * for a message whose role is not known or whose members JSON cannot express.
 *
 * @category constructors
 * @since 0.1.0
 */
export const read = (history: unknown): Effect.Effect<Imported, InvalidRequestError> =>
  Effect.suspend(() => {
    let index = 0
    try {
      const list = listOf(history)
      if (list === undefined) return refused(`A history is a list of messages, and this is ${kindOf(history)}`)
      const reader = new HistoryReader()
      for (; index < list.length; index++) {
        const envelope = readEnvelope(list[index])
        if (envelope === undefined) {
          return refused(`Message ${index} has no role, or one that is not known`, `messages[${index}].role`)
        }
        reader.add(envelope, index)
      }
      return Effect.succeed({ messages: reader.messages, ignored: reader.ignored })
    } catch {
      // Cycles, big integers, getters, thousands of levels. What was thrown may quote the message.
      return refused(`Message ${index} is not plain JSON, or is nested too deeply`, `messages[${index}]`)
    }
  })
