/** Answers the requests of any client from a cassette. */
import type { Interaction } from "../../cassette/Interaction.ts"
import type { MatchOptions } from "../../cassette/Matching.ts"
import type { RedactionOptions } from "../../cassette/Redaction.ts"
import * as ErrorReply from "../../ErrorReply.ts"
import * as Bodies from "../../internal/cassette/bodies.ts"
import { describe } from "../../internal/cassette/describeRequest.ts"
import { matcherOf } from "../../internal/cassette/identity.ts"
import { Redactor } from "../../internal/cassette/Redactor.ts"
import { Tape } from "../../internal/cassette/Tape.ts"
import { delaysOf, scaleOf, type Timing } from "../../internal/cassette/timing.ts"
import * as WirePlan from "../../internal/wirePlan.ts"
import type * as Reply from "../../Reply.ts"
import type { ReceivedRequest } from "../ReceivedRequest.ts"

/** A cassette that a server serves, and how it compares requests. */
export interface ServedCassette {
  readonly name: string
  readonly interactions: ReadonlyArray<Interaction>
  /** As in the options of `Cassette.layer` with which it was recorded. */
  readonly match?: MatchOptions | undefined
  /** As in the options of `Cassette.layer` with which it was recorded. */
  readonly redact?: RedactionOptions | undefined
  /** The response to a request whose responses were all served: status 404, or the last of them. Defaults to `miss`. */
  readonly exhausted?: "miss" | "repeatLast" | undefined
  /**
   * The times at which responses are delivered, on the clock of the machine: at
   * once, as recorded, or as recorded times a factor, after the `latency` of the
   * server. Where no times were recorded, and in responses with a fault, they are
   * those of the server. Defaults to `instant`.
   */
  readonly timing?: Timing | undefined
}

/** A recorded response with its plan. */
export interface ServedResponse {
  readonly reply: WirePlan.RenderedReply
  readonly plan: WirePlan.WirePlan
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

const served = ({ response }: Interaction, pace: WirePlan.Pace, scale: number): ServedResponse => {
  const { body, headers, status } = response
  const delays = delaysOf(response, scale)
  const isTimed = delays.events.some((delay) => delay > 0)
  const writes = Bodies.toParts(body)
  const isStream = body !== undefined && "events" in body
  const size = writes.reduce((sum, part) => sum + part.length, 0)
  const reply = { status, headers, events: writes.map((part) => decoder.decode(part)), isStream }
  const plan: WirePlan.WirePlan = {
    start: pace.latency + delays.head,
    status,
    headers: isStream || response.isIncomplete === true ? headers : WirePlan.withContentLength(headers, size),
    bodyDelay: 0,
    writes,
    writeDelay: isStream ? pace.writeDelay : 0,
    ...(isTimed ? { writeDelays: delays.events } : {}),
    ending: response.isIncomplete === true ? "close" : "end"
  }
  return { reply, plan }
}

/** Returns the recorded response to each request, or a 404 that explains why there is none. */
export const make = (
  cassette: ServedCassette,
  pace: WirePlan.Pace
): { readonly respond: (request: ReceivedRequest) => ServedResponse | Reply.Json; readonly rewind: () => void } => {
  const matcher = matcherOf(cassette.match)
  const redactor = new Redactor(cassette.redact)
  const scale = scaleOf(cassette.timing)
  const tape = new Tape(cassette.interactions, {
    cassette: cassette.name,
    matcher,
    isLastRepeated: cassette.exhausted === "repeatLast",
    isOtherOriginUsed: true
  })
  return {
    respond: ({ body, headers, method, path, query }) => {
      const url = new URL(`http://127.0.0.1${path}${query === "" ? "" : `?${query}`}`)
      const described = describe({ method, url, headers, body: encoder.encode(body) }, matcher.headers, redactor)
      const interaction = tape.next(described)
      // Clients do not send a request with this status again.
      return interaction === undefined
        ? ErrorReply.make(404, "cassette_miss_error", tape.miss(described).message)
        : served(interaction, pace, scale)
    },
    rewind: () => tape.rewind()
  }
}
