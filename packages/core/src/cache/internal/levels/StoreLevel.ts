/**
 * The store below the memory, as calls use it: it never fails a call, and delays
 * it at most by its timeout.
 *
 * **Details**
 *
 * - Reads have a short timeout. A store that fails or takes longer counts as a
 *   miss, and is not used for a cool-down; reads and writes have separate ones.
 * - Writes run in the background, one after the other. Entries beyond the bounds
 *   of pending writes are not written.
 * - An entry that cannot be opened, or that has expired, is removed. So is one
 *   whose time lies in the future, as `StoredTimes` explains.
 * - A removal waits for earlier writes, which would otherwise bring an entry
 *   back, and fails if the store does.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { CacheStoreError } from "../../../errors/CacheErrors.ts"
import { interruptWithoutWaiting } from "../../../internal/interruptWithoutWaiting.ts"
import * as StoreOutage from "../../../internal/StoreOutage.ts"
import * as CachedResponse from "../CachedResponse.ts"
import type { CacheEnvelope } from "../envelope/CacheEnvelope.ts"
import type { CacheStore } from "../../CacheStore.ts"
import * as HeapSize from "./HeapSize.ts"
import * as StoredTimes from "./StoredTimes.ts"
import * as WriteBehind from "./WriteBehind.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options extends WriteBehind.Options {
  /** The longest wait of a call for the store. */
  readonly timeout: Duration.Duration
  /** The longest write or removal. */
  readonly writeTimeout: Duration.Duration
  /** How long the store is not used after a failure. */
  readonly cooldown: Duration.Duration
}

/**
 * Counts of operations on the store.
 *
 * @category models
 * @since 0.1.0
 */
export interface StoreLevelStatistics {
  readonly hits: number
  /** Lookups for which the store had no entry. */
  readonly misses: number
  /** Lookups that the store did not answer, or that were skipped during a cool-down. */
  readonly failures: number
  /** Entries that could not be opened and were removed. */
  readonly corrupt: number
  readonly writes: number
  /** Entries that were not written: they are too large, the store failed, or too many writes were pending. */
  readonly droppedWrites: number
  /** Pending background operations. */
  readonly pending: number
  /** Whether the latest lookup succeeded. */
  readonly isReadable: boolean
  /** Whether the latest write or removal succeeded. */
  readonly isWritable: boolean
  /** Why the store cannot be read or written, such as the path of its file and what is wrong with it. */
  readonly failure?: string
}

/** The result of a lookup: an entry, or why there is none. */
type StoreLookup = CachedResponse.CachedResponse | "none" | "corrupt" | "expired"

/** Why an operation failed. Other errors than these may hold anything. */
const reasonOf = (failure: unknown): string =>
  failure instanceof CacheStoreError || Cause.isTimeoutError(failure) ? failure.message : "see the log"

interface StoreLevelDependencies {
  readonly store: CacheStore["Service"]
  readonly envelope: CacheEnvelope
  readonly clock: Clock.Clock
  readonly queue: WriteBehind.WriteBehind
  readonly reading: StoreOutage.StoreOutage
  readonly writing: StoreOutage.StoreOutage
  readonly writeTimeout: Duration.Duration
}

/**
 * @category models
 * @since 0.1.0
 */
export class StoreLevel {
  readonly #on: StoreLevelDependencies
  readonly #counts = { hits: 0, misses: 0, failures: 0, corrupt: 0, writes: 0, droppedWrites: 0 }

  constructor(dependencies: StoreLevelDependencies) {
    this.#on = dependencies
  }

  /** Tests a store that can be tested, so that a problem with it is known before the first call. */
  check(): Effect.Effect<void> {
    const { reading, store } = this.#on
    return store.check === undefined ? Effect.void : Effect.asVoid(reading.tryRun(interruptWithoutWaiting(store.check)))
  }

  /** The entry of a key, if the store returns it in time. */
  read(key: string): Effect.Effect<Option.Option<CachedResponse.CachedResponse>> {
    return Effect.map(this.#on.reading.tryRun(interruptWithoutWaiting(this.#lookUp(key))), (result) =>
      this.#count(key, Option.getOrUndefined(result))
    )
  }

