/**
 * Refusals of the client's own stages; nothing was sent.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { TaggedKimiError } from "./TaggedKimiError.ts"

/**
 * The circuit of this host and model is open, so the call was not sent.
 * `retryAfter` is the remaining open duration; it is absent while a probe is in flight
 * and while the circuit is isolated.
 *
 * @category errors
 * @since 0.1.0
 */
export class CircuitOpenError extends TaggedKimiError<CircuitOpenError>()("CircuitOpenError", {
  /** The circuit, such as `moonshot/kimi-k3`. */
  key: Schema.String,
  /** Why it rejects: it is open, all its probes are in flight, or it was isolated manually. */
  state: Schema.Literals(["open", "half-open", "isolated"])
}) {}

/**
 * The call would wait for the account's limits longer than allowed. `retryAfter`
 * is an estimate of the remaining wait.
 *
 * @category errors
 * @since 0.1.0
 */
export class AdmissionTimeoutError extends TaggedKimiError<AdmissionTimeoutError>()("AdmissionTimeoutError", {
  /** The account. */
  account: Schema.String,
  /** The longest allowed wait. */
  maxWait: Schema.Duration
}) {}

/**
 * The admission queue is full.
 *
 * @category errors
 * @since 0.1.0
 */
export class AdmissionQueueFullError extends TaggedKimiError<AdmissionQueueFullError>()("AdmissionQueueFullError", {
  /** The account. */
  account: Schema.String,
  /** The number of calls that may wait. */
  limit: Schema.Int
}) {}

/**
 * The call alone exceeds the account's limit, so waiting does not help.
 *
 * @category errors
 * @since 0.1.0
 */
export class AdmissionLimitError extends TaggedKimiError<AdmissionLimitError>()("AdmissionLimitError", {
  /** The account. */
  account: Schema.String,
  /** The limit that the call exceeds. */
  kind: Schema.Literals(["tokens per minute", "tokens per day"]),
  /** The limit in tokens. */
  limit: Schema.Finite,
  /** The tokens that the call counts for: its prompt and its maximum output. */
  tokens: Schema.Finite
}) {}

/**
 * The client was used after the scope of its layer had closed, or the scope
 * closed during the call. A call that had not begun sent nothing.
 *
 * @category errors
 * @since 0.1.0
 */
export class ClientClosedError extends TaggedKimiError<ClientClosedError>()("ClientClosedError", {}) {}
