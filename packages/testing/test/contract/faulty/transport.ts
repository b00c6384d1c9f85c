/**
 * A transport to a host in memory that keeps every law of the contract, or every law but
 * one: `broken` names the one.
 */
import { ChatTransport } from "@kimi-effect/client/ChatTransport"
import { providers } from "@kimi-effect/client/Provider"
import { ChatResponse } from "@kimi-effect/core/ChatResponse"
import { ConnectionLostError } from "@kimi-effect/core/NetworkErrors"
import type { ChatError, StreamError } from "@kimi-effect/core/OperationErrors"
import { RateLimitError } from "@kimi-effect/core/RateLimitErrors"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import { StreamInterruptedError, StreamTruncatedError } from "@kimi-effect/core/StreamErrors"
import * as StreamFold from "@kimi-effect/core/StreamFold"
import { Effect, Exit, Layer, Stream } from "effect"
import type { Behavior, Host } from "../../../src/contract/ChatTransportContract.ts"

const refused = new RateLimitError({ message: "429", kind: "requests per minute" })
const truncated = new StreamTruncatedError({ message: "truncated" })
const cut = new StreamInterruptedError({ message: "cut" })
const finish: StreamEvent = { _tag: "Finish", finishReason: "stop", finishReasons: ["stop"] }

export const make = (behavior: Behavior, broken?: string): Effect.Effect<Host> =>
  Effect.sync(() => {
    const breaks = (law: string) => law === broken
    let requests = 0
    let aborted = 0
    let early = 0
    const provider = providers.moonshot

    const responseOf = (): ChatResponse => {
      const [text, reasoning] =
        behavior._tag === "Answers"
          ? [behavior.text, behavior.reasoning]
          : ["text" in behavior ? behavior.text : "", ""]
      return new ChatResponse({
        id: "chatcmpl-1",
        model: "kimi-k3",
        created: 1,
        provider: breaks("names its host in a response") ? "other" : provider.id,
        choices: [
          {
            index: 0,
            message: {
              role: "assistant",
              content: breaks("returns the text of a response") ? "" : text,
              ...(breaks("returns the reasoning of a response") ? {} : { reasoning_content: reasoning })
            },
            finish_reason: breaks("returns why a response ended") ? "length" : "stop"
          }
        ],
        usage: {
          prompt_tokens: breaks("returns the usage of a response") ? 0 : 10,
          completion_tokens: 20,
          total_tokens: 30,
          cached_tokens: 0,
          cache_write_tokens: 0,
          reasoning_tokens: 0
        }
      })
    }

    /** Counts a request, and its end by the client. */
    const received = Effect.sync(() => {
      requests += early > 0 ? 0 : 1
      early = 0
    })
    /** Counts a request when its effect is made, in place of its first run. */
    const receiveEarly = () => {
      requests += 1
      early += 1
    }
    const endedBy = (law: string) => Effect.sync(() => void (aborted += breaks(law) ? 0 : 1))

    const respond = (): Effect.Effect<ChatResponse, ChatError> => {
      switch (behavior._tag) {
        case "Refuses":
          return Effect.fail(
            breaks("fails a chat that is refused with the error of the refusal")
              ? new ConnectionLostError({ message: "lost" })
              : refused
          )
        case "Breaks":
          return breaks("fails a chat whose response breaks")
            ? Effect.succeed(responseOf())
            : Effect.fail(new ConnectionLostError({ message: "lost" }))
        case "Stalls":
          return Effect.onInterrupt(Effect.never, () => endedBy("ends the request of a chat that is interrupted"))
        default:
          return Effect.succeed(responseOf())
      }
    }

    const twice = (law: string, attempt: Effect.Effect<unknown, unknown>) =>
      breaks(law) && behavior._tag === "Refuses" ? Effect.exit(attempt) : Effect.void

    const attempt = Effect.andThen(received, Effect.suspend(respond))
    let known: Exit.Exit<ChatResponse, ChatError> | undefined
    const repeated = Effect.suspend(
      () => known ?? Effect.tap(attempt, (value) => Effect.sync(() => void (known = Exit.succeed(value))))
    )
    const chat = () => {
      if (breaks("makes no request before a chat runs")) receiveEarly()
      if (breaks("makes a request each time a chat runs")) return repeated
      return Effect.andThen(twice("makes one attempt of a chat that is refused", attempt), attempt)
    }

    const change = (event: StreamEvent): ReadonlyArray<StreamEvent> => {
      if (event._tag === "Start" && breaks("begins a stream with its only start")) return [event, event]
      if (event._tag === "Finish" && breaks("ends a stream with its only finish")) return [event, event]
      if (event._tag === "Usage" && breaks("reports the usage of a stream")) return []
      return event._tag === "TextDelta" && breaks("streams the response that it returns whole")
        ? [{ ...event, text: "another text" }]
        : [event]
    }

    const eventsOf = (): Stream.Stream<StreamEvent, StreamError> => {
      const events = StreamFold.toEvents(responseOf())
      const beginning = Stream.fromIterable(events.filter(({ _tag }) => _tag === "Start" || _tag === "TextDelta"))
      switch (behavior._tag) {
        case "Answers":
          return Stream.fromIterable(events.flatMap(change))
        case "Refuses":
          return Stream.fail(breaks("fails a stream that is refused with the error of the refusal") ? cut : refused)
        case "Breaks":
          return Stream.concat(beginning, breaks("fails a stream that breaks") ? Stream.make(finish) : Stream.fail(cut))
        case "Truncates":
          return Stream.concat(
            beginning,
            Stream.fail(breaks("fails a stream that ends without its end mark") ? cut : truncated)
          )
        case "Stalls":
          return Stream.concat(beginning, Stream.never)
      }
    }

    /** The reader that leaves has read one event. */
    const ended = (exit: Exit.Exit<unknown, StreamError>) => {
      if (behavior._tag !== "Stalls") return Effect.void
      return Exit.isSuccess(exit)
        ? endedBy("ends the request of a stream whose reader leaves")
        : endedBy("ends the request of a stream that is interrupted")
    }

    const streamed = Stream.unwrap(Effect.as(received, Stream.suspend(eventsOf))).pipe(Stream.onExit(ended))
    let runs = 0
    const stream = () => {
      if (breaks("makes no request before a stream runs")) receiveEarly()
      return Stream.unwrap(
        Effect.as(
          twice("makes one attempt of a stream that is refused", received),
          Stream.suspend(() => {
            runs += 1
            return runs > 1 && breaks("makes a request each time a stream runs") ? Stream.suspend(eventsOf) : streamed
          })
        )
      )
    }

    return {
      transport: Layer.succeed(ChatTransport, { provider, chat, stream }),
      requests: Effect.sync(() => requests),
      aborted: Effect.sync(() => aborted)
    }
  })
