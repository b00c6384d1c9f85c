/**
 * The properties of a simulated call that are not in its request. The fiber of
 * the call provides them to all of its attempts.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"

/**
 * @category models
 * @since 0.1.0
 */
export interface SimulatedCall {
  /** Length of the model's response in tokens, before the limit of the request. */
  readonly outputTokens: number
  /** Called when an attempt reaches the host, with the time in Unix milliseconds. */
  readonly onAttempt: (at: number) => void
}

/**
 * The call of the current fiber. Defaults to 256 output tokens.
 *
 * @category references
 * @since 0.1.0
 */
export const CurrentCall: Context.Reference<SimulatedCall> = Context.Reference<SimulatedCall>(
  "@kimi-effect/testing/simulator/SimulatedCall/CurrentCall",
  { defaultValue: () => ({ outputTokens: 256, onAttempt: () => undefined }) }
)
