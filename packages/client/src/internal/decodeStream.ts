/** Decodes the bytes of an SSE body into events, on demand. */
import type { StreamError } from "@kimi-effect/core/OperationErrors"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import type { StreamDecoder } from "./StreamDecoder.ts"

/** Time allowed for the body to end after the end mark, before its connection is closed. */
const drainTimeout = "250 millis"

type Bytes = Pull.Pull<Arr.NonEmptyReadonlyArray<Uint8Array>, HttpClientError.HttpClientError, void>
type Events = Pull.Pull<Arr.NonEmptyReadonlyArray<StreamEvent>, StreamError, void>

/** Reads the rest of the body, which is usually empty, so that the connection can be reused. */
const drain = (bytes: Bytes): Effect.Effect<never, Cause.Done<void>> =>
  Effect.forever(bytes).pipe(Effect.timeoutOption(drainTimeout), Effect.ignoreCause, Effect.andThen(Cause.done()))

const pullEvents = (
  bytes: Bytes,
  decoder: StreamDecoder,
  onBroken: (error: HttpClientError.HttpClientError) => StreamError
): Events => {
  const feed = (chunks: Arr.NonEmptyReadonlyArray<Uint8Array>): Events => {
    for (const chunk of chunks) decoder.feed(chunk)
    return next
  }
  const read: Events = Pull.matchEffect(bytes, {
    onSuccess: feed,
    onFailure: (cause) => Effect.failCause(Cause.map(cause, onBroken)),
    onDone: () => {
      decoder.end()
      return next
    }
  })
  const next: Events = Effect.suspend((): Events => {
    const events = decoder.take()
    if (Arr.isReadonlyArrayNonEmpty(events)) return Effect.succeed(events)
    if (decoder.failure !== undefined) return Effect.fail(decoder.failure)
    return decoder.isComplete ? drain(bytes) : read
  })
  return next
}

/** Decodes a body. If the body fails, the stream fails with `onBroken` after the events received so far. */
export const decodeStream = (
  body: Stream.Stream<Uint8Array, HttpClientError.HttpClientError>,
  decoder: StreamDecoder,
  onBroken: (error: HttpClientError.HttpClientError) => StreamError
): Stream.Stream<StreamEvent, StreamError> =>
  Stream.transformPull(body, (bytes) => Effect.succeed(pullEvents(bytes, decoder, onBroken)))
