/** The conversation in the file of `--history`. */
import * as Conversation from "@kimi-effect/client/agent/Conversation"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import { type CommandError, UsageError } from "./commandError.ts"
import * as HistoryFile from "./historyFile.ts"
import * as OutputFile from "./outputFile.ts"

/** A conversation to which a message of the user can be appended. */
export type History = Conversation.Empty | Conversation.Ready

/** The instructions of a conversation are those with which it was begun. */
const otherSystem = (path: string): UsageError =>
  new UsageError(
    `--system: the conversation in ${path} was begun with other instructions, which stay`,
    "Leave out --system to continue it, or name a file that does not exist with --history."
  )

/** A conversation that is kept in a file, or not at all. */
export interface Kept {
  readonly start: History
  /** Returns the conversation as it is kept. */
  readonly keep: (
    conversation: Conversation.Ready
  ) => Effect.Effect<Conversation.Ready, CommandError, FileSystem.FileSystem>
  /** Where the conversation is by now; undefined if it is not kept. */
  readonly state: () => State | undefined
}

interface State {
  readonly path: string
  /** Whether it has instructions, or has been begun without. */
  readonly isBegun: boolean
  /** Whether it has a turn of this chat. */
  readonly isWritten: boolean
}

/**
 * Reads the conversation, or starts one if there is no file. Fails if the conversation could not be kept. `needed` is
 * what a chat that continues it needs again.
 */
export const open = Effect.fnUntraced(function* (
  path: Option.Option<string>,
  system: string | undefined,
  needed: string | undefined
) {
  const fresh: History = Conversation.make({ system })
  if (Option.isNone(path)) return { start: fresh, keep: Effect.succeed, state: () => undefined } satisfies Kept
  // The file of a link, so that chats that use it by another name have the same lock.
  const { path: target } = yield* OutputFile.checkReplace(HistoryFile.fileOf(path.value))
  yield* HistoryFile.checkLock(target)
  const start = yield* continued(target, fresh, system)
  const file = new HistoryFile.HistoryFile(target, start.messages, needed)
  const state = (): State => ({
    path: file.path === target ? path.value : file.path,
    isBegun: start !== fresh || file.isWritten,
    isWritten: file.isWritten
  })
  return { start, keep: (conversation) => file.keep(conversation), state } satisfies Kept
})

const continued = Effect.fnUntraced(function* (path: string, fresh: History, system: string | undefined) {
  const found = yield* HistoryFile.read(path)
  if (Option.isNone(found)) return fresh
  const conversation = found.value
  if (conversation.state === "empty" || conversation.state === "ready") {
    const [first] = conversation.messages
    if (system !== undefined && (first?.role !== "system" || first.content !== system)) {
      return yield* Effect.fail(otherSystem(path))
    }
    return conversation
  }
  return yield* HistoryFile.unusable(path, "it waits for the results of tools")
})

/** The texts of the user, the oldest first. */
export const prompts = ({ messages }: History): ReadonlyArray<string> =>
  messages.flatMap((message) => {
    if (message.role !== "user") return []
    const { content } = message
    const texts =
      typeof content === "string" ? [content] : content.map((part) => (part.type === "text" ? part.text : ""))
    return texts.filter((text) => text.trim() !== "").slice(-1)
  })
