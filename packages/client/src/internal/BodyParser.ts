/**
 * Splits the text of a response into the JSON texts of its chunks, in the format
 * that the body has: server-sent events, lines of JSON, or one JSON document.
 * Gateways declare these under any content type, so the body decides.
 */
import { endMark, SseParser } from "./SseParser.ts"

/** What a body is, once its first characters are known. */
export type BodyFormat = "sse" | "json" | "unknown"

const sseField = /^(?:data|event|id|retry)(?:[:\r\n]|$)/

const longestField = "retry:".length

/** The format of a body that begins with this text; `undefined` if more of it is needed. */
const formatOf = (start: string, isDeclaredSse: boolean): BodyFormat | undefined => {
  if (start.startsWith("{")) return "json"
  if (start.startsWith("<")) return "unknown"
  if (isDeclaredSse || (sseField.test(start) && start.length >= "id:".length)) return "sse"
  return start.length < longestField && ["data:", "event:", "id:", "retry:"].some((field) => field.startsWith(start))
    ? undefined
    : "unknown"
}

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** Parses text in pieces, and calls back for each event. */
export class BodyParser {
  /** The format, or `undefined` while only white space and comments were received. */
  format: BodyFormat | undefined = undefined

  /** The beginning of a body whose format is not known yet. */
  #start = ""
  /** Number of characters of a comment at the beginning whose line has not ended. */
  #commentLength = 0
  /** Text that is not complete yet, of a body of JSON. */
  #pending: Array<string> = []
  #documentLength = 0
  /** Whether each line is one JSON text; `undefined` until the first line ends. */
  #isLines: boolean | undefined = undefined
  readonly #sse: SseParser
  readonly #onEvent: (data: string, event: string) => void
  readonly #isDeclaredSse: boolean

  /** `isDeclaredSse` is whether the response declares server-sent events, which then may begin with any text. */
  constructor(isDeclaredSse: boolean, onEvent: (data: string, event: string) => void) {
    this.#isDeclaredSse = isDeclaredSse
    this.#onEvent = onEvent
    this.#sse = new SseParser(onEvent)
  }

  /** Number of characters of the incomplete event. */
  get pendingLength(): number {
    return this.#start.length + this.#commentLength + this.#sse.pendingLength
  }

  /** Number of characters of the incomplete document of JSON, which holds all content of a response. */
  get documentLength(): number {
    return this.#documentLength
  }

  /** Parses the next text, which can start and end anywhere. */
  feed(text: string): void {
    if (this.format === "sse") this.#sse.feed(text)
    else if (this.format === undefined) this.#detect(text)
    else if (this.format === "json") this.#feedJson(text)
  }

  /** Ends the body: what is pending is parsed as if its event were complete. */
  end(): void {
    if (this.format === "json") this.#endJson()
    else {
      // Only a comment, or the beginning of the name of a field.
      if (this.format === undefined && (this.#commentLength > 0 || this.#start !== "")) this.format = "sse"
      this.#sse.feed("\n\n")
    }
  }

  #detect(text: string): void {
    // Comments may precede any format. They are dropped, so that each is examined once.
    const start = this.#afterComments((this.#start + text).replace(/^\uFEFF/, ""))
    this.#start = start
    if (start === "") return
    this.format = formatOf(start, this.#isDeclaredSse)
    if (this.format === undefined) return
    this.#start = ""
    this.feed(start)
  }

  /** The text after the comments and blank lines at its beginning. */
  #afterComments(text: string): string {
    let rest = this.#commentLength > 0 ? text : text.trimStart()
    while (this.#commentLength > 0 || rest.startsWith(":")) {
      const end = rest.search(/[\r\n]/)
      this.#commentLength = end < 0 ? this.#commentLength + rest.length : 0
      if (end < 0) return ""
      rest = rest.slice(end).trimStart()
    }
    return rest
  }

  #feedJson(text: string): void {
    this.#pending.push(text)
    this.#documentLength += text.length
    if (this.#isLines === false || !text.includes("\n")) return
    const lines = this.#pending.join("").split("\n")
    this.#isLines ??= isJson(lines[0] ?? "")
    if (!this.#isLines) {
      this.#pending = [lines.join("\n")]
      return
    }
    const last = lines.pop() ?? ""
    this.#pending = [last]
    this.#documentLength = last.length
    for (const line of lines) this.#onLine(line)
  }

  #onLine(line: string): void {
    const text = line.startsWith("data:") ? line.slice("data:".length).trim() : line.trim()
    if (text !== "" && !text.startsWith(":")) this.#onEvent(text, "")
  }

  #endJson(): void {
    const text = this.#pending.join("").trim()
    this.#pending = []
    if (!text.endsWith(endMark)) return this.#onLine(text)
    this.#onLine(
      text
        .slice(0, -endMark.length)
        .trimEnd()
        .replace(/data:$/, "")
    )
    this.#onLine(endMark)
  }
}
