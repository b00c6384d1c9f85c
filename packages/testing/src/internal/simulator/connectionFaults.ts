/**
 * What a fault of the connection means for the plan of an attempt, which has times
 * but no bytes. The outcomes are those at `MockServer`, where a response that is not
 * streamed is one event.
 */
import { ConnectionRefusedError, DnsError, RedirectError, TlsError } from "@kimi-effect/core/NetworkErrors"
import { InvalidResponseError } from "@kimi-effect/core/ProviderErrors"
import { EventTooLargeError, ResponseTooLargeError } from "@kimi-effect/core/ResourceErrors"
import { StreamDecodeError, StreamFailedError, StreamTruncatedError } from "@kimi-effect/core/StreamErrors"
import { ConnectTimeoutError } from "@kimi-effect/core/TimeoutErrors"
import type { ChatError, StreamError } from "@kimi-effect/core/OperationErrors"
import * as Duration from "effect/Duration"
import * as Match from "effect/Match"
import type { Fault } from "../../Fault.ts"
import type { AttemptInput, Plan } from "./attemptPlan.ts"
import type { Target } from "./hostErrors.ts"

const never = Number.POSITIVE_INFINITY

const instead = (error: ChatError & StreamError, end: number): Plan => ({
  firstToken: never,
  complete: never,
  end,
  stalledFrom: never,
  error
})

const later = (plan: Plan, millis: number): Plan => ({
  ...plan,
  firstToken: plan.firstToken + millis,
  complete: plan.complete + millis,
  end: plan.end + millis
})

const middleOf = ({ complete, firstToken }: Plan): number => Math.ceil((firstToken + complete) / 2)

/** Nothing more is sent, and the connection stays open. */
const stalled = (plan: Plan, from: number): Plan => ({
  ...plan,
  firstToken: plan.firstToken < from ? plan.firstToken : never,
  end: never,
  stalledFrom: from
})

const connectError = (target: Target, reason: "dns" | "refused" | "tls" | "timeout"): ChatError & StreamError => {
  const members = { ...target, message: `No connection to the host: ${reason}` }
  switch (reason) {
    case "dns":
      return new DnsError({ ...members, code: "ENOTFOUND" })
    case "refused":
      return new ConnectionRefusedError({ ...members, code: "ECONNREFUSED" })
    case "tls":
      return new TlsError({ ...members, code: "CERT_HAS_EXPIRED" })
    case "timeout":
      return new ConnectTimeoutError({ ...members, timeout: Duration.zero })
  }
}

/** Applies a fault to the plan of a whole response. */
export const apply = (
  fault: Fault,
  whole: Plan,
  { errors, isStream, outputTokens }: AttemptInput,
  roundTrip: number
): Plan => {
  const { lost, target } = errors
  const members = (message: string) => ({ ...target, message })
  const broken = (streamError?: StreamError): Plan => ({ ...whole, end: middleOf(whole), error: lost, streamError })
  const unusable = (at: number = whole.firstToken): Plan =>
    instead(new InvalidResponseError(members("The response is not one of this API")), at)
  const withoutEndMark = () => new StreamTruncatedError(members("The stream ended without its end mark"))
  /** A fault at an event: beyond the only one of a response that is not streamed it has no effect. */
  const atEvent = (afterEvents: number, error: () => StreamError): Plan =>
    isStream ? broken(error()) : afterEvents >= 1 ? whole : unusable()
  /** Something else follows the events before the fault. */
  const followedBy = (error: () => StreamError): Plan => (isStream ? broken(error()) : unusable(whole.complete))
  const undecodable = () => new StreamDecodeError(members("An event of the stream cannot be decoded"))

  return Match.valueTags(fault, {
    ConnectFailure: ({ reason }) => instead(connectError(target, reason), roundTrip),
    ResetBeforeHeaders: () => instead(lost, roundTrip),
    StallBeforeHeaders: () => stalled(whole, 0),
    SlowHeaders: ({ delay }) => later(whole, Duration.toMillis(delay)),
    SlowBody: ({ delay }) => later(whole, Duration.toMillis(delay)),
    ResetMidBody: () => broken(),
    StallMidBody: () => stalled(whole, middleOf(whole)),
    TruncatedBody: () => broken(),
    EmptyBody: () => ({ ...unusable(), ...(isStream ? { streamError: withoutEndMark() } : {}) }),
    WrongContentType: () => unusable(),
    MalformedJson: () => unusable(),
    HugeBody: ({ bytes }) =>
      instead(
        new ResponseTooLargeError({ ...members("The response is larger than allowed"), limit: bytes }),
        whole.firstToken
      ),
    Redirect: ({ location, status }) =>
      instead(new RedirectError({ ...members("The host redirects"), status, location }), roundTrip),
    ResetMidStream: () => broken(),
    StallMidStream: () => stalled(whole, middleOf(whole)),
    SlowEvents: ({ interval }) => {
      const complete = whole.complete + outputTokens * Duration.toMillis(interval)
      return { ...whole, complete, end: complete }
    },
    TruncatedStream: ({ afterEvents }) => atEvent(afterEvents, withoutEndMark),
    KeepAlive: () => stalled(whole, middleOf(whole)),
    HugeEvent: ({ bytes }) =>
      followedBy(() => new EventTooLargeError({ ...members("An event is larger than allowed"), limit: bytes })),
    CorruptEvent: ({ afterEvents }) => atEvent(afterEvents, undecodable),
    JoinedEvents: ({ afterEvents }) => atEvent(afterEvents, undecodable),
    ErrorInStream: ({ error }) => followedBy(() => new StreamFailedError(members(error.message)))
  })
}
