/** What a run does next, as a function of its state and its limits. */
import type { AgentCall, AgentState } from "../../AgentState.ts"
import { exceeded, type LimitError, type Limits } from "./limits.ts"
import * as Progress from "./progress.ts"
import * as Repeats from "./repeats.ts"

export type Action =
  | { readonly _tag: "CallModel" }
  | { readonly _tag: "RunTools"; readonly calls: ReadonlyArray<AgentCall> }
  | { readonly _tag: "AwaitApprovals" }
  | { readonly _tag: "Finish"; readonly finishReason: string }
  | { readonly _tag: "Stop"; readonly error: LimitError }

/** Whether a call can continue without a decision. */
const isRunnable = ({ status }: AgentCall): boolean =>
  status === "pending" || status === "approved" || status === "started"

/**
 * The next action. A state whose calls all have results has none of them left in
 * `calls`, so what remains there is runnable or waits for an approval.
 */
export const next = (state: AgentState, limits: Limits): Action => {
  if (state.calls.length > 0) {
    const calls = state.calls.filter(isRunnable)
    if (calls.length === 0) return { _tag: "AwaitApprovals" }
    const error = exceeded(state, limits, calls.length) ?? Repeats.exceeded(state, calls, limits)
    return error === undefined ? { _tag: "RunTools", calls } : { _tag: "Stop", error }
  }
  if (state.finishReason !== undefined) return { _tag: "Finish", finishReason: state.finishReason }
  const error = exceeded(state, limits, 0) ?? Progress.exceeded(state, limits)
  return error === undefined ? { _tag: "CallModel" } : { _tag: "Stop", error }
}
