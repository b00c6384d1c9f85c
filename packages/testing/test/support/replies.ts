/** Rendered replies, and the texts of their writes. */
import type * as WirePlan from "../../src/internal/wirePlan.ts"

export const pace: WirePlan.Pace = { latency: 0, writeDelay: 0, chunking: { events: 2 } }

export const body: WirePlan.RenderedReply = {
  status: 201,
  headers: { "x-a": "1" },
  events: ['{"é":1}'],
  isStream: false
}

export const stream: WirePlan.RenderedReply = {
  status: 200,
  headers: { "x-a": "1" },
  events: ["data: 1\n\n", "data: 2\n\n", "data: 3\n\n"],
  isStream: true
}

export const textsOf = (plan: WirePlan.WirePlan): ReadonlyArray<string> =>
  Array.from(plan.writes, (part) => Buffer.from(part).toString())
