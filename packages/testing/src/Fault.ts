/**
 * Faults between a server and its client, as data: the same values for
 * `MockServer`, which delivers them over sockets, for `MockProvider`, which
 * delivers them in memory, and for the `Simulator` (`FaultScript.BadConnections`).
 *
 * A fault is attached to a `Reply` and changes how it is delivered. Bytes are
 * counted in the body. Events are counted in the stream; the body of a response
 * that is not streamed counts as one event.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"

/**
 * One fault. The constructors of this module describe each kind.
 *
 * @category models
 * @since 0.1.0
 */
export type Fault = Data.TaggedEnum<{
  ConnectFailure: { readonly reason: "dns" | "refused" | "tls" | "timeout" }
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
 * No connection is established. A server that is called has accepted the
 * connection, so `MockServer` resets it instead.
 *
 * @category before the headers
 * @since 0.1.0
 */
export const ConnectFailure = constructors.ConnectFailure

/**
 * Resets the connection when the request has arrived, before any byte is sent.
 *
 * @category before the headers
 * @since 0.1.0
 */
export const ResetBeforeHeaders = constructors.ResetBeforeHeaders

/**
 * Accepts the request and never responds. The connection stays open.
 *
 * @category before the headers
 * @since 0.1.0
 */
export const StallBeforeHeaders = constructors.StallBeforeHeaders

/**
 * Sends nothing for `delay`, then the whole response.
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
 * Sends `afterBytes` bytes of the body and closes the connection gracefully
 * before the length announced by `content-length` (for a stream: before the last
 * chunk of the chunked coding).
 *
 * @category bodies
 * @since 0.1.0
 */
export const TruncatedBody = constructors.TruncatedBody

/**
 * Responds with 200, the content type of the reply and an empty body.
 *
 * @category bodies
 * @since 0.1.0
 */
export const EmptyBody = constructors.EmptyBody

/**
 * Responds with 200 and an HTML page, as captive portals and misconfigured proxies do.
 *
 * @category bodies
 * @since 0.1.0
 */
export const WrongContentType = constructors.WrongContentType

/**
 * Responds with 200, a JSON content type and a body that ends inside a value.
 * Its `content-length` is correct.
 *
 * @category bodies
 * @since 0.1.0
 */
export const MalformedJson = constructors.MalformedJson

/**
 * Responds with 200 and a well-formed completion of exactly `bytes` bytes, or
 * of the roughly 200 bytes of an empty completion if `bytes` is smaller. With
 * `contentLength: false` the response has no `content-length`.
 *
 * @category bodies
 * @since 0.1.0
 */
export const HugeBody = constructors.HugeBody

/**
 * Responds with a redirect and no body.
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
 * Waits for `interval` before each write. A write is one event unless the
 * chunking counts events.
 *
 * @category streams
 * @since 0.1.0
 */
export const SlowEvents = constructors.SlowEvents

/**
 * Ends the response normally after `afterEvents` events, without `[DONE]`.
 *
 * @category streams
 * @since 0.1.0
 */
export const TruncatedStream = constructors.TruncatedStream

/**
 * Sends `afterEvents` events, then only a `: keep-alive` comment every
 * `interval`, without end.
 *
 * @category streams
 * @since 0.1.0
 */
export const KeepAlive = constructors.KeepAlive

/**
 * Inserts one well-formed event of exactly `bytes` bytes, including its blank
 * line, after `afterEvents` events. The smallest event has roughly 200 bytes.
 *
 * @category streams
 * @since 0.1.0
 */
export const HugeEvent = constructors.HugeEvent

/**
 * Truncates the JSON of the event after the first `afterEvents` events to half
 * its length. The other events are unchanged.
 *
 * @category streams
 * @since 0.1.0
 */
export const CorruptEvent = constructors.CorruptEvent

/**
 * Joins the two events after the first `afterEvents` events on one line, as a
 * gateway has been observed to do: `data: {"id":"chatcmpl-6adata: {"id":…`.
 *
 * @category streams
 * @since 0.1.0
 */
export const JoinedEvents = constructors.JoinedEvents

/**
 * Sends `afterEvents` events, then an event with `error` instead of `choices`,
 * and ends the response without `[DONE]`.
 *
 * @category streams
 * @since 0.1.0
 */
export const ErrorInStream = constructors.ErrorInStream
