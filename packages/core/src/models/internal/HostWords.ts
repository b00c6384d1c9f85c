/**
 * The short values of a response that enter errors, logs and spans: ids, and
 * the name of the model. A host or a proxy can put any text into them, the
 * prompt included, so a value without their form is left out.
 *
 * @since 0.1.0
 */
import type { Message } from "../Message.ts"
import { messageTexts } from "./MessageTexts.ts"

/** UUIDs and hexadecimal numbers, the ids of Moonshot: nothing that a person wrote has this form. */
const machineId = /^(?:(?:chat)?cmpl-)?(?:[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}|[\da-f]{16,64})$/i

/** Ids have a digit, unlike words. */
const anyId = /^(?=[^\d]{0,127}\d)[\dA-Za-z](?:[\w.:-]{0,126}[\dA-Za-z])?$/

const modelName = /^[\dA-Za-z][\w./:@+-]{0,127}$/

const reason = /^[a-z][\w-]{0,63}$/i

/** Shorter runs occur in any two texts. */
const minRunLength = 8

/** A shorter message is a part of an id by chance. */
const minMessageLength = 4

/** What is searched for in long texts. */
const partLength = 4

/** Each run contains a part that begins at a multiple of this. */
const partInterval = minRunLength - partLength + 1

/** The length of the run that two texts have in common around two positions, up to `minRunLength` in each direction. */
const runLengthAt = (a: string, atA: number, b: string, atB: number): number => {
  let before = 0
  let after = 0
  while (before < minRunLength && before < atA && a[atA - before - 1] === b[atB - before - 1]) before++
  while (after < minRunLength && atA + after < a.length && a[atA + after] === b[atB + after]) after++
  return before + after
}

const hasRunOf = (word: string, text: string): boolean => {
  if (word.length <= minRunLength) return text.includes(word)
  for (let at = 0; at + partLength <= word.length; at += partInterval) {
    const part = word.slice(at, at + partLength)
    for (let found = text.indexOf(part); found !== -1; found = text.indexOf(part, found + 1)) {
      if (runLengthAt(word, at, text, found) >= minRunLength) return true
    }
  }
  return false
}

const isQuoteOf = (word: string, text: string): boolean => {
  if (hasRunOf(word, text)) return true
  const whole = text.trim()
  return whole.length >= minMessageLength && whole.length <= word.length && word.includes(whole)
}

/**
 * Whether a word is a part of the conversation, or contains one, in any case of
 * its letters.
 *
 * @category predicates
 * @since 0.1.0
 */
export const isQuote = (word: string, messages: ReadonlyArray<Message>): boolean => {
  const lower = word.toLowerCase()
  for (const text of messageTexts(messages)) if (isQuoteOf(lower, text.toLowerCase())) return true
  return false
}

/**
 * The value if it is an id and no quote of the conversation.
 *
 * @category getters
 * @since 0.1.0
 */
export const toId = (value: unknown, messages: ReadonlyArray<Message> = []): string | undefined => {
  if (typeof value !== "string") return undefined
  return machineId.test(value) || (anyId.test(value) && !isQuote(value, messages)) ? value : undefined
}

/**
 * The value if it can be the name of a model and does not quote the conversation.
 *
 * @category getters
 * @since 0.1.0
 */
export const toModelName = (value: string, messages: ReadonlyArray<Message> = []): string | undefined =>
  modelName.test(value) && !isQuote(value, messages) ? value : undefined

/** Reasons that hosts use, which are ordinary words of conversations too. */
const knownReasons: ReadonlySet<string> = new Set(
  (
    "stop length tool_calls function_call content_filter refusal error unknown " +
    "max_tokens end_turn stop_sequence eos safety timeout cancelled abort aborted"
  ).split(" ")
)

/**
 * The value if it can be the reason for which a response ended, and does not
 * quote the conversation.
 *
 * @category getters
 * @since 0.1.0
 */
export const toFinishReason = (value: string, messages: ReadonlyArray<Message> = []): string | undefined =>
  knownReasons.has(value) || (reason.test(value) && !isQuote(value, messages)) ? value : undefined
