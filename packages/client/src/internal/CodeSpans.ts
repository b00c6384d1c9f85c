/** Follows Markdown code through a text in pieces: a token inside code is mentioned, not used. */

/** The state at the end of the text so far. */
export class CodeSpans {
  #run = 0
  #isFenced = false
  /** Backticks that opened a code span, or 0. */
  #span = 0

  /** Whether a text without backticks changes nothing. */
  get isIdle(): boolean {
    return this.#run === 0 && this.#span === 0
  }

  /** Whether text that follows is code. */
  get isInside(): boolean {
    this.#endRun()
    return this.#isFenced || this.#span > 0
  }

  /** Adds the next text. */
  feed(text: string): void {
    for (const [part] of text.matchAll(/`+|\n|[^`\n]+/g)) {
      if (part.startsWith("`")) {
        this.#run += part.length
        continue
      }
      this.#endRun()
      // A code span does not continue on the next line as models write them.
      if (part === "\n") this.#span = 0
    }
  }

  #endRun(): void {
    const run = this.#run
    if (run === 0) return
    this.#run = 0
    if (this.#span > 0) this.#span = this.#span === run ? 0 : this.#span
    else if (run >= 3) this.#isFenced = !this.#isFenced
    else if (!this.#isFenced && run === 1) this.#span = run
  }
}
