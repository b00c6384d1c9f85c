/**
 * The connection of one process to a SQLite cache. An operation runs
 * synchronously where possible; otherwise it waits for other processes, or
 * replaces a file that is unusable.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import type { SqliteEntries } from "./SqliteEntries.ts"
import * as SqliteFailure from "./SqliteFailure.ts"
import * as SqliteFile from "./SqliteFile.ts"

/** A synchronous operation on the entries. */
export type Operation<A> = (entries: SqliteEntries) => A

/** A file that is open, or is opened by the next operation. */
export interface SqliteConnection {
  /** Runs an operation once, synchronously. */
  readonly tryOnce: <A>(run: Operation<A>) => Result.Result<A, SqliteFailure.SqliteFailure>
  /** Runs an operation, and waits while other processes write. */
  readonly perform: <A>(run: Operation<A>) => Effect.Effect<A, SqliteFailure.SqliteFailure>
  /** Closes a file that another process has replaced. */
  readonly closeIfReplaced: Effect.Effect<void>
  readonly close: Effect.Effect<void>
}

/** A connection to the file of a path, of at most `maxBytes`. The first operation opens it. */
export const make = (path: string, maxBytes: number, lockTimeout: Duration.Duration): SqliteConnection => {
  const lockRetries = Schedule.spaced("4 millis").pipe(Schedule.jittered, Schedule.upTo({ duration: lockTimeout }))
  let file: SqliteFile.SqliteFile | undefined
  let isClosed = false

  const attempt: SqliteConnection["tryOnce"] = (run) => {
    if (isClosed) return Result.fail({ kind: "Other", reason: "it is closed" })
    try {
      file ??= SqliteFile.open(path, maxBytes)
      return Result.succeed(run(file.entries))
    } catch (error) {
      return Result.fail(SqliteFailure.fromUnknown(error))
    }
  }

  const letGo = (): void => {
    const open = file
    file = undefined
    try {
      open?.close()
    } catch {
      // It is not used any more.
    }
  }

  const isReplaced = (): boolean => file !== undefined && !file.isInPlace()

  const beginAnew = ({ kind, reason }: SqliteFailure.SqliteFailure): Effect.Effect<void, SqliteFailure.SqliteFailure> =>
    Effect.suspend(() => {
      const isDone = isReplaced()
      letGo()
      if (isDone) return Effect.void
      return Effect.andThen(
        Effect.try({ try: () => SqliteFile.discard(path, kind === "Damaged"), catch: SqliteFailure.fromUnknown }),
        Effect.logWarning(`The cache's file ${path} was unusable and has been replaced: ${reason}`)
      )
    })

  const again = <A>(run: Operation<A>): Effect.Effect<A, SqliteFailure.SqliteFailure> =>
    Effect.retry(
      Effect.suspend(() => Effect.fromResult(attempt(run))),
      { while: ({ kind }) => kind === "Busy", schedule: lockRetries }
    )

  const recover = <A>(
    run: Operation<A>,
    failed: SqliteFailure.SqliteFailure
  ): Effect.Effect<A, SqliteFailure.SqliteFailure> => {
    switch (failed.kind) {
      case "Busy":
        return Effect.catch(again(run), (later) => (later.kind === "Busy" ? Effect.fail(later) : recover(run, later)))
      case "Damaged":
      case "Outdated":
        return Effect.andThen(beginAnew(failed), again(run))
      case "Other":
        if (!isReplaced()) return Effect.fail(failed)
        letGo()
        return again(run)
      case "Full":
        return Effect.fail(failed)
    }
  }

  return {
    tryOnce: attempt,
    perform: (run) =>
      Effect.suspend(() => {
        const first = attempt(run)
        return Result.isSuccess(first) ? Effect.succeed(first.success) : recover(run, first.failure)
      }),
    closeIfReplaced: Effect.sync(() => {
      if (isReplaced()) letGo()
    }),
    close: Effect.sync(() => {
      isClosed = true
      letGo()
    })
  }
}