  /** Writes an entry in the background. */
  write(key: string, entry: CachedResponse.CachedResponse): void {
    const isQueued = this.#on.queue.offer(
      HeapSize.ofEntry(entry),
      Effect.map(this.#change(Effect.suspend(() => this.#seal(key, entry))), (isWritten) => {
        if (Option.getOrElse(isWritten, () => false)) this.#counts.writes += 1
        else this.#counts.droppedWrites += 1
      })
    )
    if (!isQueued) this.#counts.droppedWrites += 1
  }

  remove(key: string): Effect.Effect<void, CacheStoreError> {
    return this.#manage("remove", this.#on.store.remove(key))
  }

  removeTag(tag: string): Effect.Effect<void, CacheStoreError> {
    return this.#manage("removeTag", this.#on.store.removeTag(tag))
  }

  get clear(): Effect.Effect<void, CacheStoreError> {
    return this.#manage("clear", this.#on.store.clear)
  }

  statistics(): StoreLevelStatistics {
    const { queue, reading, writing } = this.#on
    const isReadable = !reading.isUnavailable()
    const isWritable = !writing.isUnavailable()
    return {
      ...this.#counts,
      pending: queue.pending(),
      isReadable,
      isWritable,
      ...(isReadable && isWritable ? {} : { failure: reasonOf((isReadable ? writing : reading).failure()) })
    }
  }

  #count(key: string, found: StoreLookup | undefined): Option.Option<CachedResponse.CachedResponse> {
    const { queue, store } = this.#on
    if (found === undefined) {
      this.#counts.failures += 1
      return Option.none()
    }
    if (typeof found !== "string") {
      this.#counts.hits += 1
      return Option.some(found)
    }
    this.#counts.misses += 1
    if (found === "corrupt") this.#counts.corrupt += 1
    if (found !== "none") queue.offer(0, Effect.asVoid(this.#change(store.remove(key))))
    return Option.none()
  }

  #open(key: string, bytes: Uint8Array): Effect.Effect<StoreLookup> {
    return Effect.map(this.#on.envelope.open(key, bytes), (sealed): StoreLookup => {
      const entry = Option.getOrUndefined(sealed)
      if (entry === undefined) return "corrupt"
      const times = StoredTimes.fromUnix(entry, this.#on.clock)
      if (times === undefined) return "expired"
      return Option.match(CachedResponse.decode(entry.body), {
        onNone: () => "corrupt",
        onSome: (body) => ({ ...body, ...times })
      })
    })
  }

  #lookUp(key: string): Effect.Effect<StoreLookup, CacheStoreError> {
    return Effect.flatMap(
      this.#on.store.get(key),
      Option.match({ onNone: () => Effect.succeed<StoreLookup>("none"), onSome: (bytes) => this.#open(key, bytes) })
    )
  }

  #change<A>(operation: Effect.Effect<A, CacheStoreError>): Effect.Effect<Option.Option<A>> {
    return this.#on.writing.tryRun(interruptWithoutWaiting(operation))
  }

  /** Whether it was written: one that is too large to be opened again is not. */
  #seal(key: string, entry: CachedResponse.CachedResponse): Effect.Effect<boolean, CacheStoreError> {
    const { clock, envelope, store } = this.#on
    const times = StoredTimes.toUnix(entry, clock)
    const options = { expiresAt: times.expiresAt, tags: entry.tags }
    return Effect.flatMap(
      envelope.seal(key, { body: CachedResponse.encode(entry), ...times }),
      Option.match({
        onNone: () => Effect.succeed(false),
        onSome: (bytes) => Effect.as(store.set(key, bytes, options), true)
      })
    )
  }

  #bounded(operation: string, effect: Effect.Effect<void, CacheStoreError>): Effect.Effect<void, CacheStoreError> {
    const { store, writeTimeout } = this.#on
    return Effect.timeoutOrElse(effect, {
      duration: writeTimeout,
      orElse: () =>
        Effect.fail(
          new CacheStoreError({
            message: `The ${store.name} store of the cache did not answer within ${Duration.format(writeTimeout)}`,
            store: store.name,
            operation
          })
        )
    })
  }

  /** Bounds the operation, for those queued behind it, and the caller's wait in the queue. */
  #manage(operation: string, effect: Effect.Effect<void, CacheStoreError>): Effect.Effect<void, CacheStoreError> {
    const inOrder = this.#on.queue.runInOrder(this.#bounded(operation, interruptWithoutWaiting(effect)))
    return this.#bounded(operation, inOrder)
  }
}

/**
 * A store level, until the scope closes.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (
  store: CacheStore["Service"],
  envelope: CacheEnvelope,
  options: Options
): Effect.fn.Return<StoreLevel, never, Scope.Scope> {
  const { cooldown, timeout, writeTimeout } = options
  const level = new StoreLevel({
    store,
    envelope,
    clock: yield* Clock.Clock,
    queue: yield* WriteBehind.make(options),
    reading: yield* StoreOutage.make({
      timeout,
      cooldown,
      unavailableMessage: `The ${store.name} store of the cache cannot be read: it is not used for calls until it can be read again`,
      recoveredMessage: `The ${store.name} store of the cache can be read again`
    }),
    writing: yield* StoreOutage.make({
      timeout: writeTimeout,
      cooldown,
      unavailableMessage: `The ${store.name} store of the cache cannot be written: responses are cached in memory only until it can be written again`,
      recoveredMessage: `The ${store.name} store of the cache can be written again`
    }),
    writeTimeout
  })
  yield* level.check()
  return level
})
