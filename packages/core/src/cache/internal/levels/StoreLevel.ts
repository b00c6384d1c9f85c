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
 * - An entry that cannot be opened, or that has expired, is removed.
 * - A removal waits for earlier writes, which would otherwise bring an entry
 *   back, and fails if the store does.
 *
 * @since 0.1.0
 */
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
  /** Entries that were not written, because the store failed or too many writes were pending. */
  readonly droppedWrites: number
  /** Pending background operations. */
  readonly pending: number
  /** Whether the latest lookup succeeded. */
  readonly isReadable: boolean
  /** Whether the latest write or removal succeeded. */
  readonly isWritable: boolean
}

/**
 * @category models
 * @since 0.1.0
 */
export interface StoreLevel {
  /** The entry of a key, if the store returns it in time. */
  readonly read: (key: string) => Effect.Effect<Option.Option<CachedResponse.CachedResponse>>
  /** Writes an entry in the background. */
  readonly write: (key: string, entry: CachedResponse.CachedResponse) => void
  readonly remove: (key: string) => Effect.Effect<void, CacheStoreError>
  readonly removeTag: (tag: string) => Effect.Effect<void, CacheStoreError>
  readonly clear: Effect.Effect<void, CacheStoreError>
  readonly statistics: () => StoreLevelStatistics
}

/** The result of a lookup: an entry, or why there is none. */
type StoreLookup = CachedResponse.CachedResponse | "none" | "corrupt" | "expired"

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
  const clock = yield* Clock.Clock
  const queue = yield* WriteBehind.make(options)
  const reading = yield* StoreOutage.make({
    timeout,
    cooldown,
    unavailableMessage: `The ${store.name} store of the cache cannot be read: it is not used for calls until it can be read again`,
    recoveredMessage: `The ${store.name} store of the cache can be read again`
  })
  const writing = yield* StoreOutage.make({
    timeout: writeTimeout,
    cooldown,
    unavailableMessage: `The ${store.name} store of the cache cannot be written: responses are cached in memory only until it can be written again`,
    recoveredMessage: `The ${store.name} store of the cache can be written again`
  })
  let hits = 0
  let misses = 0
  let failures = 0
  let corrupt = 0
  let writes = 0
  let droppedWrites = 0

  const open = (key: string, bytes: Uint8Array): Effect.Effect<StoreLookup> =>
    Effect.map(envelope.open(key, bytes), (sealed): StoreLookup => {
      const entry = Option.getOrUndefined(sealed)
      if (entry === undefined) return "corrupt"
      const { body, createdAt, expiresAt, staleAt } = entry
      if (clock.currentTimeMillisUnsafe() >= expiresAt) return "expired"
      return Option.match(CachedResponse.decode(body), {
        onNone: () => "corrupt",
        onSome: (body) => ({ ...body, createdAt, staleAt, refreshAt: staleAt, expiresAt })
      })
    })

  const lookUp = (key: string): Effect.Effect<StoreLookup, CacheStoreError> =>
    Effect.flatMap(
      store.get(key),
      Option.match({ onNone: () => Effect.succeed<StoreLookup>("none"), onSome: (bytes) => open(key, bytes) })
    )

  const change = (operation: Effect.Effect<void, CacheStoreError>): Effect.Effect<boolean> =>
    Effect.map(writing.tryRun(interruptWithoutWaiting(operation)), Option.isSome)

  const seal = (key: string, entry: CachedResponse.CachedResponse): Effect.Effect<void, CacheStoreError> => {
    const { createdAt, expiresAt, staleAt, tags } = entry
    return Effect.flatMap(
      envelope.seal(key, { body: CachedResponse.encode(entry), createdAt, staleAt, expiresAt }),
      Option.match({ onNone: () => Effect.void, onSome: (bytes) => store.set(key, bytes, { expiresAt, tags }) })
    )
  }

  const bounded = (operation: string, effect: Effect.Effect<void, CacheStoreError>) =>
    Effect.timeoutOrElse(effect, {
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

  /** Bounds the operation, for those queued behind it, and the caller's wait in the queue. */
  const manage = (operation: string, effect: Effect.Effect<void, CacheStoreError>) =>
    bounded(operation, queue.runInOrder(bounded(operation, interruptWithoutWaiting(effect))))

  return {
    read: (key) =>
      Effect.map(reading.tryRun(interruptWithoutWaiting(lookUp(key))), (result) => {
        const found = Option.getOrUndefined(result)
        if (found === undefined) {
          failures += 1
          return Option.none()
        }
        if (typeof found !== "string") {
          hits += 1
          return Option.some(found)
        }
        misses += 1
        if (found === "corrupt") corrupt += 1
        if (found !== "none") queue.offer(0, Effect.asVoid(change(store.remove(key))))
        return Option.none()
      }),
    write: (key, entry) => {
      const isQueued = queue.offer(
        HeapSize.ofEntry(entry),
        Effect.map(change(Effect.suspend(() => seal(key, entry))), (isWritten) => {
          if (isWritten) writes += 1
          else droppedWrites += 1
        })
      )
      if (!isQueued) droppedWrites += 1
    },
    remove: (key) => manage("remove", store.remove(key)),
    removeTag: (tag) => manage("removeTag", store.removeTag(tag)),
    clear: manage("clear", store.clear),
    statistics: () => ({
      hits,
      misses,
      failures,
      corrupt,
      writes,
      droppedWrites,
      pending: queue.pending(),
      isReadable: !reading.isUnavailable(),
      isWritable: !writing.isUnavailable()
    })
  }
})
