/**
 * One recorded HTTP exchange with a Kimi host.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * One recorded exchange. Header names are in lower case.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Exchange = Schema.Struct({
  /** The source of the recording, and what was changed in it. */
  _provenance: Schema.String,
  /** A date or an instant, in ISO 8601. */
  recorded_at: Schema.String,
  /** Method and URL, such as `POST https://api.moonshot.ai/v1/chat/completions`. */
  endpoint: Schema.String,
  /** The request body. Absent when it was not recorded; some recordings contain only a part of it. */
  request: Schema.optionalKey(Schema.Json),
  status: Schema.Int,
  headers: Schema.Record(Schema.String, Schema.String),
  body: Schema.Json
})

/**
 * One recorded exchange, decoded.
 *
 * @category models
 * @since 0.1.0
 */
export type Exchange = typeof Exchange.Type
