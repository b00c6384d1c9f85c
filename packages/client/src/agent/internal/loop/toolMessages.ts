/** The tool messages of a turn, and the texts that the model gets in place of a result. */
import type { Message } from "@kimi-effect/core/Message"
import type { AgentCall, CallResult } from "../../AgentState.ts"

/** A call that did not begin. */
const notRun: CallResult = { content: "This call was not run.", isFailure: true }

/** A call whose handler was interrupted: what it has done is not known. */
export const interrupted: CallResult = {
  content: "This call was interrupted before it returned. Whether it took effect is not known.",
  isFailure: true
}

/** A call that was not approved. */
export const rejected = (reason: string | undefined): CallResult => ({
  content:
    reason === undefined || reason === ""
      ? "This call was rejected and not run."
      : `This call was rejected and not run: ${reason}`,
  isFailure: true
})

/** The result of a call, at any moment. */
const resultOf = ({ result, status }: AgentCall): CallResult => result ?? (status === "started" ? interrupted : notRun)

/** One tool message for each call, in their order and with the ids of the host. */
export const toolMessages = (calls: ReadonlyArray<AgentCall>): ReadonlyArray<Message> =>
  calls.map((call) => ({ role: "tool", tool_call_id: call.wireId, content: resultOf(call).content }))
