/**
 * What a virtual host needs to know of a call beyond its request: a fiber
 * that makes a simulated call carries it, and all attempts of the call find it.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"

/**
 * @category models
 * @since 0.1.0
 */
export interface SimulatedCall {
  /** Tokens that the model has to say, as far as the request allows them. */
  readonly outputTokens: number
  /** Is told when an attempt reaches the host, in Unix milliseconds. */
  readonly onAttempt: (at: number) => void
}

/**
 * The call that the current fiber makes; 256 tokens of output when nobody says otherwise.
 *
 * @category references
 * @since 0.1.0
 */
export const CurrentCall: Context.Reference<SimulatedCall> = Context.Reference<SimulatedCall>(
  "@kimi-effect/testing/simulator/SimulatedCall/CurrentCall",
  { defaultValue: () => ({ outputTokens: 256, onAttempt: () => undefined }) }
)
