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
