/**
 * Removes quotes of a conversation from a host's text: hosts and the proxies in
 * front of them quote the request that they refuse.
 */
import { messageTexts } from "@kimi-effect/core/internal/MessageTexts"
import type { Message } from "@kimi-effect/core/Message"

/** Shorter runs occur in any two texts. */
const minRunLength = 16

/** A run of `minRunLength` contains a whole block of the conversation at any offset. */
const blockLength = minRunLength / 2

/** A message that is shorter than a run is searched for as a whole, unless it is a single short word. */
const minShortTextLength = 8

/** A text, and which of its characters are quotes. Takes linear time for any text of the host. */
class QuoteRedactor {
  readonly #text: string
  readonly #isQuoted: Uint8Array
  readonly #blocks = new Set<string>()
  /** The offsets of each shortest run of the text. A run that was found is removed, because it is marked then. */
  readonly #runs = new Map<string, Array<number>>()
  readonly #shortTexts = new Set<string>()

  constructor(text: string) {
    this.#text = text
    this.#isQuoted = new Uint8Array(text.length)
    for (let at = 0; at + minRunLength <= text.length; at++) {
      const run = text.slice(at, at + minRunLength)
      const places = this.#runs.get(run)
      if (places === undefined) this.#runs.set(run, [at])
      else places.push(at)
    }
    for (let at = 0; at + blockLength <= text.length; at++) this.#blocks.add(text.slice(at, at + blockLength))
  }

  addContent(content: string): void {
    const whole = content.trim()
    if (whole.length < minRunLength) return this.#addShortText(whole)
    for (let at = 0; at + blockLength <= content.length; at += blockLength) {
      if (!this.#blocks.has(content.slice(at, at + blockLength))) continue
      for (let from = Math.max(0, at - blockLength + 1); from <= at; from++) {
        this.#markRun(content.slice(from, from + minRunLength))
      }
    }
  }

  /** The text without its quotes. */
  redact(): string {
    let out = ""
    for (let at = 0; at < this.#text.length; at++) {
      if (this.#isQuoted[at] !== 1) out += this.#text[at]
      else if (this.#isQuoted[at - 1] !== 1) out += "<redacted>"
    }
    return out
  }

  #addShortText(whole: string): void {
    if (whole.length < minShortTextLength || this.#shortTexts.has(whole)) return
    this.#shortTexts.add(whole)
    for (let at = this.#text.indexOf(whole); at !== -1; at = this.#text.indexOf(whole, at + 1)) {
      this.#isQuoted.fill(1, at, at + whole.length)
    }
  }

  #markRun(run: string): void {
    const places = this.#runs.get(run)
    if (places === undefined) return
    this.#runs.delete(run)
    for (const place of places) this.#isQuoted.fill(1, place, place + minRunLength)
  }
}

/** A text, its JSON encoding, and that encoding inside another JSON text. */
function* jsonEncodings(content: string): Generator<string> {
  yield content
  const inJson = JSON.stringify(content).slice(1, -1)
  if (inJson === content) return
  yield inJson
  yield JSON.stringify(inJson).slice(1, -1)
}

/** The text without quotes of the conversation. The text must be limited in size. */
export const redactQuotes = (text: string, messages: ReadonlyArray<Message>): string => {
  const quoted = new QuoteRedactor(text)
  for (const content of messageTexts(messages)) for (const form of jsonEncodings(content)) quoted.addContent(form)
  return quoted.redact()
}
