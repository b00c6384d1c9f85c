/** The texts that a caller receives between two resets. */
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import type { Findings } from "./Findings.ts"

/** Text between two resets, divided where the stream was resumed. */
export interface Segment {
  start: Extract<StreamEvent, { readonly _tag: "Start" }> | undefined
  readonly texts: Array<string>
  isFinished: boolean
}

/** Divides the events of one stream, and finds those that may not be where they are. */
class Reader {
  readonly segments: Array<Segment> = []
  readonly #findings: Findings

  constructor(findings: Findings) {
    this.#findings = findings
  }

  read(event: StreamEvent): void {
    const segment = this.segments.at(-1)
    if (segment?.isFinished === true) this.#findings.add("complete responses", `received ${event._tag} after Finish`)
    if (event._tag === "Reset") this.#open()
    else if (event._tag === "Start") this.#start(event, segment)
    else if (segment === undefined) this.#findings.add("no splices", `received ${event._tag} before Start`)
    else if (event._tag === "Resume") segment.texts.push("")
    else if (event._tag === "TextDelta") segment.texts[segment.texts.length - 1] += event.text
    else if (event._tag === "Finish") segment.isFinished = true
  }

  #open(): Segment {
    const segment: Segment = { start: undefined, texts: [""], isFinished: false }
    this.segments.push(segment)
    return segment
  }

  #start(event: NonNullable<Segment["start"]>, segment: Segment | undefined): void {
    if (segment?.start !== undefined) this.#findings.add("no splices", "received a second Start")
    const started = segment === undefined || segment.start !== undefined ? this.#open() : segment
    started.start = event
  }
}

export const segmentsOf = (events: ReadonlyArray<StreamEvent>, findings: Findings): ReadonlyArray<Segment> => {
  const reader = new Reader(findings)
  for (const event of events) reader.read(event)
  return reader.segments
}
