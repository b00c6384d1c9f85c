/** A provider at the level of `ChatTransport`. */
import { ChatTransport } from "@kimi-effect/client/ChatTransport"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import * as Cost from "@kimi-effect/core/Cost"
import { isKimiError } from "@kimi-effect/core/KimiError"
import * as StreamFold from "@kimi-effect/core/StreamFold"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { makeChat, makeStream } from "./answers.ts"
import type { Attempt, Engine } from "./Engine.ts"
import type { Playback } from "./playback.ts"

/** The outcome of an attempt that did not succeed. */
const failedOutcome = (cause: Cause.Cause<unknown>): string => {
  const error: unknown = Option.getOrUndefined(Cause.findErrorOption(cause))
  if (isKimiError(error)) return error._tag
  return Cause.hasInterruptsOnly(cause) ? "Interrupted" : "Defect"
}

/** Records the end of an attempt with its response. */
export const endWith = (engine: Engine, attempt: Attempt, exit: Exit.Exit<ChatResponse | undefined, unknown>): void => {
  if (Exit.isFailure(exit)) return engine.end(attempt, failedOutcome(exit.cause))
  const response = exit.value
  engine.end(
    attempt,
    "Success",
    response?.usage === undefined ? undefined : Cost.usageOf(response, response.usage, attempt.received.request)
  )
}

/** Makes the transport of an engine. */
export const make = (engine: Engine, playback: Playback): ChatTransport["Service"] => {
  const playChat = makeChat(engine.chunking, playback)
  const playStream = makeStream(engine.chunking, playback)
  return ChatTransport.of({
    provider: playback.provider,
    chat: (request) =>
      Effect.suspend(() => {
        const attempt = engine.begin(request, "chat")
        return Effect.onExit(
          Effect.flatMap(engine.answer(attempt), (step) => playChat(request, step)),
          (exit) => Effect.sync(() => endWith(engine, attempt, exit))
        )
      }),
    stream: (request) =>
      Stream.suspend(() => {
        const attempt = engine.begin(request, "stream")
        let fold = StreamFold.empty
        const events = Stream.unwrap(Effect.map(engine.answer(attempt), (step) => playStream(request, step)))
        return events.pipe(
          Stream.mapArray((batch) => {
            for (const event of batch) fold = StreamFold.step(fold, event)
            return batch
          }),
          Stream.onExit((exit) =>
            Effect.sync(() => {
              const response = Option.getOrUndefined(StreamFold.toResponse(fold))
              endWith(engine, attempt, Exit.isFailure(exit) ? Exit.failCause(exit.cause) : Exit.succeed(response))
            })
          )
        )
      })
  })
}
