/** What changes the state of a run. Each function is pure, so that a run can be replayed and continued from JSON. */
import type { ChatResponse, ResponseMessage } from "@kimi-effect/core/ChatResponse"
import type { Cost } from "@kimi-effect/core/Cost"
import type { ToolCall } from "@kimi-effect/core/Tool"
import { add, type Usage } from "@kimi-effect/core/Usage"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as BigDecimal from "effect/BigDecimal"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { UniqueIds } from "../../../internal/toolCalls.ts"
import type { AgentCall, AgentState, CallResult, Decision } from "../../AgentState.ts"
import * as Progress from "./progress.ts"
import * as Repeats from "./repeats.ts"
import { withNote } from "./results.ts"
import { rejected, toolMessages } from "./toolMessages.ts"

/** What a response used and cost. */
export interface Charge {
  readonly usage: Usage
  readonly isEstimate: boolean
  /** None if the price is not known. */
  readonly cost: Option.Option<Cost>
}

type Costs = AgentState["costs"]

const zero = BigDecimal.fromBigInt(0n)

const sumAmounts = (text: string, added: BigDecimal.BigDecimal): string =>
  BigDecimal.format(BigDecimal.normalize(BigDecimal.sum(BigDecimal.fromStringUnsafe(text), added)))

/** Adds a cost to the total of its currency. */
export const addCost = (
  costs: Costs,
  { currency, saved, total }: Pick<Cost, "currency" | "saved" | "total">
): Costs => {
  const known = costs.find((one) => one.currency === currency) ?? { currency, total: "0", saved: "0" }
  const sum = { currency, total: sumAmounts(known.total, total), saved: sumAmounts(known.saved, saved) }
  return [...costs.filter((one) => one.currency !== currency), sum]
}

/** A response that the host has blocked calls no tool, regardless of what it contains. */
const isBlocked = (finishReason: string): boolean => finishReason === "content_filter" || finishReason === "refusal"

/** The calls with ids that are unique in their message, since a tool message must refer to exactly one call. */
const withUniqueIds = (calls: ReadonlyArray<ToolCall>): ReadonlyArray<ToolCall> => {
  const ids = new UniqueIds()
  return calls.map((call) => {
    const id = ids.makeUnique(call.id)
    return id === call.id ? call : { ...call, id }
  })
}

/**
 * The message of a response in the form of the next request. At Moonshot's hosts
 * one with tool calls needs its reasoning; where the model returned none, an
 * empty text meets the requirement.
 */
const messageOf = (
  response: ChatResponse,
  calls: ReadonlyArray<ToolCall>,
  needsReasoning: boolean
): ResponseMessage => {
  const { message } = response
  if (calls.length === 0) return message
  const reasoning = message.reasoning_content ?? (needsReasoning ? "" : undefined)
  return { ...message, tool_calls: calls, ...(reasoning === undefined ? {} : { reasoning_content: reasoning }) }
}

/** Blank arguments mean none, unless the output limit was reached before they began. */
const isTruncated = ({ finishReason, toolCalls }: ChatResponse, call: ToolCall, position: number): boolean =>
  finishReason === "length" && position === toolCalls.length - 1 && call.function.arguments.trim() === ""

const callIdOf = ({ agent, steps }: AgentState, position: number): string =>
  `${agent === undefined ? "" : `${agent}/`}${steps + 1}/${position}`

/** Adds a response of the model: its message, its tool calls, and what it cost. */
export const respond = (
  state: AgentState,
  response: ChatResponse,
  { cost, isEstimate, usage }: Charge,
  needsReasoning: boolean
): AgentState => {
  const toolCalls = withUniqueIds(response.toolCalls)
  const { counts, repeats } = Repeats.count(state.repeats, toolCalls)
  const blocked = isBlocked(response.finishReason)
  const calls = toolCalls.map((call, position): AgentCall => ({
    callId: callIdOf(state, position),
    wireId: call.id,
    tool: call.function.name,
    arguments: call.function.arguments,
    repeats: counts[position] ?? 1,
    status: "pending",
    ...(isTruncated(response, call, position) ? { isTruncated: true } : {})
  }))
  const messages = [...state.messages, messageOf(response, toolCalls, needsReasoning)]
  return {
    ...state,
    messages: blocked ? [...messages, ...toolMessages(calls)] : messages,
    calls: blocked ? [] : calls,
    steps: state.steps + 1,
    usage: add(state.usage, usage),
    isEstimate: state.isEstimate || isEstimate,
    costs: Option.isSome(cost) ? addCost(state.costs, cost.value) : state.costs,
    unpriced: state.unpriced + (Option.isSome(cost) ? 0 : 1),
    repeats,
    ...(blocked || calls.length === 0 ? { finishReason: response.finishReason } : {})
  }
}

const updateCall = (state: AgentState, callId: string, change: (call: AgentCall) => AgentCall): AgentState => ({
  ...state,
  calls: state.calls.map((call) => (call.callId === callId ? change(call) : call))
})

/** Sets the status of a call that has no result yet. */
export const setStatus = (state: AgentState, callId: string, status: "awaiting" | "approved" | "started"): AgentState =>
  updateCall(state, callId, (call) => ({ ...call, status }))

/** Adds the result of a call, with a note for the model. When it is the last one, all of them become messages. */
export const setResult = (state: AgentState, callId: string, result: CallResult, note?: string): AgentState => {
  const digest = note === undefined ? {} : { digest: Progress.digestOf(result) }
  const noted = withNote(result, note)
  const next = updateCall(state, callId, (call) => ({ ...call, status: "done", result: noted, ...digest }))
  const price = result.cost === undefined ? undefined : BigDecimal.fromStringUnsafe(result.cost)
  const counted = {
    ...next,
    toolCalls: state.toolCalls + 1,
    costs: price === undefined ? state.costs : addCost(state.costs, { currency: "USD", total: price, saved: zero })
  }
  if (counted.calls.some(({ status }) => status !== "done")) return counted
  const progress = Progress.count(state.progress, counted.calls)
  return { ...counted, calls: [], progress, messages: [...counted.messages, ...toolMessages(counted.calls)] }
}

const invalidDecision = (callId: string, reason: string): InvalidRequestError =>
  new InvalidRequestError({ message: `The decision on the tool call ${callId} ${reason}`, parameter: "decisions" })

/** Applies decisions on calls that wait for an approval. One that fits none of them exactly is an error. */
export const decide = (
  state: AgentState,
  decisions: ReadonlyArray<Decision>
): Result.Result<AgentState, InvalidRequestError> => {
  let next = state
  for (const { arguments: args, callId, isApproved, reason, tool } of decisions) {
    const call = next.calls.find((one) => one.callId === callId)
    if (call?.status !== "awaiting") return Result.fail(invalidDecision(callId, "fits no call that waits for one"))
    if (call.tool !== tool || call.arguments !== args) {
      return Result.fail(invalidDecision(callId, "is on another tool or other arguments"))
    }
    next = isApproved ? setStatus(next, callId, "approved") : setResult(next, callId, rejected(reason))
  }
  return Result.succeed(next)
}
