/**
 * What can go wrong between a server and its client, as data.
 *
 * A fault is attached to a `Reply` and spoils it. Bytes are counted in the
 * body. Events are counted in the stream; the body of a plain answer counts as
 * one event.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"

/**
 * One thing that goes wrong. The constructors of this module tell what each does.
 *
 * @category models
 * @since 0.1.0
 */
export type Fault = Data.TaggedEnum<{
  ResetBeforeHeaders: {}
  StallBeforeHeaders: {}
  SlowHeaders: { readonly delay: Duration.Input }
  ResetMidBody: { readonly afterBytes: number }
  StallMidBody: { readonly afterBytes: number }
  SlowBody: { readonly delay: Duration.Input }
  TruncatedBody: { readonly afterBytes: number }
  EmptyBody: {}
  WrongContentType: {}
  MalformedJson: {}
  HugeBody: { readonly bytes: number; readonly contentLength: boolean }
  Redirect: { readonly status: number; readonly location: string }
  ResetMidStream: { readonly afterEvents: number }
  StallMidStream: { readonly afterEvents: number }
  SlowEvents: { readonly interval: Duration.Input }
  TruncatedStream: { readonly afterEvents: number }
  KeepAlive: { readonly afterEvents: number; readonly interval: Duration.Input }
  HugeEvent: { readonly afterEvents: number; readonly bytes: number }
  CorruptEvent: { readonly afterEvents: number }
  JoinedEvents: { readonly afterEvents: number }
  ErrorInStream: {
    readonly afterEvents: number
    readonly error: { readonly message: string; readonly type?: string | undefined }
  }
}>

const constructors = Data.taggedEnum<Fault>()

/**
 * Resets the connection when the request has arrived; not a byte is answered.
 *
 * @category before the headers
 * @since 0.1.0
 */
export const ResetBeforeHeaders = constructors.ResetBeforeHeaders

/**
 * Takes the request and never answers. The connection stays open.
 *
 * @category before the headers
 * @since 0.1.0
 */
export const StallBeforeHeaders = constructors.StallBeforeHeaders

/**
 * Sends nothing for `delay`, then the whole answer.
 *
 * @category before the headers
 * @since 0.1.0
 */
export const SlowHeaders = constructors.SlowHeaders

/**
 * Sends the headers and `afterBytes` bytes of the body, then resets the
 * connection.
 *
 * @category bodies
 * @since 0.1.0
 */
export const ResetMidBody = constructors.ResetMidBody

/**
 * Sends the headers and `afterBytes` bytes of the body, then nothing more. The
 * connection stays open.
 *
 * @category bodies
 * @since 0.1.0
 */
export const StallMidBody = constructors.StallMidBody

/**
 * Sends the headers at once, and the body after `delay`.
 *
 * @category bodies
 * @since 0.1.0
 */
export const SlowBody = constructors.SlowBody

/**
 * Sends `afterBytes` bytes of the body and closes the connection in good order,
 * although `content-length` promised more (on a stream: although the last chunk
 * of the chunked coding is missing).
 *
 * @category bodies
 * @since 0.1.0
 */
export const TruncatedBody = constructors.TruncatedBody

/**
 * Answers 200 with the promised content type and no body at all.
 *
 * @category bodies
 * @since 0.1.0
 */
export const EmptyBody = constructors.EmptyBody

/**
 * Answers 200 with an HTML page, as captive portals and misconfigured proxies do.
 *
 * @category bodies
 * @since 0.1.0
 */
export const WrongContentType = constructors.WrongContentType

/**
 * Answers 200 as JSON with a body that breaks off in the middle of a value,
 * although its length is as promised.
 *
 * @category bodies
 * @since 0.1.0
 */
export const MalformedJson = constructors.MalformedJson

/**
 * Answers 200 with a well-formed completion of exactly `bytes` bytes, but at
 * least of the 200 or so that an empty one takes. With `contentLength: false`
 * the length is not announced.
 *
 * @category bodies
 * @since 0.1.0
 */
export const HugeBody = constructors.HugeBody

/**
 * Answers with a redirection and no body.
 *
 * @category bodies
 * @since 0.1.0
 */
export const Redirect = constructors.Redirect

/**
 * Resets the connection after `afterEvents` events.
 *
 * @category streams
 * @since 0.1.0
 */
export const ResetMidStream = constructors.ResetMidStream

/**
 * Sends `afterEvents` events, then nothing more. The connection stays open.
 *
 * @category streams
 * @since 0.1.0
 */
export const StallMidStream = constructors.StallMidStream

/**
 * Waits for `interval` before each write, one event a write unless the chunking
 * counts events.
 *
 * @category streams
 * @since 0.1.0
 */
export const SlowEvents = constructors.SlowEvents

/**
 * Ends the stream in good order after `afterEvents` events, without `[DONE]`.
 *
 * @category streams
 * @since 0.1.0
 */
export const TruncatedStream = constructors.TruncatedStream

/**
 * Sends `afterEvents` events, then one `: keep-alive` comment each `interval` and
 * nothing else, for ever.
 *
 * @category streams
 * @since 0.1.0
 */
export const KeepAlive = constructors.KeepAlive

/**
 * Puts one well-formed event of exactly `bytes` bytes, blank line included,
 * after `afterEvents` events. Below 200 or so the event is as small as it can be.
 *
 * @category streams
 * @since 0.1.0
 */
export const HugeEvent = constructors.HugeEvent

/**
 * Cuts the JSON of the event that follows the first `afterEvents` in half, and
 * sends the rest of the stream unharmed.
 *
 * @category streams
 * @since 0.1.0
 */
export const CorruptEvent = constructors.CorruptEvent

/**
 * Runs the two events that follow the first `afterEvents` together, as a
 * gateway was seen to do: `data: {"id":"chatcmpl-6adata: {"id":…`.
 *
 * @category streams
 * @since 0.1.0
 */
export const JoinedEvents = constructors.JoinedEvents

/**
 * Sends `afterEvents` events, then an event with an error in place of choices,
 * and ends the stream without `[DONE]`.
 *
 * @category streams
 * @since 0.1.0
 */
export const ErrorInStream = constructors.ErrorInStream
