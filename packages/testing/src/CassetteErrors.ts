/**
 * Failures of cassettes and of their stores. A request that a cassette does not
 * contain is a `CassetteMissError` of `@kimi-effect/core`.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * The text of a cassette is damaged or is no cassette.
 *
 * @category errors
 * @since 0.1.0
 */
export class CassetteFormatError extends Schema.TaggedError<CassetteFormatError>(
  "@kimi-effect/testing/CassetteFormatError"
)("CassetteFormatError", {
  message: Schema.String,
  /** The cassette. */
  cassette: Schema.String,
  /** Path of the member that is wrong, such as `interactions[2].response.status`. Empty for the whole text. */
  path: Schema.String
}) {
  /** The family of the error. */
  get category(): "testing" {
    return "testing"
  }
  /** What to change, in one sentence. */
  get hint(): string {
    return "Restore the cassette, or delete it and record it again."
  }
}

/**
 * The cassette was written by a newer version of this library.
 *
 * @category errors
 * @since 0.1.0
 */
export class CassetteVersionError extends Schema.TaggedError<CassetteVersionError>(
  "@kimi-effect/testing/CassetteVersionError"
)("CassetteVersionError", {
  message: Schema.String,
  /** The cassette. */
  cassette: Schema.String,
  /** The version of its format. */
  version: Schema.Number,
  /** The newest version that can be read. */
  supported: Schema.Number
}) {
  /** The family of the error. */
  get category(): "testing" {
    return "testing"
  }
  /** What to change, in one sentence. */
  get hint(): string {
    return "Update @kimi-effect/testing to the version that recorded the cassette, or delete it and record it again."
  }
}

/**
 * A recording contains a secret that could not be redacted, so it was not
 * written. The error contains where the secret is, and not the secret.
 *
 * @category errors
 * @since 0.1.0
 */
export class CassetteSecretError extends Schema.TaggedError<CassetteSecretError>(
  "@kimi-effect/testing/CassetteSecretError"
)("CassetteSecretError", {
  message: Schema.String,
  /** The cassette. */
  cassette: Schema.String,
  /** Method and path of the request. */
  request: Schema.String,
  /** Where the secret is, such as `response.body.choices[0].delta.content, over several events`. */
  place: Schema.String
}) {
  /** The family of the error. */
  get category(): "testing" {
    return "testing"
  }
  /** What to change, in one sentence. */
  get hint(): string {
    return "Redact the place that the error names, or use another key and another text in the test."
  }
}

/**
 * A cassette could not be read or written.
 *
 * @category errors
 * @since 0.1.0
 */
export class CassetteStoreError extends Schema.TaggedError<CassetteStoreError>(
  "@kimi-effect/testing/CassetteStoreError"
)("CassetteStoreError", {
  message: Schema.String,
  /** The cassette. */
  cassette: Schema.String,
  operation: Schema.Literals(["read", "write"])
}) {
  /** The family of the error. */
  get category(): "testing" {
    return "testing"
  }
  /** What to change, in one sentence. */
  get hint(): string {
    return "Check the cassette's path, its permissions and its disk."
  }
}

/**
 * A cassette cannot be used.
 *
 * @category models
 * @since 0.1.0
 */
export type CassetteError = CassetteFormatError | CassetteVersionError | CassetteSecretError | CassetteStoreError
