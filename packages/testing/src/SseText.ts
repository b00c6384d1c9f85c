/**
 * The text of event streams: splits it into events, formats events, and
 * formats the stream that Kimi would send for a completion.
 *
 * @since 0.1.0
 */
import type { ChatCompletion, WireToolCall } from "@kimi-effect/core/ChatCompletion"

/**
 * The event that ends a complete stream.
 *
 * @category constants
 * @since 0.1.0
 */
export const done = "data: [DONE]\n\n"

/**
 * Formats one event.
 *
 * @category constructors
 * @since 0.1.0
 */
export const event = (data: string): string => `data: ${data}\n\n`

/**
 * Splits raw stream text into the raw texts of its events, each with its blank
 * line. Joined, they equal the input; text after the last blank line is the last
 * item.
 *
 * @category combinators
 * @since 0.1.0
 */
export const split = (text: string): ReadonlyArray<string> =>
  text.match(/[^]*?(?:\n\n|\r\n\r\n|$)/g)?.filter(Boolean) ?? []

/**
 * How a stream is formatted.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Whether a separate event before `[DONE]` repeats the usage. Defaults to `false`. */
  readonly includeUsage?: boolean | undefined
}

/**
 * Formats the stream that Kimi would send for a completion, one text per event,
 * in the recorded order: the role; reasoning word by word, ended by an empty
 * delta; content word by word; tool calls, first the id and name, then the
 * arguments in at most 1,000 pieces; the finish reason with the usage inside
 * the choice; the usage again if requested; `[DONE]`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromCompletion = (completion: ChatCompletion, options?: Options): ReadonlyArray<string> => {
  const envelope = {
    id: completion.id ?? "chatcmpl-000000000000000000000000",
    object: "chat.completion.chunk",
    created: completion.created ?? 0,
    model: completion.model ?? "kimi-k3"
  }
  const events: Array<string> = []
  for (const [position, choice] of completion.choices.entries()) {
    const index = choice.index ?? position
    const chunk = (delta: object, finish_reason: string | null = null, usage: object = {}) =>
      event(
        JSON.stringify({
          ...envelope,
          choices: [{ index, delta, finish_reason, ...usage }],
          system_fingerprint: completion.system_fingerprint ?? "fpv0_00000000"
        })
      )
    events.push(chunk({ role: "assistant", content: "" }))
    // One by one: a call has a limited number of arguments.
    for (const delta of deltas(choice.message)) events.push(chunk(delta))
    events.push(chunk({}, choice.finish_reason ?? "stop", completion.usage ? { usage: completion.usage } : {}))
  }
  if (options?.includeUsage === true && completion.usage) {
    events.push(event(JSON.stringify({ ...envelope, choices: [], usage: completion.usage })))
  }
  events.push(done)
  return events
}

const deltas = (message: ChatCompletion["choices"][number]["message"]): ReadonlyArray<object> => [
  ...(message.reasoning_content
    ? [...words(message.reasoning_content), ""].map((reasoning_content) => ({ reasoning_content }))
    : []),
  ...words(message.content ?? "").map((content) => ({ content })),
  ...(message.tool_calls ?? []).flatMap((call, index) => toolCallDeltas(call, index))
]

const toolCallDeltas = (call: typeof WireToolCall.Type, index: number): ReadonlyArray<object> => {
  const name = call.function.name ?? "tool"
  const first = {
    index,
    id: call.id ?? `${name}_${index}`,
    type: call.type ?? "function",
    function: { name, arguments: "" }
  }
  const later = pieces(call.function.arguments ?? "").map((piece) => ({ index, function: { arguments: piece } }))
  return [first, ...later].map((delta) => ({ tool_calls: [delta] }))
}

/** A word includes the space before it, as tokens do. */
const words = (text: string): ReadonlyArray<string> => text.match(/\s*\S+|\s+/gu) ?? []

/** A mebibyte in pieces of a few characters takes seconds to read. */
const maxPieces = 1_000

/** Counts code points: a piece never ends inside a surrogate pair, which JSON cannot represent. */
const pieces = (text: string): ReadonlyArray<string> => {
  const size = Math.max(5, Math.ceil(text.length / maxPieces))
  return text.match(new RegExp(`[^]{1,${size}}`, "gu")) ?? []
}
