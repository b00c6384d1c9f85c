/** The error of an audit log that cannot be written. */
import * as Schema from "effect/Schema"

/**
 * The audit cannot be written, so a call that requires it must not be made.
 *
 * @category errors
 * @since 0.1.0
 */
export class AuditUnavailableError extends Schema.TaggedError<AuditUnavailableError>(
  "@kimi-effect/client/AuditUnavailableError"
)("AuditUnavailableError", {
  /** The error code of the system, such as `ENOSPC`. */
  reason: Schema.String,
  /** Unix milliseconds. */
  since: Schema.Finite
}) {
  override get message(): string {
    return `The audit log cannot be written (${this.reason})`
  }
}
