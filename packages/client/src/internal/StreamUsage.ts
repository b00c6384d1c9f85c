/** The usage of one stream: what its host has reported so far, and how much of it counts at the end. */
import * as Usage from "@kimi-effect/core/Usage"

/** Joins the reports of a stream. Usage can be sent several times, also without figures. */
export class StreamUsage {
  /** The most complete report. */
  reported: Usage.Usage | undefined = undefined
  /** Whether content came after the last report, which then counts only the prompt and the beginning. */
  #isEarly = false
  /** Whether the current chunk has a report of generated tokens. */
  #isNew = false
  #isTaken = false

  /** To be called before the members of a chunk are read. */
  beginChunk(): void {
    this.#isNew = false
  }

  /** Adds a report of the current chunk. */
  add(wire: typeof Usage.WireUsage.Type): void {
    const report = Usage.fromReport(wire)
    this.reported = Usage.mostComplete(this.reported, report)
    if (report !== undefined && report.completion_tokens > 0) this.#isNew = true
  }

  /** A report includes the content that comes with it. */
  endChunk(hasEvents: boolean): void {
    if (this.#isNew || hasEvents) this.#isEarly = !this.#isNew
  }

  /**
   * The usage of the whole stream, once. A host that had not ended the response
   * may generate more than it has reported, so only the prompt is known.
   */
  take(hasHostEnded: boolean): Usage.Usage | undefined {
    if (this.reported === undefined || this.#isTaken) return undefined
    this.#isTaken = true
    const isPromptOnly = (this.#isEarly || !hasHostEnded) && this.reported.completion_tokens > 0
    return isPromptOnly ? Usage.ofPrompt(this.reported) : this.reported
  }
}
