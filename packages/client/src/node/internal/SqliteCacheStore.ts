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
import { type Operation, SqliteConnection } from "./SqliteConnection.ts"
import type { StoredEntry } from "./SqliteEntries.ts"
import type { SqliteFailure } from "./SqliteFailure.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Path of the file; it and its folder are created when they are missing. A symbolic link is not followed. */
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

/** The store of an open scope. */
class SqliteCacheStore {
  readonly #path: string
  readonly #maxBytes: number
  readonly #connection: SqliteConnection
  readonly #clock: Clock.Clock
  /** Times of use that are not yet written. */
  readonly #uses = new Map<string, number>()

  constructor(path: string, maxBytes: number, lockTimeout: Duration.Duration, clock: Clock.Clock) {
    this.#path = path
    this.#maxBytes = maxBytes
    this.#connection = new SqliteConnection(path, maxBytes, lockTimeout)
    this.#clock = clock
  }

  readonly backend = {
    check: Effect.suspend(() => this.#perform("open", () => undefined)),
    get: (key) =>
      Effect.map(
        this.#perform("get", (entries) => entries.get(key)),
        (row) => this.#toEntry(key, row)
      ),
    set: (key, entry, expiresAt, tags) => this.#set(key, entry, expiresAt, tags),
    remove: (key) => this.#perform("remove", (entries) => entries.remove(key)),
    removeTag: (tag) => this.#whileMore("remove a tag", (entries) => entries.removeTag(tag)),
    clear: Effect.suspend(() => this.#clear()),
    statistics: Effect.suspend(() => this.#perform("count", (entries) => entries.statistics(this.#now())))
  } satisfies CheckedStore.StoreBackend

  readonly sweep: Effect.Effect<void> = Effect.suspend(() => {
    this.#connection.closeIfReplaced()
    return this.#perform("sweep", (entries) => this.#writeUses(entries))
  }).pipe(
    // Without room for them, entries are evicted in the order in which they were written.
    Effect.ignore,
    Effect.andThen(Effect.suspend(() => this.#whileMore("sweep", (entries) => entries.removeExpired(this.#now())))),
    Effect.andThen(Effect.suspend(() => this.#whileMore("sweep", (entries) => entries.shrink()))),
    // The next operation reports the failure to health; the next sweep tries again.
    Effect.ignore
  )

  close(): void {
    if (this.#uses.size > 0) this.#connection.tryOnce((entries) => this.#writeUses(entries))
    this.#connection.close()
  }

  #now(): number {
    return this.#clock.currentTimeMillisUnsafe()
  }

  #toError(operation: string, { reason }: SqliteFailure): CacheStoreError {
    return failure(operation, `${reason} (${this.#path})`)
  }

  #perform<A>(operation: string, run: Operation<A>): Effect.Effect<A, CacheStoreError> {
    return Effect.mapError(this.#connection.perform(run), (failed) => this.#toError(operation, failed))
  }

  /** Repeats a removal while there is more to remove, and yields to other fibers in between. */
  #whileMore(operation: string, remove: Operation<boolean>): Effect.Effect<void, CacheStoreError> {
    return Effect.asVoid(
      Effect.repeat(
        Effect.tap(this.#perform(operation, remove), () => Effect.yieldNow),
        { while: (isMore) => isMore }
      )
    )
  }

  readonly #writeUses: Operation<void> = (entries) => {
    entries.touch(this.#uses)
    this.#uses.clear()
  }

  #use(key: string, at: number): void {
    this.#uses.set(key, at)
    if (this.#uses.size < maxPendingTouches) return
    // If they cannot be written now, the sweep writes them; too many are dropped.
    if (Result.isFailure(this.#connection.tryOnce(this.#writeUses))) this.#uses.clear()
  }

  #toEntry(key: string, row: StoredEntry | undefined): Option.Option<Uint8Array> {
    const now = this.#now()
    if (row === undefined || row.expiresAt <= now) return Option.none()
    const usedAt = this.#uses.get(key) ?? row.usedAt
    // A time of use in the future was recorded before the clock was set back.
    if (Math.abs(now - usedAt) >= touchIntervalMillis) this.#use(key, now)
    return Option.some(row.entry)
  }

  #set(
    key: string,
    entry: Uint8Array,
    expiresAt: number,
    tags: ReadonlyArray<string>
  ): Effect.Effect<void, CacheStoreError> {
    const write = this.#connection.perform((entries) =>
      entries.set(key, { entry, expiresAt, usedAt: this.#now() }, tags)
    )
    const evict = this.#connection.perform((entries) =>
      entries.evict(this.#now(), entry.length + this.#maxBytes * evictionRatio)
    )
    const writeInRoom = (evictions: number): Effect.Effect<void, SqliteFailure> =>
      Effect.catch(write, (failed) => {
        if (failed.kind !== "Full" || evictions === maxEvictions) return Effect.fail(failed)
        if (evictions === 0) this.#connection.tryOnce(this.#writeUses)
        return Effect.andThen(evict, writeInRoom(evictions + 1))
      })
    return Effect.mapError(writeInRoom(0), (failed) => this.#toError("set", failed))
  }

  #clear(): Effect.Effect<void, CacheStoreError> {
    return Effect.flatMap(
      this.#perform("clear", (entries) => entries.latestId()),
      (latest) =>
        Effect.andThen(
          this.#whileMore("clear", (entries) => entries.removeUpTo(latest)),
          this.#whileMore("clear", (entries) => entries.shrink())
        )
    )
  }
}

/**
 * A store that opens its file with the first operation, and again after a
 * failure, so that a file that cannot be used delays nothing. `ResponseCache`
 * runs `check` when it starts, and waits for it no longer than for a read.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): Effect.Effect<CacheStore["Service"], ConfigurationError, Scope.Scope> =>
  Effect.gen(function* () {
    const { path, maxBytes = 268_435_456 } = options
    const sweepInterval = OptionRules.durationOf(options.sweepInterval ?? Duration.minutes(1))
    const lockTimeout = OptionRules.durationOf(options.lockTimeout ?? Duration.seconds(5))
    yield* OptionRules.check("CacheStore", [
      [
        "path",
        typeof path === "string" && path.trim() !== "" && !path.startsWith(":") && !path.includes("\0"),
        "the path of a file"
      ],
      OptionRules.bytes("maxBytes", maxBytes, minBytes),
      OptionRules.positiveDuration("sweepInterval", sweepInterval),
      OptionRules.positiveDuration("lockTimeout", lockTimeout)
    ])
    const store = new SqliteCacheStore(path, maxBytes, lockTimeout, yield* Clock.Clock)
    yield* Effect.addFinalizer(() => Effect.sync(() => store.close()))
    yield* Effect.forkScoped(Effect.forever(Effect.delay(store.sweep, sweepInterval)))
    return yield* CheckedStore.make(name, Math.floor(maxBytes / 4), store.backend)
  })
