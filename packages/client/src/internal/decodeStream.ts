/** Decodes the bytes of a body into events, on demand. */
import type { StreamError } from "@kimi-effect/core/OperationErrors"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as Pull from "effect/Pull"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { StreamDecoder } from "./StreamDecoder.ts"
import type { OpenBytes } from "./WebBody.ts"

/** Time allowed for the body to end after the end mark, before its connection is closed. */
const drainTimeout = "250 millis"

type Bytes = Pull.Pull<Arr.NonEmptyReadonlyArray<Uint8Array>, HttpClientError.HttpClientError, void>
type Events = Pull.Pull<Arr.NonEmptyReadonlyArray<StreamEvent>, StreamError, void>

/** Reads the rest of the body, which is usually empty, so that the connection can be reused. */
const drain = (bytes: Bytes): Effect.Effect<void> =>
  Effect.forever(bytes).pipe(Effect.timeoutOption(drainTimeout), Effect.ignoreCause)

const pullEvents = (
  bytes: Bytes,
  decoder: StreamDecoder,
  onBroken: (error: HttpClientError.HttpClientError) => StreamError
): Events => {
  const feed = (chunks: Arr.NonEmptyReadonlyArray<Uint8Array>): Events => {
    for (const chunk of chunks) decoder.feed(chunk)
    return next
  }
  // Not `Pull.matchEffect`, which keeps two more closures for each open stream.
  const read: Events = Effect.matchCauseEffect(bytes, {
    onSuccess: feed,
    onFailure: (cause): Events => {
      const halt = Pull.filterDone(cause)
      if (Result.isFailure(halt)) return Effect.failCause(Cause.map(halt.failure, onBroken))
      decoder.end()
      return next
    }
  })
  const next: Events = Effect.suspend((): Events => {
    const events = decoder.take()
    if (Arr.isReadonlyArrayNonEmpty(events)) return Effect.succeed(events)
    if (decoder.failure !== undefined) return Effect.fail(decoder.failure)
    return decoder.isComplete ? Cause.done() : read
  })
  return next
}

/**
 * Decodes a body. If the body fails, the stream fails with `onBroken` after the
 * events received so far. A complete stream ends at once, regardless of its body:
 * the rest of the body is read in the background for a moment, and then
 * its connection is closed.
 */
export const decodeStream = (
  open: OpenBytes,
  decoder: StreamDecoder,
  onBroken: (error: HttpClientError.HttpClientError) => StreamError
): Stream.Stream<StreamEvent, StreamError> =>
  Stream.fromChannel(
    Channel.fromTransform((_: unknown, scope: Scope.Scope) =>
      Effect.suspend(() => {
        // Not a child of the stream's scope, because the body may outlive the stream.
        const bodyScope = Scope.makeUnsafe()
        let bytes: Bytes | undefined
        const close = Scope.addFinalizerExit(scope, (exit) =>
          decoder.isComplete && bytes !== undefined && !decoder.hasBodyEnded
            ? Effect.forkDetach(Effect.ensuring(Effect.interruptible(drain(bytes)), Scope.close(bodyScope, exit)))
            : Scope.close(bodyScope, exit)
        )
        return Effect.andThen(
          close,
          Effect.map(open(bodyScope), (pull) => {
            bytes = pull
            return pullEvents(pull, decoder, onBroken)
          })
        )
      })
    )
  )
