/**
 * The connection of one process to a SQLite cache. An operation runs
 * synchronously where possible; otherwise it waits for other processes, or
 * replaces a file that is unusable.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import type { SqliteEntries } from "./SqliteEntries.ts"
import * as SqliteFailure from "./SqliteFailure.ts"
import * as SqliteFile from "./SqliteFile.ts"

/** A synchronous operation on the entries. */
export type Operation<A> = (entries: SqliteEntries) => A

type Failure = SqliteFailure.SqliteFailure

/** Without a limit: a schedule would measure it by the time of day. */
const lockRetries = Schedule.jittered(Schedule.spaced("4 millis"))

/** A connection to the file of a path, of at most `maxBytes`. The first operation opens it. */
export class SqliteConnection {
  readonly #path: string
  readonly #maxBytes: number
  readonly #lockTimeout: Duration.Duration
  #file: SqliteFile.SqliteFile | undefined
  /** Why a file was replaced, until it is logged. */
  #replaced: Failure | undefined
  #isClosed = false

  constructor(path: string, maxBytes: number, lockTimeout: Duration.Duration) {
    this.#path = path
    this.#maxBytes = maxBytes
    this.#lockTimeout = lockTimeout
  }

  /** Runs an operation once, synchronously. */
  tryOnce<A>(run: Operation<A>): Result.Result<A, Failure> {
    if (this.#isClosed) return Result.fail({ kind: "Other", reason: "it is closed" })
    try {
      this.#file ??= this.#adopt(SqliteFile.open(this.#path, this.#maxBytes))
      return Result.succeed(run(this.#file.entries))
    } catch (error) {
      return Result.fail(SqliteFailure.fromUnknown(error))
    }
  }

  /** Runs an operation, and waits while other processes write. */
  perform<A>(run: Operation<A>): Effect.Effect<A, Failure> {
    return Effect.suspend(() => {
      const first = this.tryOnce(run)
      const result = Result.isSuccess(first) ? Effect.succeed(first.success) : this.#recover(run, first.failure)
      return this.#replaced === undefined && Result.isSuccess(first)
        ? result
        : Effect.ensuring(
            result,
            Effect.suspend(() => this.#logReplaced())
          )
    })
  }

  /** Closes a file that another process has replaced. */
  closeIfReplaced(): void {
    if (this.#isReplaced()) this.#letGo()
  }

  close(): void {
    this.#isClosed = true
    this.#letGo()
  }

  #adopt({ file, replaced }: SqliteFile.Opened): SqliteFile.SqliteFile {
    this.#replaced = replaced ?? this.#replaced
    return file
  }

  #logReplaced(): Effect.Effect<void> {
    const replaced = this.#replaced
    if (replaced === undefined) return Effect.void
    this.#replaced = undefined
    return Effect.logWarning(`The cache's file ${this.#path} was unusable and has been replaced: ${replaced.reason}`)
  }

  #letGo(): void {
    const open = this.#file
    this.#file = undefined
    try {
      open?.close()
    } catch {
      // It is not used any more.
    }
  }

  #isReplaced(): boolean {
    return this.#file !== undefined && !this.#file.isInPlace()
  }

  /** Replaces the open file, and fails like an operation where that is not possible. */
  #replace(failed: Failure): Result.Result<void, Failure> {
    const current = this.#file
    if (current === undefined) return Result.fail(failed)
    try {
      this.#file = this.#adopt(SqliteFile.replace(current, failed, this.#path, this.#maxBytes))
      return Result.succeed(undefined)
    } catch (error) {
      const failure = SqliteFailure.fromUnknown(error)
      // Only a lock that another process holds leaves the file open.
      if (failure.kind !== "Busy") this.#letGo()
      return Result.fail(failure)
    }
  }

  #whileBusy<A>(attempt: () => Result.Result<A, Failure>): Effect.Effect<A, Failure> {
    const once = Effect.suspend(() => Effect.fromResult(attempt()))
    return Effect.timeoutOrElse(Effect.retry(once, { while: ({ kind }) => kind === "Busy", schedule: lockRetries }), {
      duration: this.#lockTimeout,
      orElse: () => once
    })
  }

  #again<A>(run: Operation<A>): Effect.Effect<A, Failure> {
    return this.#whileBusy(() => this.tryOnce(run))
  }

  #recover<A>(run: Operation<A>, failed: Failure): Effect.Effect<A, Failure> {
    switch (failed.kind) {
      case "Busy":
        return Effect.catch(this.#again(run), (later) =>
          later.kind === "Busy" ? Effect.fail(later) : this.#recover(run, later)
        )
      case "Damaged":
      case "Outdated":
        return Effect.andThen(
          this.#whileBusy(() => this.#replace(failed)),
          this.#again(run)
        )
      case "Other":
        return Effect.suspend(() => {
          const isReplaced = this.#isReplaced()
          // A connection may be unusable after an error of the disk, so the next operation opens another.
          this.#letGo()
          return isReplaced ? this.#again(run) : Effect.fail(failed)
        })
      case "Full":
        return Effect.fail(failed)
    }
  }
}
