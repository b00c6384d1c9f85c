/** A conversation in the terminal. */
import * as Conversation from "@kimi-effect/client/agent/Conversation"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Terminal from "effect/Terminal"
import * as ChatHistory from "./chatHistory.ts"
import { isFailure, report } from "./failure.ts"
import * as Output from "./output.ts"
import type { LinePrompt } from "./prompt/linePrompt.ts"

/** A failed turn does not end the conversation: the same prompt can be sent again. */
const reported = <A, E, R>(turn: Effect.Effect<A, E, R>) =>
  Effect.catchIf(turn, isFailure, (error) =>
    Effect.as(report(Cause.fail(error), { command: "chat", isJson: false }), undefined)
  )

interface Turns<E, R, E2, R2, E3, R3> {
  /** The conversation with its first prompt, and with the files of the command line. */
  readonly ask: (history: ChatHistory.History, text: string) => Effect.Effect<Conversation.Ready, E, R>
  readonly respond: (
    conversation: Conversation.Ready
  ) => Effect.Effect<Conversation.Ready | Conversation.Calling, E2, R2>
  /** Keeps the conversation, and returns what is kept. Where it cannot, the conversation continues, and the next turn keeps all of it. */
  readonly keep: (conversation: Conversation.Ready) => Effect.Effect<Conversation.Ready, E3, R3>
}

const talk = Effect.fnUntraced(function* <E, R, E2, R2, E3, R3>(
  { prompt, stoppable }: LinePrompt,
  start: ChatHistory.History,
  { ask, keep, respond }: Turns<E, R, E2, R2, E3, R3>
) {
  const prompts = [...ChatHistory.prompts(start)]
  let history = start
  let isFirst = true
  yield* Output.note("An empty line or Ctrl-D ends the conversation. Alt-Enter begins a new line.")
  while (true) {
    const text = yield* prompt(prompts)
    if (text === "") return
    if (prompts.at(-1) !== text) prompts.push(text)
    const asked = isFirst ? ask(history, text) : Effect.succeed(Conversation.user(text)(history))
    const turn = yield* stoppable(reported(Effect.flatMap(asked, respond)))
    if (Option.isNone(turn)) yield* Output.note("Stopped. The conversation continues without this prompt.")
    const next = Option.getOrUndefined(turn)
    if (next?.state === "calling") return yield* Output.note("The model called a tool, and this chat has none.")
    if (next === undefined) continue
    history = (yield* reported(keep(next))) ?? next
    isFirst = false
  }
})

/**
 * Asks for prompts and for their responses until the user ends the conversation, and
 * fails if what could not be kept by then still cannot be.
 */
export const converse = <E, R, E2, R2, E3, R3>(
  prompt: LinePrompt,
  start: ChatHistory.History,
  turns: Turns<E, R, E2, R2, E3, R3>
) =>
  Effect.suspend(() => {
    let left: Conversation.Ready | undefined
    const keep = (next: Conversation.Ready) =>
      Effect.suspend(() => {
        left = next
        return Effect.tap(turns.keep(next), () =>
          Effect.sync(() => {
            left = undefined
          })
        )
      })
    const keepLeft = Effect.suspend(() => (left === undefined ? Effect.void : turns.keep(left)))
    return talk(prompt, start, { ...turns, keep }).pipe(
      Effect.catchIf(Terminal.isQuitError, () => Effect.void),
      Effect.andThen(keepLeft),
      Effect.asVoid
    )
  })
