/** Counts equal tool calls in a row: in one turn, and from turn to turn. */
import { RepeatedToolCallError } from "@kimi-effect/core/AgentErrors"
import { canonicalizeText } from "@kimi-effect/core/internal/CanonicalJson"
import type { ToolCall } from "@kimi-effect/core/Tool"
import type { AgentCall, AgentState } from "../../AgentState.ts"
import { agentOf, type Limits } from "./limits.ts"

type Repeats = AgentState["repeats"]

/**
 * Counts the calls of a turn. A call that the turn does not contain begins at 1
 * again. `counts` has the count of each call, in their order.
 */
export const count = (
  earlier: Repeats,
  calls: ReadonlyArray<ToolCall>
): { readonly repeats: Repeats; readonly counts: ReadonlyArray<number> } => {
  const repeats: Array<Repeats[number]> = []
  const counts = calls.map(({ function: { arguments: text, name: tool } }) => {
    const args = canonicalizeText(text).text
    const isSame = (one: Repeats[number]) => one.tool === tool && one.arguments === args
    const known = repeats.findIndex(isSame)
    const before = known >= 0 ? repeats[known] : earlier.find(isSame)
    const next = { tool, arguments: args, count: (before?.count ?? 0) + 1 }
    if (known >= 0) repeats[known] = next
    else repeats.push(next)
    return next.count
  })
  return { repeats, counts }
}

/** The error of a turn that repeats a call once too often. */
export const exceeded = (
  state: AgentState,
  calls: ReadonlyArray<AgentCall>,
  { stopAt }: Limits
): RepeatedToolCallError | undefined => {
  const call = calls.find(({ repeats }) => repeats >= stopAt)
  return call === undefined
    ? undefined
    : new RepeatedToolCallError({
        ...agentOf(state),
        message: `The model made the same tool call ${call.repeats} times in a row`,
        tool: call.tool.slice(0, 256),
        count: call.repeats
      })
}

/** What the result of a call reminds the model of, if anything. */
export const reminder = ({ repeats }: AgentCall, { remindAt }: Limits): string | undefined =>
  remindAt.has(repeats)
    ? `You have made this call ${repeats} times in a row with the same arguments. ` +
      "Do not repeat it: try something else, or finish with what you know."
    : undefined
