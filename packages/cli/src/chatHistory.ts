/** The conversation in the file of `--history`. */
import * as Conversation from "@kimi-effect/client/agent/Conversation"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { readText } from "./configuration.ts"
import { CommandError } from "./commandError.ts"

/** A conversation to which a message of the user can be appended. */
export type History = Conversation.Empty | Conversation.Ready

const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(Schema.Unknown))

const unusable = (path: string): CommandError =>
  new CommandError(`${path} is not a conversation that can be continued`, "Pass a file that kimi chat --history wrote.")

/** Reads the conversation, or starts one if there is no file. */
export const read = Effect.fnUntraced(function* (path: Option.Option<string>, system: string | undefined) {
  const fresh: History = Conversation.make({ system })
  if (Option.isNone(path)) return fresh
  const fs = yield* FileSystem.FileSystem
  if (!(yield* Effect.orElseSucceed(fs.exists(path.value), () => false))) return fresh
  const json = yield* Effect.mapError(decode(yield* readText(path.value)), () => unusable(path.value))
  const conversation = yield* Conversation.fromJson(json)
  if (conversation.state === "empty" || conversation.state === "ready") return conversation
  return yield* Effect.fail(unusable(path.value))
})

/** Keeps the conversation, readable for its owner only. A reader sees the earlier text or the new one. */
export const write = Effect.fnUntraced(function* (
  path: Option.Option<string>,
  conversation: Conversation.Conversation
) {
  if (Option.isNone(path)) return
  const fs = yield* FileSystem.FileSystem
  const temporary = `${path.value}.tmp`
  yield* fs.writeFileString(temporary, JSON.stringify(Conversation.toJson(conversation)), { mode: 0o600 }).pipe(
    Effect.andThen(fs.rename(temporary, path.value)),
    Effect.mapError(
      ({ reason }) =>
        new CommandError(`${path.value} cannot be written: ${reason._tag}`, "Check the path of --history.")
    )
  )
})
