/**
 * The heap size of an entry, as V8 lays it out on 64-bit machines without
 * pointer compression, as in Node. The figures were measured; a test measures
 * them again.
 *
 * @since 0.1.0
 */
import type { CachedContent } from "../CachedResponse.ts"

/** The entry, its times, the response object, the key, and their slots in the index. */
const perEntry = 340
const perUsage = 104
const perChoice = 112
const perToolCall = 112
const perArray = 56
const perSlot = 8
const perString = 16

/** Short strings are shared, however often they occur. */
const maxSharedLength = 10

/** A string takes one byte per character, or two if any character needs it. */
const wideCharacter = /[\u0100-\uffff]/

const sizeOfText = (text: string | undefined): number => {
  if (text === undefined || text.length <= maxSharedLength) return 0
  const bytes = wideCharacter.test(text) ? 2 * text.length : text.length
  return perString + Math.ceil(bytes / 8) * 8
}

/**
 * The heap bytes of an entry with its key.
 *
 * @category getters
 * @since 0.1.0
 */
export const ofEntry = ({ response, recording, tags }: CachedContent): number => {
  let bytes = perEntry
  bytes += sizeOfText(response.id) + sizeOfText(response.model) + sizeOfText(response.provider)
  bytes += sizeOfText(response.requestId) + sizeOfText(response.traceId)
  bytes += sizeOfText(response.requestedModel)
  if (response.usage !== undefined) bytes += perUsage
  if (response.warnings !== undefined) {
    bytes += perArray
    for (const warning of response.warnings) bytes += perSlot + sizeOfText(warning)
  }
  for (const { finish_reason, message } of response.choices) {
    bytes += perChoice + sizeOfText(finish_reason) + sizeOfText(message.content) + sizeOfText(message.reasoning_content)
    if (message.tool_calls === undefined) continue
    bytes += perArray
    for (const { function: called, id, type } of message.tool_calls) {
      bytes += perToolCall + sizeOfText(id) + sizeOfText(type) + sizeOfText(called.name) + sizeOfText(called.arguments)
    }
  }
  for (const tag of tags) bytes += perSlot + sizeOfText(tag)
  if (recording !== undefined) bytes += perArray + perSlot * recording.length
  return bytes
}
