/** Whether a chat can ask its user, and what it reports where it cannot. */
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Effect from "effect/Effect"
import * as Stdio from "effect/Stdio"
import { UsageError } from "./commandError.ts"

/** Why nothing can be asked. In a terminal with TERM=dumb, no prompt can be redrawn. */
type Obstacle = "--json" | "TERM=dumb" | "no terminal"

/** Undefined where a question can be asked. */
export const obstacle = Effect.fnUntraced(function* (
  isJson: boolean
): Effect.fn.Return<Obstacle | undefined, never, Stdio.Stdio> {
  const { canPrompt } = yield* TerminalCapabilities.TerminalCapabilities
  if (canPrompt) return isJson ? "--json" : undefined
  const { stdinIsTerminal, stdoutIsTerminal } = yield* Stdio.Stdio
  return (yield* stdinIsTerminal) && (yield* stdoutIsTerminal) ? "TERM=dumb" : "no terminal"
})

const setTerm = "set TERM to the type of the terminal, such as xterm-256color"

const passPrompt = "Pass it as arguments or pipe it in: kimi chat Hello, or kimi chat < prompt.txt."

const noConversation = new UsageError(
  "There is no prompt",
  `${passPrompt} Without both, a chat needs a terminal and no --json.`
)

export const noPrompt: { readonly [O in Obstacle]: UsageError } = {
  "--json": noConversation,
  "TERM=dumb": new UsageError(
    "There is no prompt, and none can be edited in a terminal with TERM=dumb",
    `${passPrompt} For a conversation, ${setTerm}.`
  ),
  "no terminal": noConversation
}

const passYes = "Pass --yes to run the tools of --mcp without confirmation"

export const noApproval: { readonly [O in Obstacle]: UsageError } = {
  "--json": new UsageError("With --json, the command asks nothing: no tool can be confirmed", `${passYes}.`),
  "TERM=dumb": new UsageError("No tool can be confirmed in a terminal with TERM=dumb", `${passYes}, or ${setTerm}.`),
  "no terminal": new UsageError("There is no terminal in which a tool can be confirmed", `${passYes}.`)
}
