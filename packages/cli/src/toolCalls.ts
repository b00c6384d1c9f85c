/** The tool calls of a chat: who approves them, and what the model gets. */
import * as Conversation from "@kimi-effect/client/agent/Conversation"
import * as ToolSet from "@kimi-effect/client/agent/ToolSet"
import type { ToolCall } from "@kimi-effect/core/Tool"
import * as Effect from "effect/Effect"
import { CommandError } from "./commandError.ts"
import * as Output from "./output.ts"
import type { LinePrompt } from "./prompt/linePrompt.ts"

/** Turns of the model with tool calls, one after another, before the chat stops it. */
export const maxRounds = 30

/** How calls are approved: by the flag, or by a person, who answers a question for each. */
export type Approval = "all" | LinePrompt["question"]

export const tooManyRounds = new CommandError(
  `The model called tools ${maxRounds} times in a row`,
  "Ask for a smaller step, or continue the conversation of --history."
)

/** Names and arguments are the model's, so the terminal gets them without escapes. */
const shown = ({ function: { arguments: text, name } }: ToolCall): string => Output.plain(`${name} ${text}`)

const isApproved = Effect.fnUntraced(function* (call: ToolCall, approval: Approval) {
  if (approval === "all") return true
  return /^y(es)?$/i.test((yield* approval(`Run ${shown(call)} ? [y/N] `)).trim())
})

const runOne = (tools: ToolSet.ToolSet, approval: Approval) =>
  Effect.fnUntraced(function* (call: ToolCall) {
    if (!(yield* isApproved(call, approval))) return "The user has refused this call."
    yield* Output.note(`Running ${shown(call)}`)
    return yield* tools.decode(ToolSet.fromToolCall(call)).pipe(
      Effect.flatMap((decoded) => tools.run(decoded)),
      Effect.map(({ content }) => content),
      // The model can correct its arguments or continue without the tool.
      Effect.catch((error) =>
        Effect.as(Output.note(`${error._tag}: ${Output.plain(error.message)}`), `Error: ${error.message}`)
      )
    )
  })

/** Runs the calls that the conversation waits for, one after another, and appends their results. */
export const runCalls = (tools: ToolSet.ToolSet, approval: Approval) => (conversation: Conversation.Calling) =>
  Conversation.resultsEffect(runOne(tools, approval))(conversation)
