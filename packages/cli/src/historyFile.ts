/** The file of a conversation, which several chats may continue at once: none replaces the turns of another. */
import { dirname } from "node:path"
import { isDeepStrictEqual } from "node:util"
import * as Conversation from "@kimi-effect/client/agent/Conversation"
import { reasonOf } from "@kimi-effect/client/internal/FileFailure"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { CommandError } from "./commandError.ts"
import * as InputFile from "./inputFile.ts"
import * as Output from "./output.ts"
import * as OutputFile from "./outputFile.ts"

type Messages = Conversation.Conversation["messages"]

const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(Schema.Unknown))

/** As for every file whose content is not what it must be, the category is that of the content. */
export const unusable = (path: string, reason: string): InvalidRequestError =>
  new InvalidRequestError({
    message: `The file ${JSON.stringify(path)} is not a conversation that can be continued: ${reason}`,
    parameter: "history",
    fix: "Pass a file that kimi chat --history has written, or a path at which there is no file."
  })

export const fileOf = (path: string): OutputFile.OutputFile => ({ flag: "--history", path })

const exists = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.orElseSucceed(fs.exists(path), () => false))

/** The conversation of the file; none if there is no file. */
export const read = Effect.fnUntraced(function* (path: string) {
  if (!(yield* exists(path))) return Option.none<Conversation.Conversation>()
  const text = yield* InputFile.read(path)
  const json = yield* Effect.mapError(decode(text), () => unusable(path, "it is not JSON"))
  return Option.some(yield* Effect.mapError(Conversation.fromJson(json), ({ message }) => unusable(path, message)))
})

const toText = (conversation: Conversation.Conversation): string => JSON.stringify(Conversation.toJson(conversation))

const isSame = (some: Messages, others: Messages): boolean =>
  isDeepStrictEqual(JSON.parse(JSON.stringify(some)), JSON.parse(JSON.stringify(others)))

/** A conversation whose beginning is in the file, after all that is there; none if the file has another beginning. */
const merge = (found: Conversation.Conversation, known: Messages, next: Conversation.Ready) => {
  if (!isSame(found.messages.slice(0, known.length), known)) return Effect.succeed(Option.none<Conversation.Ready>())
  if (found.messages.length === known.length) return Effect.succeed(Option.some(next))
  const messages = [...found.messages, ...next.messages.slice(known.length)]
  return Effect.map(Effect.option(Conversation.fromMessages(messages, Conversation.toJson(found))), (merged) =>
    Option.filter(merged, (conversation) => conversation.state === "ready")
  )
}

const unlockable = (path: string, reason: string): CommandError =>
  new CommandError(
    `${path} cannot be written: ${reason}`,
    `Check what ${path}.lock is, or name another file with --history.`
  )

/** A conversation is written in milliseconds. */
const waits = Schedule.upTo(Schedule.spaced("20 millis"), { duration: "1 second" })

/** Undefined if another process holds the lock for longer. */
const acquire = Effect.fnUntraced(function* (path: string) {
  const lock = yield* loadModule(() => import("@kimi-effect/client/internal/jobLock"))
  const once = Effect.try({
    try: () => lock.acquire(`${path}.lock`),
    catch: (error) => unlockable(path, reasonOf(error))
  })
  return yield* Effect.repeat(once, { schedule: waits, until: (release) => release !== undefined })
})

/** Writes the conversation next to the file, in a new one. */
const writeBeside = Effect.fnUntraced(function* (path: string, conversation: Conversation.Conversation) {
  const fs = yield* FileSystem.FileSystem
  for (let number = 1; ; number++) {
    const file = fileOf(`${path}.${number}`)
    const isWritten = yield* fs.writeFileString(file.path, toText(conversation), { flag: "wx", mode: 0o600 }).pipe(
      Effect.as(true),
      Effect.catch((error) =>
        error.reason._tag === "AlreadyExists" ? Effect.succeed(false) : Effect.fail(OutputFile.failure(file)(error))
      )
    )
    if (isWritten) return file.path
  }
})

const held = "cannot be written, since another process holds its lock"
const damaged = "has no conversation any more"
const replaced = "has another conversation than the one that was read"

const keptBeside = (reason: string, beside: string): CommandError =>
  new CommandError(
    `${reason}: this conversation is kept in ${beside}`,
    `Continue it with: kimi chat --history ${beside}`
  )

/** The file while a chat adds to it. */
export class HistoryFile {
  #path: string
  /** What this chat has read from the file or written to it. */
  #known: Messages

  constructor(path: string, known: Messages) {
    this.#path = path
    this.#known = known
  }

  /**
   * Keeps the conversation, readable for its owner only, and returns it with the
   * turns that other chats have added. Where the file has another conversation by
   * now, this one is in a new file from then on.
   */
  keep(next: Conversation.Ready) {
    return Effect.gen({ self: this }, function* () {
      const path = this.#path
      const fs = yield* FileSystem.FileSystem
      // The lock would create it.
      yield* Effect.mapError(fs.access(dirname(path)), OutputFile.failure(fileOf(path)))
      const kept = yield* Effect.acquireUseRelease(
        acquire(path),
        (release) =>
          release === undefined ? Effect.succeed<Conversation.Ready | string>(held) : this.#write(path, next),
        (release) => Effect.sync(() => release?.())
      )
      if (typeof kept !== "string") {
        this.#known = kept.messages
        return kept
      }
      this.#path = yield* writeBeside(path, next)
      this.#known = next.messages
      return yield* Effect.fail(keptBeside(`${path} ${kept}`, this.#path))
    })
  }

  /** The conversation as it is kept, or why it is not. */
  #write(
    path: string,
    next: Conversation.Ready
  ): Effect.Effect<Conversation.Ready | string, CommandError, FileSystem.FileSystem> {
    return Effect.gen({ self: this }, function* () {
      const found = yield* Effect.option(read(path))
      if (Option.isNone(found)) return damaged
      const merged = Option.isNone(found.value) ? Option.some(next) : yield* merge(found.value.value, this.#known, next)
      if (Option.isNone(merged)) return replaced
      yield* OutputFile.replace(fileOf(path), toText(merged.value))
      if (merged.value !== next) yield* Output.note(`Kept after the turns of another chat in ${path}.`)
      return merged.value
    })
  }
}
