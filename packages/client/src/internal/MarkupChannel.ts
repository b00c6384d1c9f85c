/** One of the two texts of a choice while it is scanned for markup. */
import { CodeSpans } from "./CodeSpans.ts"

/** The two texts of a choice. */
export type MarkupChannel = "content" | "reasoning"

/** Receives text without markup. */
export type MarkupSink = (channel: MarkupChannel, text: string) => void

/** The state of one text. */
export class ChannelState {
  /** What is not emitted yet: the beginning of a token, or markup that is not complete. */
  buffer = ""
  mode: "text" | "think" | "tools" = "text"
  /** Whether only blanks were received. */
  isBlank = true
  /** Whether what is held is closed, so that any text that follows decides about it. */
  isClosed = false
  /** Whether blanks are left out, as after reasoning. */
  isTrimming = false
  readonly code = new CodeSpans()
}
