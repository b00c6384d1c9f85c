/** What a reply of a program without types has that cannot be sent. Node would throw for it in an event of a socket, which ends the process. */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import type { Fault } from "../../Fault.ts"
import type { Reply } from "./model.ts"

/** The path of a member, and what it must be. */
export type Issue = readonly [path: string, expected: string]

type Form = readonly [isMet: (value: unknown) => boolean, expected: string]

type Forms = { readonly [member: string]: Form }

/** The forms that a `Response` of `fetch` has. Node ends a request with an interim response, such as 101. */
const status: Form = [
  (value) => Number.isInteger(value) && Number(value) >= 200 && Number(value) <= 599,
  "a whole number from 200 to 599"
]

const isDelay = (value: unknown): boolean =>
  !Number.isNaN(value) &&
  Option.exists(
    Duration.fromInput(value as Duration.Input),
    (time) => Duration.isFinite(time) && Duration.toMillis(time) >= 0
  )

const delay: Form = [isDelay, "a finite duration that is not negative"]

const count: Form = [(value) => typeof value === "number" && value >= 0, "a number that is not negative"]

const text: Form = [Predicate.isString, "a text"]

const optional = ([isMet, expected]: Form): Form => [(value) => value === undefined || isMet(value), expected]

const isJson = (value: unknown): boolean =>
  Result.match(
    Result.try((): unknown => JSON.stringify(value)),
    { onFailure: () => false, onSuccess: Predicate.isString }
  )

const json: Form = [isJson, "a value that JSON can encode"]

/** RFC 9110, section 5.6.2. */
const token = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/

/** RFC 9110, section 5.5. */
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/

const headerValue: Form = [
  (value) => typeof value === "string" && fieldValue.test(value),
  "a text without line ends, control characters and characters beyond Latin-1"
]

const chunking: Form = optional([
  (value) =>
    value === "whole" ||
    (Predicate.isObject(value) && ("bytes" in value || "events" in value) && count[0](sizeOf(value))),
  '"whole", or a number of bytes or events'
])

const sizeOf = (value: object): unknown => Object.values(value)[0]

const timing: Forms = {
  firstToken: optional(delay),
  between: optional(delay),
  tokensPerSecond: optional([(value) => typeof value === "number" && value > 0, "a number over zero"])
}

const faults: { readonly [Tag in Fault["_tag"]]: Forms } = {
  ConnectFailure: {
    reason: [
      (value) => typeof value === "string" && /^(?:dns|refused|tls|timeout)$/.test(value),
      "dns, refused, tls or timeout"
    ]
  },
  ResetBeforeHeaders: {},
  StallBeforeHeaders: {},
  SlowHeaders: { delay },
  ResetMidBody: { afterBytes: count },
  StallMidBody: { afterBytes: count },
  SlowBody: { delay },
  TruncatedBody: { afterBytes: count },
  EmptyBody: {},
  WrongContentType: {},
  MalformedJson: {},
  HugeBody: { bytes: count },
  Redirect: { status, location: headerValue },
  ResetMidStream: { afterEvents: count },
  StallMidStream: { afterEvents: count },
  SlowEvents: { interval: delay },
  TruncatedStream: { afterEvents: count },
  KeepAlive: { afterEvents: count, interval: delay },
  HugeEvent: { afterEvents: count, bytes: count },
  CorruptEvent: { afterEvents: count },
  JoinedEvents: { afterEvents: count },
  ErrorInStream: { afterEvents: count, error: json }
}

const members: { readonly [Tag in Reply["_tag"]]: Forms } = {
  Default: {},
  Completion: { chunking },
  Json: { status, body: json },
  Text: { status, body: text },
  Sse: {
    events: [(value) => Array.isArray(value) && value.every(Predicate.isString), "a list of texts"],
    chunking
  }
}

const issueIn = (value: object, forms: Forms, path = ""): Issue | undefined => {
  for (const [name, [isMet, expected]] of Object.entries(forms)) {
    if (!isMet((value as { readonly [name: string]: unknown })[name])) return [`${path}${name}`, expected]
  }
  return undefined
}

const headersIssue = (headers: unknown): Issue | undefined => {
  if (!Predicate.isObject(headers)) return ["headers", "an object of texts by the names of headers"]
  for (const [name, value] of Object.entries(headers)) {
    if (!token.test(name)) return [`headers[${JSON.stringify(name)}]`, "a name of letters, digits and hyphens"]
    if (!headerValue[0](value)) return [`headers[${JSON.stringify(name)}]`, headerValue[1]]
  }
  return undefined
}

const timingIssue = (given: unknown): Issue | undefined => {
  if (given === undefined) return undefined
  return Predicate.isObject(given) ? issueIn(given, timing, "timing.") : ["timing", "an object of durations"]
}

const faultIssue = (fault: unknown): Issue | undefined => {
  if (fault === undefined) return undefined
  const tag = Predicate.hasProperty(fault, "_tag") ? fault._tag : undefined
  return Predicate.isObject(fault) && typeof tag === "string" && Object.hasOwn(faults, tag)
    ? issueIn(fault, faults[tag as Fault["_tag"]], "fault.")
    : ["fault", "a Fault"]
}

/** Replies are immutable, and some are sent many times. */
const checked = new WeakSet<Reply>()

const find = (reply: Reply): Issue | undefined => {
  const issue = issueIn(reply, members[reply._tag]) ?? faultIssue(reply.fault)
  if (issue !== undefined || reply._tag === "Default") return issue
  return headersIssue(reply.headers) ?? ("timing" in reply ? timingIssue(reply.timing) : undefined)
}

/** The first member of a reply that cannot be sent. */
export const issueOf = (reply: Reply): Issue | undefined => {
  if (checked.has(reply)) return undefined
  const issue = find(reply)
  if (issue === undefined) checked.add(reply)
  return issue
}
