/** The conversation in the file of `--history`. */
import * as Conversation from "@kimi-effect/client/agent/Conversation"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { UsageError } from "./commandError.ts"
import * as InputFile from "./inputFile.ts"
import * as OutputFile from "./outputFile.ts"

/** A conversation to which a message of the user can be appended. */
export type History = Conversation.Empty | Conversation.Ready

const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(Schema.Unknown))

/** As for every file whose content is not what it must be, the category is that of the content. */
const unusable = (path: string, reason: string): InvalidRequestError =>
  new InvalidRequestError({
    message: `The file ${JSON.stringify(path)} is not a conversation that can be continued: ${reason}`,
    parameter: "history",
    fix: "Pass a file that kimi chat --history has written, or a path at which there is no file."
  })

/** The instructions of a conversation are those with which it was begun. */
const otherSystem = (path: string): UsageError =>
  new UsageError(
    `--system: the conversation in ${path} was begun with other instructions, which stay`,
    "Leave out --system to continue it, or name a file that does not exist with --history."
  )

const fileOf = (path: string): OutputFile.OutputFile => ({ flag: "--history", path })

/** Reads the conversation, or starts one if there is no file. Fails if the conversation could not be kept. */
export const read = Effect.fnUntraced(function* (path: Option.Option<string>, system: string | undefined) {
  const fresh: History = Conversation.make({ system })
  if (Option.isNone(path)) return fresh
  yield* OutputFile.checkReplace(fileOf(path.value))
  const fs = yield* FileSystem.FileSystem
  if (!(yield* Effect.orElseSucceed(fs.exists(path.value), () => false))) return fresh
  const text = yield* InputFile.read(path.value)
  const json = yield* Effect.mapError(decode(text), () => unusable(path.value, "it is not JSON"))
  const conversation = yield* Effect.mapError(Conversation.fromJson(json), ({ message }) =>
    unusable(path.value, message)
  )
  if (conversation.state === "empty" || conversation.state === "ready") {
    const [first] = conversation.messages
    if (system !== undefined && (first?.role !== "system" || first.content !== system)) {
      return yield* Effect.fail(otherSystem(path.value))
    }
    return conversation
  }
  return yield* unusable(path.value, "it waits for the results of tools")
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

/** Keeps the conversation, readable for its owner only. */
export const write = (path: Option.Option<string>, conversation: Conversation.Conversation) =>
  Option.isNone(path)
    ? Effect.void
    : OutputFile.replace(fileOf(path.value), JSON.stringify(Conversation.toJson(conversation)))
