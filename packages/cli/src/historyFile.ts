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
import { nextCommand } from "./nextCommand.ts"
import * as Output from "./output.ts"
import * as OutputFile from "./outputFile.ts"
import { shellPath } from "./shellWord.ts"

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

const lockOf = (path: string): string => `${path}.lock`

/** Why a turn is not in the file, which is as it was. */
class NotWritten extends Error {
  readonly _tag = "NotWritten"
}

const unlockable = (path: string, error: unknown): NotWritten =>
  new NotWritten(`${path} cannot be written: ${lockOf(path)} cannot be used as its lock: ${reasonOf(error)}`)

/** A conversation is written in milliseconds. */
const waits = Schedule.upTo(Schedule.spaced("20 millis"), { duration: "1 second" })

/** Undefined while another process holds the lock. */
const tryAcquire = Effect.fnUntraced(function* (path: string) {
  const lock = yield* loadModule(() => import("@kimi-effect/client/internal/jobLock"))
  return yield* Effect.try({
    try: () => lock.acquire(lockOf(path)),
    catch: (error) => unlockable(path, error)
  })
})

/** Undefined if another process holds the lock for longer. */
const acquire = (path: string) =>
  Effect.repeat(tryAcquire(path), { schedule: waits, until: (release) => release !== undefined })

/** Fails if the file could not be locked, before a turn is paid that would be kept in it. */
export const checkLock = (path: string) =>
  tryAcquire(path).pipe(
    Effect.flatMap((release) => Effect.sync(() => release?.())),
    Effect.uninterruptible,
    Effect.mapError(
      ({ message }) =>
        new CommandError(message, `Move ${shellPath(lockOf(path))} away, or name another file with --history.`)
    )
  )

/** Creates a file, which is removed if the text is not written. */
const create = (path: string, text: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    Effect.scoped(
      Effect.flatMap(fs.open(path, { flag: "wx", mode: 0o600 }), (opened) =>
        Effect.onError(opened.writeAll(new TextEncoder().encode(text)), () => Effect.ignore(fs.remove(path)))
      )
    )
  )

/** Writes the conversation next to the file, in a new one. */
const writeBeside = Effect.fnUntraced(function* (path: string, conversation: Conversation.Ready) {
  for (let number = 1; ; number++) {
    const file = fileOf(`${path}.${number}`)
    const isWritten = yield* create(file.path, toText(conversation)).pipe(
      Effect.as(true),
      Effect.catch((error) =>
        error.reason._tag === "AlreadyExists" ? Effect.succeed(false) : Effect.fail(OutputFile.failure(file)(error))
      )
    )
    if (isWritten) return file.path
  }
})

const heldByOther = (path: string): NotWritten =>
  new NotWritten(`${path} cannot be written, since another process holds its lock`)

const damaged = (path: string): NotWritten => new NotWritten(`${path} has no conversation any more`)

const replaced = (path: string): NotWritten =>
  new NotWritten(`${path} has another conversation than the one that was read`)

const keptBeside = ({ message }: NotWritten, beside: string, needed: string | undefined): CommandError =>
  new CommandError(
    `${message}: this conversation is kept in ${beside}`,
    nextCommand("Continue it", commandFor(beside), needed)
  )

/** The command that continues a conversation. */
export const commandFor = (path: string): string => `kimi chat --history ${shellPath(path)}`

/** The file while a chat adds to it. */
export class HistoryFile {
  #path: string
  /** What this chat has read from the file or written to it. */
  #known: Messages
  readonly #needed: string | undefined
  /** Whether a turn of this chat is in it. */
  isWritten = false

  constructor(path: string, known: Messages, needed: string | undefined) {
    this.#path = path
    this.#known = known
    this.#needed = needed
  }

  get path(): string {
    return this.#path
  }

  /**
   * Keeps the conversation, readable for its owner only, and returns it with the
   * turns that other chats have added. Where the file has another conversation by
   * now, or cannot be written any more, this one is in a new file from then on.
   */
  keep(next: Conversation.Ready) {
    return Effect.gen({ self: this }, function* () {
      const path = this.#path
      const fs = yield* FileSystem.FileSystem
      // The lock would create it.
      yield* Effect.mapError(fs.access(dirname(path)), OutputFile.failure(fileOf(path)))
      const written = Effect.acquireUseRelease(
        acquire(path),
        (release) => (release === undefined ? Effect.fail(heldByOther(path)) : this.#write(path, next)),
        (release) => Effect.sync(() => release?.())
      )
      return yield* Effect.catchTag(written, "NotWritten", (reason) => this.#keepBeside(next, reason))
    })
  }

  #keepBeside(next: Conversation.Ready, reason: NotWritten): Effect.Effect<never, CommandError, FileSystem.FileSystem> {
    return Effect.gen({ self: this }, function* () {
      this.#path = yield* writeBeside(this.#path, next)
      this.#known = next.messages
      this.isWritten = true
      return yield* Effect.fail(keptBeside(reason, this.#path, this.#needed))
    })
  }

  /** The conversation as it is kept. */
  #write(path: string, next: Conversation.Ready): Effect.Effect<Conversation.Ready, NotWritten, FileSystem.FileSystem> {
    return Effect.gen({ self: this }, function* () {
      const found = yield* Effect.option(read(path))
      if (Option.isNone(found)) return yield* Effect.fail(damaged(path))
      const merged = Option.isNone(found.value) ? Option.some(next) : yield* merge(found.value.value, this.#known, next)
      if (Option.isNone(merged)) return yield* Effect.fail(replaced(path))
      yield* Effect.mapError(
        OutputFile.replace(fileOf(path), toText(merged.value)),
        ({ message }) => new NotWritten(message)
      )
      if (merged.value !== next) yield* Output.note(`Kept after the turns of another chat in ${shellPath(path)}.`)
      this.#known = merged.value.messages
      this.isWritten = true
      return merged.value
    })
  }
}
