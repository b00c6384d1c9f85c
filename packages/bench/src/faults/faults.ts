/** The faults of the scenario: the reply to the first attempt of a call, after which the host answers well. */
import { ErrorReply, Fault, Reply } from "@kimi-effect/testing"

/** One fault. */
export interface FaultCase {
  readonly name: string
  readonly isStream: boolean
  readonly reply: Reply.Reply
  /** Whether another attempt can help; without it, one attempt and an error are right. */
  readonly isTransient: boolean
}

/** The number of the call that meets the fault; the one before it warms up. */
export const faultyCall = 1

/** The response of the host that every call ends with if all goes well, in dozens of events when streamed. */
export const text = Array.from({ length: 40 }, (_, i) => `word${i}`).join(" ")

export const answer: Reply.Reply = Reply.text(text)

const chat = (name: string, reply: Reply.Reply, isTransient = true): FaultCase => ({
  name: `chat: ${name}`,
  isStream: false,
  reply,
  isTransient
})

const broken = (name: string, fault: Fault.Fault): FaultCase => chat(name, Reply.withFault(fault)(answer))

const stream = (name: string, fault: Fault.Fault): FaultCase => ({
  name: `stream: ${name}`,
  isStream: true,
  reply: Reply.withFault(fault)(answer),
  isTransient: true
})

/** Of the events of `answer`, so that some content has arrived. */
const afterEvents = 5
const afterBytes = 100

export const faults: ReadonlyArray<FaultCase> = [
  chat("429 with Retry-After of 2 s", Reply.rateLimited({ retryAfter: "2 seconds" })),
  chat("429 without Retry-After", ErrorReply.make(429, "rate_limit_reached_error", "Too many requests")),
  chat("429 for the tokens of a minute", ErrorReply.table.limitTpm),
  chat("429 engine overloaded", ErrorReply.table.engineOverloaded),
  chat("500", ErrorReply.make(500, "server_error", "the host failed")),
  chat("502 with an HTML page", Reply.html("<html><body>502 Bad Gateway</body></html>", { status: 502 })),
  chat("503 engine overloaded", ErrorReply.make(503, "engine_overloaded_error", "The engine is currently overloaded")),
  chat("504 of a gateway", ErrorReply.table.gatewayTimeout),
  chat("401", ErrorReply.table.incorrectApiKey, false),
  broken("reset before the headers", Fault.ResetBeforeHeaders()),
  broken("reset in the body", Fault.ResetMidBody({ afterBytes })),
  broken("truncated body", Fault.TruncatedBody({ afterBytes })),
  broken("malformed JSON", Fault.MalformedJson()),
  broken("empty body", Fault.EmptyBody()),
  broken("200 with an HTML page", Fault.WrongContentType()),
  broken("headers after 5 s", Fault.SlowHeaders({ delay: "5 seconds" })),
  broken("no headers", Fault.StallBeforeHeaders()),
  broken("stall in the body", Fault.StallMidBody({ afterBytes })),
  stream("reset before the headers", Fault.ResetBeforeHeaders()),
  stream("first token after 5 s", Fault.SlowBody({ delay: "5 seconds" })),
  stream("no first token", Fault.StallMidStream({ afterEvents: 0 })),
  stream("reset after content", Fault.ResetMidStream({ afterEvents })),
  stream("truncated after content", Fault.TruncatedStream({ afterEvents })),
  stream("corrupt event", Fault.CorruptEvent({ afterEvents })),
  stream("joined events", Fault.JoinedEvents({ afterEvents })),
  stream("error as an event", Fault.ErrorInStream({ afterEvents, error: { message: "internal failure" } })),
  stream("stall after content", Fault.StallMidStream({ afterEvents })),
  stream("only keep-alive after content", Fault.KeepAlive({ afterEvents, interval: "1 second" }))
]
