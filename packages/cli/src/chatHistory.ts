/** The conversation in the file of `--history`. */
import * as Conversation from "@kimi-effect/client/agent/Conversation"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { CommandError } from "./commandError.ts"
import * as InputFile from "./inputFile.ts"
import * as OutputFile from "./outputFile.ts"

/** A conversation to which a message of the user can be appended. */
export type History = Conversation.Empty | Conversation.Ready

const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(Schema.Unknown))

const unusable = (path: string): CommandError =>
  new CommandError(`${path} is not a conversation that can be continued`, "Pass a file that kimi chat --history wrote.")

const fileOf = (path: string): OutputFile.OutputFile => ({ flag: "--history", path })

/** Reads the conversation, or starts one if there is no file. Fails if the conversation could not be kept. */
export const read = Effect.fnUntraced(function* (path: Option.Option<string>, system: string | undefined) {
  const fresh: History = Conversation.make({ system })
  if (Option.isNone(path)) return fresh
  yield* OutputFile.checkReplace(fileOf(path.value))
  const fs = yield* FileSystem.FileSystem
  if (!(yield* Effect.orElseSucceed(fs.exists(path.value), () => false))) return fresh
  const json = yield* Effect.mapError(decode(yield* InputFile.read(path.value)), () => unusable(path.value))
  const conversation = yield* Conversation.fromJson(json)
  if (conversation.state === "empty" || conversation.state === "ready") return conversation
  return yield* Effect.fail(unusable(path.value))
})

/** Keeps the conversation, readable for its owner only. */
export const write = (path: Option.Option<string>, conversation: Conversation.Conversation) =>
  Option.isNone(path)
    ? Effect.void
    : OutputFile.replace(fileOf(path.value), JSON.stringify(Conversation.toJson(conversation)))
