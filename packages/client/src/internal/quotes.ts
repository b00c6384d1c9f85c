/**
 * Takes out of a host's text what it repeats of a conversation: hosts and the
 * proxies before them quote the request that they refuse.
 */
import type { Message } from "@kimi-effect/core/models/Message"

/** Shorter runs are found in any two texts. */
const shortestRun = 16

/** A run of that length has a whole block of the conversation in it, wherever it begins. */
const block = shortestRun / 2

/** A message that is shorter than a run is looked for as a whole, unless it is a mere word. */
const shortestWhole = 8

/** Of an image or a video, as much as anybody would quote. */
const maxUrl = 4_096

/** Every text of a conversation that its author would call content. */
export function* contentsOf(messages: ReadonlyArray<Message>): Generator<string> {
  for (const message of messages) {
    const { content } = message
    if (typeof content === "string") yield content
    else {
      for (const part of content ?? []) {
        if (part.type === "text") yield part.text
        else {
          const url = part.type === "image_url" ? part.image_url : part.video_url
          yield (typeof url === "string" ? url : url.url).slice(0, maxUrl)
        }
      }
    }
    if (message.role !== "assistant") continue
    if (message.reasoning_content !== undefined) yield message.reasoning_content
    for (const call of message.tool_calls ?? []) yield call.function.arguments
  }
}

/** A text, and which of its characters are quotes. All of its work is linear, whatever a host has made of the text. */
class Quoted {
  private readonly text: string
  private readonly isQuoted: Uint8Array
  private readonly blocks = new Set<string>()
  /** Where each shortest run of the text begins. One that was found is taken out, since it is marked by then. */
  private readonly runs = new Map<string, Array<number>>()
  private readonly wholes = new Set<string>()

  constructor(text: string) {
    this.text = text
    this.isQuoted = new Uint8Array(text.length)
    for (let at = 0; at + shortestRun <= text.length; at++) {
      const run = text.slice(at, at + shortestRun)
      const places = this.runs.get(run)
      if (places === undefined) this.runs.set(run, [at])
      else places.push(at)
    }
    for (let at = 0; at + block <= text.length; at++) this.blocks.add(text.slice(at, at + block))
  }

  find(content: string): void {
    const whole = content.trim()
    if (whole.length < shortestRun) return this.findWhole(whole)
    for (let at = 0; at + block <= content.length; at += block) {
      if (!this.blocks.has(content.slice(at, at + block))) continue
      for (let from = Math.max(0, at - block + 1); from <= at; from++) {
        this.mark(content.slice(from, from + shortestRun))
      }
    }
  }

  /** The text without its quotes. */
  rest(): string {
    let out = ""
    for (let at = 0; at < this.text.length; at++) {
      if (this.isQuoted[at] !== 1) out += this.text[at]
      else if (this.isQuoted[at - 1] !== 1) out += "<redacted>"
    }
    return out
  }

  private findWhole(whole: string): void {
    if (whole.length < shortestWhole || this.wholes.has(whole)) return
    this.wholes.add(whole)
    for (let at = this.text.indexOf(whole); at !== -1; at = this.text.indexOf(whole, at + 1)) {
      this.isQuoted.fill(1, at, at + whole.length)
    }
  }

  private mark(run: string): void {
    const places = this.runs.get(run)
    if (places === undefined) return
    this.runs.delete(run)
    for (const place of places) this.isQuoted.fill(1, place, place + shortestRun)
  }
}

/** A text as it stands in JSON, and in JSON that is quoted in JSON. */
function* formsOf(content: string): Generator<string> {
  yield content
  const inJson = JSON.stringify(content).slice(1, -1)
  if (inJson === content) return
  yield inJson
  yield JSON.stringify(inJson).slice(1, -1)
}

/** The text without what it repeats of a conversation. Give it bounded text. */
export const withoutQuotes = (text: string, messages: ReadonlyArray<Message>): string => {
  const quoted = new Quoted(text)
  for (const content of contentsOf(messages)) for (const form of formsOf(content)) quoted.find(form)
  return quoted.rest()
}
