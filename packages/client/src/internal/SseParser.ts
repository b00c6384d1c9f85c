/**
 * Parses server-sent events, as far as this API uses them: the fields `data` and
 * `event` of the WHATWG `EventSource` algorithm.
 *
 * Effect's `Sse.makeParser` examines each character, which took a fifth of the
 * CPU time of decoding. This parser finds lines with `indexOf`.
 */

/** The last event of a stream. Some hosts omit its blank line, and then leave the connection open. */
export const endMark = "[DONE]"

/** Parses text in pieces, and calls back for each event. */
export class SseParser {
  /** Pieces of the incomplete line, joined once so that a long line takes linear time. */
  #pendingLine: Array<string> = []
  #pendingLineLength = 0
  #data: string | undefined = undefined
  #event = ""
  #isAtStart = true
  /** Whether the last text ended in a CR, so that an LF at the start of the next one belongs to it. */
  #hasTrailingCr = false
  readonly #onEvent: (data: string, event: string) => void

  constructor(onEvent: (data: string, event: string) => void) {
    this.#onEvent = onEvent
  }

  /** Number of characters of the incomplete event. */
  get pendingLength(): number {
    return this.#pendingLineLength + (this.#data?.length ?? 0)
  }

  /** Parses the next text, which can start and end anywhere. */
  feed(chunk: string): void {
    if (chunk === "") return
    let text = chunk
    if (this.#isAtStart) {
      this.#isAtStart = false
      if (text.startsWith("\uFEFF")) text = text.slice(1)
    }
    if (this.#hasTrailingCr) {
      this.#hasTrailingCr = false
      if (text.startsWith("\n")) text = text.slice(1)
    }
    if (text.includes("\r")) {
      this.#hasTrailingCr = text.endsWith("\r")
      text = text.replace(/\r\n?/g, "\n")
    }
    let start = 0
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
      this.#onLine(this.#joinPending(text.slice(start, end)))
      start = end + 1
    }
    if (start < text.length) {
      this.#pendingLine.push(text.slice(start))
      this.#pendingLineLength += text.length - start
    }
  }

  #joinPending(end: string): string {
    if (this.#pendingLine.length === 0) return end
    this.#pendingLine.push(end)
    const line = this.#pendingLine.join("")
    this.#pendingLine = []
    this.#pendingLineLength = 0
    return line
  }

  #dispatch(): void {
    const data = this.#data
    const event = this.#event
    this.#data = undefined
    this.#event = ""
    if (data !== undefined) this.#onEvent(data, event)
  }

  #onLine(line: string): void {
    if (line === "") this.#dispatch()
    else if (line.startsWith("data:")) {
      const value = line.slice(line.charCodeAt(5) === 0x20 ? 6 : 5)
      this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`
      if (this.#data === endMark) this.#dispatch()
    } else if (line.startsWith("event:")) {
      this.#event = line.slice(line.charCodeAt(6) === 0x20 ? 7 : 6)
    } else if (line === "data") {
      this.#data = this.#data === undefined ? "" : `${this.#data}\n`
    } else if (line === "event") {
      this.#event = ""
    }
    // Comments, `id`, `retry` and unknown fields have no meaning here.
  }
}
