/**
 * The texts of a conversation, to find where another text quotes them.
 *
 * @since 0.1.0
 */
import type { Message } from "../Message.ts"

/** The part of a media URL that an error message may quote. */
const maxUrlLength = 4_096

/**
 * Every text of a conversation that counts as content.
 *
 * @category getters
 * @since 0.1.0
 */
export function* messageTexts(messages: ReadonlyArray<Message>): Generator<string> {
  for (const message of messages) {
    const { content } = message
    if (typeof content === "string") yield content
    else {
      for (const part of content ?? []) {
        if (part.type === "text") yield part.text
        else {
          const url = part.type === "image_url" ? part.image_url : part.video_url
          yield (typeof url === "string" ? url : url.url).slice(0, maxUrlLength)
        }
      }
    }
    if (message.role !== "assistant") continue
    if (message.reasoning_content !== undefined) yield message.reasoning_content
    for (const call of message.tool_calls ?? []) yield call.function.arguments
  }
}
