/** What the agents of a swarm have used, when it is not from calls of this process. */
import * as BigDecimal from "effect/BigDecimal"
import type { AgentState } from "../../agent/AgentState.ts"
import { isOwn } from "./ownTools.ts"
import { sumCosts, totalsOf } from "./Recorder.ts"
import type { Session } from "./Session.ts"

/** Tool calls of an agent, without assignments. Those of an agent that has ended without a result were not run. */
const callsOf = ({ calls: last, messages }: AgentState, { isOver }: { readonly isOver: boolean }): number => {
  let calls = isOver ? -last.filter(({ result, tool }) => result === undefined && !isOwn(tool)).length : 0
  for (const message of messages) {
    if (message.role !== "assistant") continue
    for (const call of message.tool_calls ?? []) if (!isOwn(call.function.name)) calls++
  }
  return calls
}

/** The costs of a state without those of an earlier one. */
const added = (costs: AgentState["costs"], before: AgentState["costs"]): AgentState["costs"] =>
  costs.map(({ currency, saved, total }) => {
    const earlier = totalsOf(before).find((one) => one.currency === currency)
    const less = (text: string, amount: BigDecimal.BigDecimal | undefined) =>
      amount === undefined ? text : BigDecimal.format(BigDecimal.subtract(BigDecimal.fromStringUnsafe(text), amount))
    return { currency, total: less(total, earlier?.total), saved: less(saved, earlier?.saved) }
  })

/** The state of an agent up to which its calls are counted: the one that it has, or that it had when its lease was lost. */
const countedOf = <R>({ abandoned, states }: Session<R>, id: string): AgentState | undefined => {
  const [state, earlier] = [states.get(id), abandoned.get(id)]
  return (state?.steps ?? 0) < (earlier?.steps ?? 0) ? earlier : state
}

/** Adds the state of an agent that was reached elsewhere, and what it has used beyond what is counted. */
export const restoreState = <R>(
  session: Session<R>,
  id: string,
  state: AgentState,
  end: { readonly isOver: boolean }
): void => {
  const counted = countedOf(session, id)
  const costs = added(state.costs, counted?.costs ?? [])
  session.states.set(id, state)
  session.toolCalls.replay(Math.max(0, callsOf(state, end) - (counted === undefined ? 0 : callsOf(counted, end))))
  session.tokens.replay(state.usage.total_tokens - (counted?.usage.total_tokens ?? 0))
  session.costs = sumCosts([session.costs, costs])
  for (const { total } of costs) session.budget?.spend(id, BigDecimal.fromStringUnsafe(total))
}
