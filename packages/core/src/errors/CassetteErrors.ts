/**
 * Failures of recorded traffic. The HTTP client of `Cassette` in
 * `@kimi-effect/testing` causes them.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { TaggedKimiError } from "./TaggedKimiError.ts"

/**
 * The cassette has no exchange for this request; nothing was sent.
 *
 * @category errors
 * @since 0.1.0
 */
export class CassetteMissError extends TaggedKimiError<CassetteMissError>()("CassetteMissError", {
  /** The cassette. */
  cassette: Schema.String,
  /** The HTTP method of the request. */
  method: Schema.String,
  /** The path of the request. */
  path: Schema.String,
  /** The nearest recorded exchange, when there is one. */
  nearest: Schema.optionalKey(Schema.String),
  /** Paths of the members in which the request differs from the nearest exchange. */
  differences: Schema.Array(Schema.String)
}) {}
