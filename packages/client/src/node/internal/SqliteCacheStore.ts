/**
 * A store of the cache in one SQLite file. `CacheStore.makeSqlite` describes it
 * for users.
 *
 * Reading an entry takes microseconds and is synchronous. Times of use are
 * collected in memory and written together by the sweep, at most once per entry
 * and minute.
 *
 * @since 0.1.0
 */
import type { CacheStore } from "@kimi-effect/core/CacheStore"
import type { CacheStoreError } from "@kimi-effect/core/CacheErrors"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as CheckedStore from "@kimi-effect/core/internal/CheckedStore"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as SqliteConnection from "./SqliteConnection.ts"
import type { SqliteFailure } from "./SqliteFailure.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Path of the file; it and its folder are created when they are missing. */
  readonly path: string
  /** Largest size of the file. Defaults to 256 MiB, at least 1 MiB. */
  readonly maxBytes?: number | undefined
  /** Interval at which expired entries are removed. Defaults to a minute. */
  readonly sweepInterval?: Duration.Input | undefined
  /** Longest wait for another process that writes. Defaults to 5 seconds. */
  readonly lockTimeout?: Duration.Input | undefined
}

const name = "sqlite"
const minBytes = 1_048_576
/** Least time between two updates of the time at which an entry was last used. */
const touchIntervalMillis = 60_000
/** Number of pending times of use at which they are written before the sweep. */
const maxPendingTouches = 4_096
/** Fraction of the file that is freed at a time when it is full, which is cheaper than removing single entries. */
const evictionRatio = 1 / 128
/** If a write still fails after so many evictions, the disk is full and not the file. */
const maxEvictions = 4

const failure = CheckedStore.failureOf(name)

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
    yield* OptionRules.check("CacheStore", [
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
      // If they cannot be written now, the sweep writes them; too many are dropped.
      if (uses.size >= maxPendingTouches && Result.isFailure(tryOnce(writeUses))) uses.clear()
    }

    /** Repeats a removal while there is more to remove, and yields to other fibers in between. */
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
      // Without room for them, entries are evicted in the order in which they were written.
      Effect.ignore,
      Effect.andThen(whileMore("sweep", (entries) => entries.removeExpired(now()))),
      Effect.andThen(whileMore("sweep", (entries) => entries.shrink())),
      // The next operation reports the failure to health; the next sweep tries again.
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

    return yield* CheckedStore.make(name, Math.floor(maxBytes / 4), {
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
