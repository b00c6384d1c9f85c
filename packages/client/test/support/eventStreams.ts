/** Responses of server-sent events, as text. */
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import { Effect, Stream } from "effect"
import * as EventStream from "../../src/EventStream.ts"
import { startEvent, textDelta } from "./responses.ts"

/** Options without comments. */
export const quiet = { keepAlive: 0 }

/** The whole body of a response. */
export const textOf = <A, E>(
  stream: Stream.Stream<A, E>,
  format: EventStream.Format<A>,
  options: EventStream.Options = quiet
): Effect.Effect<string> =>
  Effect.flatMap(EventStream.toResponse(stream, format, options), (response) => Effect.promise(() => response.text()))

/** The name and the data of each event. */
export const parse = (text: string): ReadonlyArray<readonly [name: string | undefined, data: string | undefined]> =>
  text
    .split("\n\n")
    .filter((block) => block !== "")
    .map((block) => [/^event: (.*)$/m.exec(block)?.[1], /^data: (.*)$/m.exec(block)?.[1]] as const)

/** A stream that fails after a text. */
export const failing = (error: unknown): Stream.Stream<StreamEvent, unknown> =>
  Stream.concat(Stream.fromIterable([startEvent(), textDelta("Hi")]), Stream.fail(error))
