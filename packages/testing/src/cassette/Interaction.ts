/**
 * The recorded requests and responses of a cassette, as they are in its file.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

const Milliseconds = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0))

/** Milliseconds since the previous event, or since the head of the response. Absent unless timing was recorded. */
const after = Schema.optionalKey(Milliseconds)

/**
 * One event of a stream: its data as JSON, its data as text, or, when it is not
 * exactly one `data:` line with a blank line, its raw text.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Event = Schema.Union([
  Schema.Struct({ json: Schema.Json, after }),
  Schema.Struct({ data: Schema.String, after }),
  Schema.Struct({ raw: Schema.String, after })
])

/**
 * One event of a stream.
 *
 * @category models
 * @since 0.1.0
 */
export type Event = typeof Event.Type

/**
 * A body in its most readable form from which the same bytes can be made: JSON
 * (its compact text), the events of a stream, text, or base64.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Body = Schema.Union([
  Schema.Struct({ json: Schema.Json }),
  Schema.Struct({ events: Schema.Array(Event) }),
  Schema.Struct({ text: Schema.String }),
  Schema.Struct({ base64: Schema.String.check(Schema.isBase64()) })
])

/**
 * A body.
 *
 * @category models
 * @since 0.1.0
 */
export type Body = typeof Body.Type

const HeaderValues = Schema.Record(Schema.String, Schema.String)

/**
 * A request. Header names are in lower case, and only headers without secrets
 * are kept.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RecordedRequest = Schema.Struct({
  /** In upper case. */
  method: Schema.String,
  /** Scheme and host. The port of a loopback address is left out, because test servers get a new one each time. */
  origin: Schema.String,
  /** Path, without host and query. */
  path: Schema.String,
  /** Query without `?`, with its parameters sorted. Absent when there is none. */
  query: Schema.optionalKey(Schema.String),
  headers: HeaderValues,
  /** Absent when the request has none. */
  body: Schema.optionalKey(Body)
})

/**
 * A request.
 *
 * @category models
 * @since 0.1.0
 */
export type RecordedRequest = typeof RecordedRequest.Type

/**
 * A response. Header names are in lower case.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RecordedResponse = Schema.Struct({
  status: Schema.Int.check(Schema.isBetween({ minimum: 100, maximum: 599 })),
  /** Milliseconds from the request to the head of the response. Absent unless timing was recorded. */
  after,
  headers: HeaderValues,
  /** Absent when the response has none. */
  body: Schema.optionalKey(Body),
  /** Whether the body broke off, or its reader stopped, before its end. Absent when it is complete. */
  isIncomplete: Schema.optionalKey(Schema.Literal(true))
})

/**
 * A response.
 *
 * @category models
 * @since 0.1.0
 */
export type RecordedResponse = typeof RecordedResponse.Type

/**
 * A request with its response.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Interaction = Schema.Struct({ request: RecordedRequest, response: RecordedResponse })

/**
 * A request with its response.
 *
 * @category models
 * @since 0.1.0
 */
export type Interaction = typeof Interaction.Type
