/**
 * A store of the cache in one SQLite file, which several processes of a
 * machine may share.
 *
 * **Details**
 *
 * - The file is readable for its owner only, never grows over `maxBytes`, and
 *   gives back to the disk what is not used. When it is full, the entries that
 *   were not used for longest go first.
 * - Reading an entry takes microseconds and is done at once. Uses are
 *   remembered in memory and written together, at most one per entry and
 *   minute, with the sweep that removes what has expired.
 * - A write that finds another process writing waits for it without stopping
 *   this one, up to `lockTimeout`.
 * - A damaged file is put aside as `<path>.damaged` and begun anew, with one
 *   warning. A file of another version of this library is begun anew too. The
 *   database of another application is left alone, and is a failure.
 *
 * **Gotchas**
 *
 * - The file system must be local: SQLite's log needs shared memory.
 * - Beside the file there is SQLite's log of some megabytes.
 *
 * @since 0.1.0
 */
import { CacheStore } from "@kimi-effect/core/CacheStore"
import type { CacheStoreError } from "@kimi-effect/core/CacheErrors"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as checkedStore from "./internal/checkedStore.ts"
import * as SqliteConnection from "./internal/SqliteConnection.ts"
import type { SqliteFailure } from "./internal/SqliteFailure.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Path of the file; it and its folder are created when they are missing. */
  readonly path: string
  /** Largest size of the file. Defaults to 256 MiB, at least 1 MiB. */
  readonly maxBytes?: number | undefined
  /** Time between two removals of what has expired. Defaults to a minute. */
  readonly sweepInterval?: Duration.Input | undefined
  /** Longest wait for another process that writes. Defaults to 5 seconds. */
  readonly lockTimeout?: Duration.Input | undefined
}

const name = "sqlite"
const minBytes = 1_048_576
/** Milliseconds by which the last known use of an entry may be behind. */
const touchIntervalMillis = 60_000
/** Uses in memory from which they are written without waiting for the sweep. */
const maxPendingTouches = 4_096
/** What is removed at a time when the file is full, as a part of its size: removing by the entry would cost more. */
const evictionRatio = 1 / 128
/** A write that finds no room again and again meets a full disk, not a full file. */
const maxEvictions = 4

const failure = checkedStore.failureOf(name)

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  options: Options
): Effect.Effect<CacheStore["Service"], CacheStoreError | ConfigurationError, Scope.Scope> =>
  Effect.gen(function* () {
    const { path, maxBytes = 268_435_456 } = options
    const sweepInterval = OptionRules.durationOf(options.sweepInterval ?? Duration.minutes(1))
    const lockTimeout = OptionRules.durationOf(options.lockTimeout ?? Duration.seconds(5))
    yield* OptionRules.check("SqliteCacheStore", [
      [
        "path",
        typeof path === "string" && path !== "" && !path.startsWith(":") && !path.includes("\0"),
        "the path of a file"
      ],
      OptionRules.bytes("maxBytes", maxBytes, minBytes),
      OptionRules.positiveDuration("sweepInterval", sweepInterval),
      OptionRules.positiveDuration("lockTimeout", lockTimeout)
    ])
    const clock = yield* Clock.Clock
    const connection = SqliteConnection.make(path, maxBytes, lockTimeout)
    const { tryOnce } = connection
    const uses = new Map<string, number>()

    const now = () => clock.currentTimeMillisUnsafe()

    const perform = <A>(operation: string, run: SqliteConnection.Operation<A>): Effect.Effect<A, CacheStoreError> =>
      Effect.mapError(connection.perform(run), ({ reason }) => failure(operation, reason))

    const writeUses: SqliteConnection.Operation<void> = (entries) => {
      entries.touch(uses)
      uses.clear()
    }

    const use = (key: string, at: number): void => {
      uses.set(key, at)
      // What cannot be written now is written by the sweep, or forgotten when it is too much.
      if (uses.size >= maxPendingTouches && Result.isFailure(tryOnce(writeUses))) uses.clear()
    }

    /** Repeats a removal, and lets others have their turn in between. */
    const whileMore = (operation: string, remove: SqliteConnection.Operation<boolean>) =>
      Effect.repeat(
        Effect.tap(perform(operation, remove), () => Effect.yieldNow),
        { while: (isMore) => isMore }
      )

    const set = (key: string, entry: Uint8Array, expiresAt: number, tags: ReadonlyArray<string>) => {
      const write = connection.perform((entries) => entries.set(key, entry, { expiresAt, usedAt: now() }, tags))
      const evict = connection.perform((entries) => entries.evict(now(), entry.length + maxBytes * evictionRatio))
      const writeInRoom = (evictions: number): Effect.Effect<void, SqliteFailure> =>
        Effect.catch(write, (failed) => {
          if (failed.kind !== "Full" || evictions === maxEvictions) return Effect.fail(failed)
          if (evictions === 0) tryOnce(writeUses)
          return Effect.andThen(evict, writeInRoom(evictions + 1))
        })
      return Effect.mapError(writeInRoom(0), ({ reason }) => failure("set", reason))
    }

    const sweep = connection.closeIfReplaced.pipe(
      Effect.andThen(perform("sweep", writeUses)),
      // There may be no room for it; the entries then go in the order in which they were written.
      Effect.ignore,
      Effect.andThen(whileMore("sweep", (entries) => entries.removeExpired(now()))),
      Effect.andThen(whileMore("sweep", (entries) => entries.shrink())),
      // Health sees it with the next operation; the sweep after this one may do better.
      Effect.ignore
    )

    yield* Effect.acquireRelease(
      perform("open", () => undefined),
      () =>
        Effect.andThen(
          Effect.sync(() => tryOnce(writeUses)),
          connection.close
        )
    )
    yield* Effect.forkScoped(Effect.forever(Effect.delay(sweep, sweepInterval)))

    return yield* checkedStore.make(name, Math.floor(maxBytes / 4), {
      get: (key) =>
        Effect.map(
          perform("get", (entries) => entries.get(key)),
          (row) => {
            const at = now()
            if (row === undefined || row.expiresAt <= at) return Option.none()
            if (at - row.usedAt >= touchIntervalMillis && at - (uses.get(key) ?? 0) >= touchIntervalMillis) use(key, at)
            return Option.some(row.entry)
          }
        ),
      set,
      remove: (key) => perform("remove", (entries) => entries.remove(key)),
      removeTag: (tag) => whileMore("remove a tag", (entries) => entries.removeTag(tag)),
      clear: Effect.flatMap(
        perform("clear", (entries) => entries.latestId()),
        (latest) =>
          Effect.andThen(
            whileMore("clear", (entries) => entries.removeUpTo(latest)),
            whileMore("clear", (entries) => entries.shrink())
          )
      ),
      statistics: Effect.suspend(() => perform("count", (entries) => entries.statistics(now())))
    })
  })

/**
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<CacheStore, CacheStoreError | ConfigurationError> =>
  Layer.effect(CacheStore, make(options))
