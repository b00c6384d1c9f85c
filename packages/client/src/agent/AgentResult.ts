/**
 * How a run ended, with everything that it has: the history, the usage and the
 * cost, for every outcome. So nothing that was paid for is lost when a limit, an
 * error or an approval ends it.
 *
 * **Example** (Handle what ends a run)
 *
 * ```ts
 * switch (result.outcome._tag) {
 *   case "Finished":
 *     return result.text
 *   case "ApprovalRequired":
 *     return yield* ask(result.outcome.approvals)
 *   case "Stopped":
 *     yield* save(result.state)
 *     return yield* Effect.fail(result.outcome.error)
 * }
 * ```
 *
 * @since 0.1.0
 */
import type {
  NoProgressError,
  RepeatedToolCallError,
  StepLimitError,
  TokenLimitError,
  ToolCallLimitError
} from "@kimi-effect/core/AgentErrors"
import type {
  JournalMismatchError,
  JournalStoreError,
  LeaseLostError,
  UncertainToolResultError
} from "@kimi-effect/core/JournalErrors"
import type { Message } from "@kimi-effect/core/Message"
import type { StreamError } from "@kimi-effect/core/OperationErrors"
import {
  ToolApprovalRequiredError,
  type ToolArgumentsError,
  type ToolExecutionError,
  type ToolNotFoundError,
  type ToolTimeoutError
} from "@kimi-effect/core/ToolErrors"
import type { Usage } from "@kimi-effect/core/Usage"
import * as BigDecimal from "effect/BigDecimal"
import * as Effect from "effect/Effect"
import * as AgentState from "./AgentState.ts"

/**
 * A failed tool call. By the policy of the run it goes back to the model, or ends
 * the run.
 *
 * @category models
 * @since 0.1.0
 */
export type ToolError = ToolNotFoundError | ToolArgumentsError | ToolExecutionError | ToolTimeoutError

/**
 * What ends a run early: a limit (also `BudgetExceededError` and
 * `DeadlineExceededError`), a failed call of the model, a failed tool call, or a
 * journal.
 *
 * @category models
 * @since 0.1.0
 */
export type AgentError =
  | StepLimitError
  | ToolCallLimitError
  | TokenLimitError
  | RepeatedToolCallError
  | NoProgressError
  | StreamError
  | ToolError
  | JournalMismatchError
  | UncertainToolResultError
  | JournalStoreError
  | LeaseLostError

/**
 * The model is done.
 *
 * @category models
 * @since 0.1.0
 */
export interface Finished {
  readonly _tag: "Finished"
  /** Why it stopped: `stop`, or `length` if its text is truncated, `content_filter`, `refusal`. */
  readonly finishReason: string
}

/**
 * Tool calls need an approval. The run continues with `AgentLoop.resume` and a
 * decision on each or some of them. Calls of the same turn that need none have
 * been run.
 *
 * @category models
 * @since 0.1.0
 */
export interface ApprovalRequired {
  readonly _tag: "ApprovalRequired"
  readonly approvals: ReadonlyArray<AgentState.Approval>
}

/**
 * A limit or an error ended the run. `AgentLoop.resume` continues it, such as
 * with a higher limit.
 *
 * @category models
 * @since 0.1.0
 */
export interface Stopped {
  readonly _tag: "Stopped"
  readonly error: AgentError
}

/**
 * @category models
 * @since 0.1.0
 */
export type Outcome = Finished | ApprovalRequired | Stopped

/**
 * What was spent in one currency.
 *
 * @category models
 * @since 0.1.0
 */
export interface TotalCost {
  readonly currency: "USD" | "CNY"
  readonly total: BigDecimal.BigDecimal
  /** The additional cost without the host's prefix cache; not part of `total`. */
  readonly saved: BigDecimal.BigDecimal
}

/**
 * The result of a run.
 *
 * @category models
 * @since 0.1.0
 */
export class AgentResult {
  readonly outcome: Outcome
  /** The state to continue from; plain JSON. */
  readonly state: AgentState.AgentState
  constructor(outcome: Outcome, state: AgentState.AgentState) {
    this.outcome = outcome
    this.state = state
  }
  /** The text of the model's last message; empty before its first one. */
  get text(): string {
    const { messages } = this.state
    const content = messages.findLast((message) => message.role === "assistant")?.content ?? ""
    return typeof content === "string" ? content : content.map(({ text }) => text).join("")
  }
  /** The whole conversation, as a valid history for the next request. */
  get messages(): ReadonlyArray<Message> {
    return AgentState.messages(this.state)
  }
  /** Responses of the model. */
  get steps(): number {
    return this.state.steps
  }
  /** Tool calls that were run or refused. */
  get toolCalls(): number {
    return this.state.toolCalls
  }
  /** Tokens of all responses together. */
  get usage(): Usage {
    return this.state.usage
  }
  /**
   * What all responses and the tools with a price cost, by currency: one entry,
   * unless hosts of a fallback plan have several. Attempts without a response are
   * in the `Accounting` of the client.
   */
  get cost(): ReadonlyArray<TotalCost> {
    return this.state.costs.map(({ currency, saved, total }) => ({
      currency,
      total: BigDecimal.fromStringUnsafe(total),
      saved: BigDecimal.fromStringUnsafe(saved)
    }))
  }
}

/**
 * Turns the outcome into the error channel: an approval that is required is a
 * `ToolApprovalRequiredError` of its first call. The state of a failed run is
 * lost, unless the `checkpoint` of the run has stored it.
 *
 * @category conversions
 * @since 0.1.0
 */
export const orFail = (result: AgentResult): Effect.Effect<AgentResult, AgentError | ToolApprovalRequiredError> => {
  const { outcome } = result
  switch (outcome._tag) {
    case "Finished":
      return Effect.succeed(result)
    case "Stopped":
      return Effect.fail(outcome.error)
    case "ApprovalRequired": {
      const [first] = outcome.approvals
      return Effect.fail(
        new ToolApprovalRequiredError({
          message: `${outcome.approvals.length} tool calls wait for an approval`,
          tool: first?.tool ?? "",
          callId: first?.callId ?? ""
        })
      )
    }
  }
}
