/**
 * A stage of our own refused the call; nothing was sent.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { TaggedKimiError } from "./TaggedKimiError.ts"

/**
 * The circuit of this host and model is open, so the call was not sent.
 * `retryAfter` is the rest of the open time; it is absent while a probe is out
 * and while the circuit is isolated.
 *
 * @category errors
 * @since 0.1.0
 */
export class CircuitOpenError extends TaggedKimiError<CircuitOpenError>()("CircuitOpenError", {
  /** The circuit, such as `moonshot/kimi-k3`. */
  key: Schema.String,
  /** Why it rejects: it is open, all its probes are out, or somebody isolated it. */
  state: Schema.Literals(["open", "half-open", "isolated"])
}) {}

/**
 * The call waited for its turn as long as it may, or would have to: the
 * account's limits had no room for it. `retryAfter` is an estimate of the wait
 * that was left.
 *
 * @category errors
 * @since 0.1.0
 */
export class AdmissionTimeoutError extends TaggedKimiError<AdmissionTimeoutError>()("AdmissionTimeoutError", {
  /** The account whose limits are in use. */
  account: Schema.String,
  /** The longest wait that was allowed. */
  maxWait: Schema.Duration
}) {}

/**
 * As many calls wait for their turn as may, so this one was turned away.
 *
 * @category errors
 * @since 0.1.0
 */
export class AdmissionQueueFullError extends TaggedKimiError<AdmissionQueueFullError>()("AdmissionQueueFullError", {
  /** The account whose limits are in use. */
  account: Schema.String,
  /** The calls that may wait. */
  limit: Schema.Int
}) {}

/**
 * The call alone is more than the account's limit allows, so no waiting helps.
 *
 * @category errors
 * @since 0.1.0
 */
export class AdmissionLimitError extends TaggedKimiError<AdmissionLimitError>()("AdmissionLimitError", {
  /** The account whose limits are in use. */
  account: Schema.String,
  /** The limit that the call exceeds. */
  kind: Schema.Literals(["tokens per minute", "tokens per day"]),
  /** The limit in tokens. */
  limit: Schema.Finite,
  /** What the call counts for: its prompt and the most that it may generate. */
  tokens: Schema.Finite
}) {}
