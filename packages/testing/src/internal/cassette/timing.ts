/** The times at which recorded responses are delivered again. */
import type { RecordedResponse } from "../../cassette/Interaction.ts"

/** At once, as recorded, or as recorded times a factor. */
export type Timing = "instant" | "real" | { readonly scale: number }

/** The factor by which recorded times are multiplied; 0 delivers at once. */
export const scaleOf = (timing: Timing = "instant"): number =>
  typeof timing === "object" ? timing.scale : timing === "real" ? 1 : 0

/** Milliseconds, which are 0 where no time was recorded. */
const scaled = (millis: number | undefined, scale: number): number =>
  millis === undefined ? 0 : Math.max(0, millis * scale)

/** Milliseconds before the head of a response, and before each event of its body. */
export const delaysOf = (
  { after, body }: RecordedResponse,
  scale: number
): { readonly head: number; readonly events: ReadonlyArray<number> } => ({
  head: scaled(after, scale),
  events: body !== undefined && "events" in body ? body.events.map((event) => scaled(event.after, scale)) : []
})
