/**
 * The limits of an agent's run. Each ends the run with its own error, in a
 * result that has the whole state: the history, the usage and the cost. A run
 * that a limit ended continues with `AgentLoop.resume` and a higher one.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"

/**
 * The most that a run may spend in money.
 *
 * @category options
 * @since 0.1.0
 */
export interface CostLimit {
  /** A decimal, such as `"0.50"`. */
  readonly amount: string
  readonly currency: "USD" | "CNY"
}

/**
 * What the model calls again and again, with the same arguments.
 *
 * @category options
 * @since 0.1.0
 */
export interface RepeatLimits {
  /**
   * The repetitions at which the result of the call reminds the model that it
   * makes the same call again; the first call is 1. Defaults to `[3, 5, 8]`.
   */
  readonly remindAt?: ReadonlyArray<number> | undefined
  /** The repetition that is not run but ends the run. Defaults to 9. */
  readonly stopAt?: number | undefined
}

/**
 * The limits of one run, with all its resumed parts. They are checked before
 * the tool calls of a response and before each call of the model; a response
 * that calls no tool is never lost to a limit.
 *
 * @category options
 * @since 0.1.0
 */
export interface AgentLimits {
  /** Responses of the model. Defaults to 100. Ends with `StepLimitError`. */
  readonly steps?: number | undefined
  /** Tool calls. A turn with more calls than are left runs none. Defaults to 300. Ends with `ToolCallLimitError`. */
  readonly toolCalls?: number | undefined
  /** Tokens of all prompts and responses together. No limit by default. Ends with `TokenLimitError`. */
  readonly tokens?: number | undefined
  /**
   * What all responses may cost. No limit by default. Ends with
   * `BudgetExceededError` once it is spent, so the last response can exceed it; a
   * `Budget` of the client refuses calls before they can. Ends with
   * `UnknownPriceError` if the price of a response is not known.
   */
  readonly cost?: CostLimit | undefined
  /**
   * The time that the run works, without waits for approvals. No limit by default.
   * Ends with `DeadlineExceededError`, and interrupts the model and the tools.
   */
  readonly duration?: Duration.Input | undefined
  /** Equal tool calls in a row. `false` allows any number. */
  readonly repeats?: RepeatLimits | false | undefined
  /**
   * Steps in a row that bring nothing new. Ends with `NoProgressError`; the results
   * of a step after half of them remind the model. In such a step every call fails,
   * or returns what one of the latest calls has returned, such as nothing. A step
   * counts half if a call succeeds that was not made before. Defaults to 12, or to
   * `repeats.stopAt` if that is more. `false` allows any number.
   */
  readonly stalledSteps?: number | false | undefined
}
