/**
 * Takes out of a host's text what it repeats of a conversation: hosts and the
 * proxies before them quote the request that they refuse.
 */
import type { Message } from "@kimi-effect/core/Message"

/** Shorter runs are found in any two texts. */
const minRunLength = 16

/** A run of that length has a whole block of the conversation in it, wherever it begins. */
const blockLength = minRunLength / 2

/** A message that is shorter than a run is looked for as a whole, unless it is a mere word. */
const minShortTextLength = 8

/** Of an image or a video, as much as anybody would quote. */
const maxUrlLength = 4_096

/** Every text of a conversation that its author would call content. */
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

/** A text, and which of its characters are quotes. All of its work is linear, whatever a host has made of the text. */
class QuoteRedactor {
  private readonly text: string
  private readonly isQuoted: Uint8Array
  private readonly blocks = new Set<string>()
  /** Where each shortest run of the text begins. One that was found is taken out, since it is marked by then. */
  private readonly runs = new Map<string, Array<number>>()
  private readonly shortTexts = new Set<string>()

  constructor(text: string) {
    this.text = text
    this.isQuoted = new Uint8Array(text.length)
    for (let at = 0; at + minRunLength <= text.length; at++) {
      const run = text.slice(at, at + minRunLength)
      const places = this.runs.get(run)
      if (places === undefined) this.runs.set(run, [at])
      else places.push(at)
    }
    for (let at = 0; at + blockLength <= text.length; at++) this.blocks.add(text.slice(at, at + blockLength))
  }

  addContent(content: string): void {
    const whole = content.trim()
    if (whole.length < minRunLength) return this.addShortText(whole)
    for (let at = 0; at + blockLength <= content.length; at += blockLength) {
      if (!this.blocks.has(content.slice(at, at + blockLength))) continue
      for (let from = Math.max(0, at - blockLength + 1); from <= at; from++) {
        this.markRun(content.slice(from, from + minRunLength))
      }
    }
  }

  /** The text without its quotes. */
  redact(): string {
    let out = ""
    for (let at = 0; at < this.text.length; at++) {
      if (this.isQuoted[at] !== 1) out += this.text[at]
      else if (this.isQuoted[at - 1] !== 1) out += "<redacted>"
    }
    return out
  }

  private addShortText(whole: string): void {
    if (whole.length < minShortTextLength || this.shortTexts.has(whole)) return
    this.shortTexts.add(whole)
    for (let at = this.text.indexOf(whole); at !== -1; at = this.text.indexOf(whole, at + 1)) {
      this.isQuoted.fill(1, at, at + whole.length)
    }
  }

  private markRun(run: string): void {
    const places = this.runs.get(run)
    if (places === undefined) return
    this.runs.delete(run)
    for (const place of places) this.isQuoted.fill(1, place, place + minRunLength)
  }
}

/** A text as it stands in JSON, and in JSON that is quoted in JSON. */
function* jsonEncodings(content: string): Generator<string> {
  yield content
  const inJson = JSON.stringify(content).slice(1, -1)
  if (inJson === content) return
  yield inJson
  yield JSON.stringify(inJson).slice(1, -1)
}

/** The text without what it repeats of a conversation. Give it bounded text. */
export const redactQuotes = (text: string, messages: ReadonlyArray<Message>): string => {
  const quoted = new QuoteRedactor(text)
  for (const content of messageTexts(messages)) for (const form of jsonEncodings(content)) quoted.addContent(form)
  return quoted.redact()
}
