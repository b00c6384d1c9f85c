/** A host over real sockets that fails three requests of ten. */
import { ErrorReply, Fault, Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { models } from "./models.ts"
import { responseTo } from "./responses.ts"

const failureRate = 0.3

/** Longer than the timeouts of the client. */
const tooLong = "5 seconds"

const faults: ReadonlyArray<Fault.Fault> = [
  Fault.ResetBeforeHeaders(),
  Fault.StallBeforeHeaders(),
  Fault.SlowHeaders({ delay: tooLong }),
  Fault.ResetMidBody({ afterBytes: 40 }),
  Fault.StallMidBody({ afterBytes: 40 }),
  Fault.SlowBody({ delay: tooLong }),
  Fault.TruncatedBody({ afterBytes: 40 }),
  Fault.EmptyBody(),
  Fault.WrongContentType(),
  Fault.MalformedJson(),
  Fault.HugeBody({ bytes: 2_000_000, contentLength: false }),
  Fault.Redirect({ status: 302, location: "http://127.0.0.1:1/" }),
  Fault.ResetMidStream({ afterEvents: 3 }),
  Fault.StallMidStream({ afterEvents: 3 }),
  Fault.TruncatedStream({ afterEvents: 3 }),
  Fault.KeepAlive({ afterEvents: 3, interval: "100 millis" }),
  Fault.HugeEvent({ afterEvents: 2, bytes: 2_000_000 }),
  Fault.CorruptEvent({ afterEvents: 2 }),
  Fault.JoinedEvents({ afterEvents: 1 }),
  Fault.ErrorInStream({ afterEvents: 2, error: { message: "overloaded", type: "engine_overloaded_error" } })
]

const errors: ReadonlyArray<Reply.Reply> = [
  ErrorReply.make(500, "server_error", "the host failed"),
  ErrorReply.make(503, "server_unavailable", "the host is not available"),
  ErrorReply.make(400, "invalid_request_error", "Invalid request: temperature"),
  ErrorReply.table.engineOverloaded,
  ErrorReply.table.overloaded529
]

interface RequestBody {
  readonly model: string
  readonly messages: ReadonlyArray<{ readonly role: string; readonly content: string }>
}

/** The whole response, or the rest of one that the request asks to continue. */
const contentOf = ({ messages, model }: RequestBody): string => {
  const whole = responseTo(model, messages[0]?.content ?? "")
  const last = messages.at(-1)
  return last?.role === "assistant" && whole.startsWith(last.content) ? whole.slice(last.content.length) : whole
}

/** Starts the host. */
export const make = Effect.gen(function* () {
  const server = yield* MockServer.make({ latency: "5 millis", tokenDelay: "2 millis", maxRecordedRequests: 0, models })
  const random = yield* Random.Random
  const pick = <A>(all: ReadonlyArray<A>): A | undefined => all[Math.floor(random.nextDoubleUnsafe() * all.length)]
  const respond = ({ json }: { readonly json: unknown }): Reply.Reply => {
    const body = json as RequestBody
    const isFailure = random.nextDoubleUnsafe() < failureRate
    if (isFailure && random.nextDoubleUnsafe() < 0.4) return pick(errors) ?? Reply.defaultReply
    return Reply.chatResponse(
      {
        model: body.model,
        content: contentOf(body),
        reasoning_content: "Reasoning. ",
        usage: { prompt_tokens: 200, completion_tokens: 60, cached_tokens: 100, reasoning_tokens: 4 }
      },
      { fault: isFailure ? pick(faults) : undefined }
    )
  }
  yield* server.replyAlways(respond)
  return server
})
