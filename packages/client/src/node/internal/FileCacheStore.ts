/**
 * A store of the cache in a folder: one file per entry. `CacheStore.makeFile`
 * describes it for users.
 *
 * @since 0.1.0
 */
import type { CacheStore, StoreStatistics } from "@kimi-effect/core/CacheStore"
import type { CacheStoreError } from "@kimi-effect/core/CacheErrors"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as CheckedStore from "@kimi-effect/core/internal/CheckedStore"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as EntryFile from "./EntryFile.ts"
import * as EntryFolder from "./EntryFolder.ts"
import * as FileFailure from "./FileFailure.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /**
   * Path of the folder, which is created when it is missing. One with files of
   * others is not used, and a symbolic link is not followed.
   */
  readonly path: string
  /** Most bytes of all files. Defaults to 1 GiB, at least 1 MiB. */
  readonly maxBytes?: number | undefined
  /** Interval at which expired and excess entries are removed. Defaults to 10 minutes. */
  readonly sweepInterval?: Duration.Input | undefined
}

const name = "file system"
const minBytes = 1_048_576
/** Least time between two updates of the time at which an entry was last used. */
const touchIntervalMillis = 60_000
/** Fraction of the limit to which an oversized folder is reduced, so that not every write causes a sweep. */
const lowWaterRatio = 0.9
/** Longest wait for pending writes when the store is closed. */
const closeTimeout = Duration.seconds(2)

const failure = CheckedStore.failureOf(name)

const headerOf = ({ name, path }: EntryFolder.EntryInfo): Promise<EntryFile.Header | undefined> =>
  EntryFile.readHeader(path, name, CheckedStore.maxTags)

/** Removes the least recently used files until at most `most` bytes are left. The result is the bytes left. */
const evict = async (
  kept: Array<EntryFolder.EntryInfo>,
  found: number,
  most: number,
  signal: AbortSignal
): Promise<number> => {
  kept.sort((one, other) => one.usedAt - other.usedAt)
  let left = found
  for (const file of kept) {
    if (left <= most || signal.aborted) break
    await EntryFile.remove(file.path)
    left -= file.bytes
  }
  return left
}

/** The store of an open scope. */
class FileCacheStore {
  readonly #root: string
  readonly #maxBytes: number
  readonly #maxFileBytes: number
  readonly #clock: Clock.Clock
  /** Requests for a sweep. */
  readonly #wanted: Queue.Queue<void>
  readonly #running = new Set<Promise<unknown>>()
  #isCreated = false
  /** The creation of the folder that operations wait for: a disk that hangs is not asked by each of them. */
  #creation: Promise<void> | undefined
  /** Whether other users can write to the folder, until it is logged. */
  #isExposed = false
  /** Bytes of all files at the last sweep, and of what this process has written since. */
  #bytes = 0
  /** Bytes that this process has written in total. */
  #written = 0

  constructor(root: string, maxBytes: number, maxEntryBytes: number, clock: Clock.Clock, wanted: Queue.Queue<void>) {
    this.#root = root
    this.#maxBytes = maxBytes
    this.#maxFileBytes = maxEntryBytes + EntryFile.maxHeaderBytes(CheckedStore.maxTags)
    this.#clock = clock
    this.#wanted = wanted
  }

  readonly backend = {
    check: Effect.suspend(() => this.#perform("open", () => Promise.resolve())),
    get: (key) => this.#perform("get", () => this.#get(key)),
    set: (key, entry, expiresAt, tags) =>
      this.#perform("set", (signal) => this.#set(key, entry, { expiresAt, tags }, signal)),
    remove: (key) => this.#perform("remove", () => EntryFile.remove(this.#pathOf(EntryFolder.nameOf(key)))),
    removeTag: (tag) => this.#perform("remove a tag", (signal) => this.#removeTag(tag, signal)),
    clear: Effect.suspend(() => this.#perform("clear", (signal) => this.#clear(signal))),
    statistics: Effect.suspend(() => this.#perform("count", () => this.#count()))
  } satisfies CheckedStore.StoreBackend

  /** Removes expired entries, and the least recently used ones of a folder that is too large. */
  readonly sweep: Effect.Effect<void> = Effect.suspend(() =>
    Effect.ignore(
      this.#perform("sweep", (signal) =>
        this.#tidy((found) => (found > this.#maxBytes ? this.#maxBytes * lowWaterRatio : found), signal)
      )
    )
  )

  /** Waits for work that was interrupted, but not for a disk that hangs. */
  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    const finished = Effect.promise(() => Promise.allSettled(this.#running))
    return Effect.asVoid(Effect.timeoutOption(finished, closeTimeout))
  })

  #now(): number {
    return this.#clock.currentTimeMillisUnsafe()
  }

  #pathOf(file: string): string {
    return EntryFolder.pathOf(this.#root, file)
  }

  /** Creates the folder before the first operation, and again after one has failed. */
  #create(): Promise<void> {
    this.#creation ??= EntryFolder.create(this.#root)
      .then((isExposed) => {
        this.#isExposed = isExposed
        this.#isCreated = true
      })
      .finally(() => {
        this.#creation = undefined
      })
    return this.#creation
  }

  #reportExposure(): Effect.Effect<void> {
    if (!this.#isExposed) return Effect.void
    this.#isExposed = false
    return Effect.logWarning(`Other users can write to the cache's folder ${this.#root}, and so replace responses`)
  }

  /** Work on files, which may be interrupted at any time; closing the store waits for it. */
  #perform<A>(operation: string, work: (signal: AbortSignal) => Promise<A>): Effect.Effect<A, CacheStoreError> {
    const performed = Effect.tryPromise({
      try: (signal) => {
        const promise = this.#isCreated ? work(signal) : this.#create().then(() => work(signal))
        this.#running.add(promise)
        const done = () => this.#running.delete(promise)
        promise.then(done, done)
        return promise
      },
      catch: (error) => failure(operation, `${FileFailure.reasonOf(error)} (${this.#root})`)
    })
    return Effect.tap(performed, () => this.#reportExposure())
  }

  /** Updates the size, and requests a sweep when it exceeds the limit. */
  #setBytes(bytes: number): void {
    this.#bytes = bytes
    if (bytes > this.#maxBytes) Queue.offerUnsafe(this.#wanted, undefined)
  }

  async #isExpired(file: EntryFolder.EntryInfo): Promise<boolean> {
    if (file.expiresAt > this.#now()) return false
    const header = await headerOf(file)
    return header === undefined || header.expiresAt <= this.#now()
  }

  /** Removes expired files, and of the rest the least recently used over a size, which depends on the size found. */
  async #tidy(mostOf: (found: number) => number, signal: AbortSignal): Promise<void> {
    const kept: Array<EntryFolder.EntryInfo> = []
    const before = this.#written
    let found = 0
    for await (const files of EntryFolder.walk(this.#root)) {
      if (signal.aborted) return
      for (const file of files) {
        if (await this.#isExpired(file)) await EntryFile.remove(file.path)
        else {
          kept.push(file)
          found += file.bytes
        }
      }
    }
    const left = await evict(kept, found, mostOf(found), signal)
    // The walk may have missed files that were written meanwhile, so their bytes are added.
    this.#setBytes(left + this.#written - before)
    await EntryFolder.removeLeftovers(this.#root, this.#now())
  }

  async #get(key: string): Promise<Option.Option<Uint8Array>> {
    const file = EntryFolder.nameOf(key)
    const path = this.#pathOf(file)
    const found = await EntryFile.read(path, file, {
      maxBytes: this.#maxFileBytes,
      useMillis: touchIntervalMillis,
      now: this.#now()
    })
    if (found._tag === "Damaged") await EntryFile.remove(path)
    return found._tag === "Entry" ? Option.some(found.entry) : Option.none()
  }

  async #write(key: string, entry: Uint8Array, header: EntryFile.Header, signal: AbortSignal): Promise<void> {
    const file = EntryFolder.nameOf(key)
    const aside = { path: EntryFolder.tempPath(this.#root), now: this.#now(), signal }
    const size = await EntryFile.write(this.#pathOf(file), file, entry, header, aside)
    this.#written += size
    this.#setBytes(this.#bytes + size)
  }

  /** Writes an entry, and once more after making room on a full disk or creating a folder that was removed. */
  async #set(key: string, entry: Uint8Array, header: EntryFile.Header, signal: AbortSignal): Promise<void> {
    try {
      await this.#write(key, entry, header, signal)
    } catch (error) {
      if (FileFailure.isDiskFull(error)) {
        await this.#tidy((found) => found * lowWaterRatio - entry.length, signal)
      } else if (EntryFile.isMissing(error)) {
        this.#isCreated = false
        await this.#create()
      } else {
        throw error
      }
      await this.#write(key, entry, header, signal)
    }
  }

  async #removeTag(tag: string, signal: AbortSignal): Promise<void> {
    for await (const files of EntryFolder.walk(this.#root)) {
      if (signal.aborted) return
      for (const file of files) {
        const header = await headerOf(file)
        if (header?.tags.includes(tag) === true) await EntryFile.remove(file.path)
      }
    }
  }

  async #clear(signal: AbortSignal): Promise<void> {
    for await (const files of EntryFolder.walk(this.#root)) {
      if (signal.aborted) return
      await Promise.all(files.map(({ path }) => EntryFile.remove(path)))
    }
    this.#bytes = 0
  }

  async #count(): Promise<StoreStatistics> {
    const total = { entries: 0, bytes: 0 }
    for await (const files of EntryFolder.walk(this.#root)) {
      for (const file of files) {
        if (file.expiresAt <= this.#now()) continue
        total.entries += 1
        total.bytes += file.bytes
      }
    }
    return total
  }
}

/**
 * A store that creates its folder with the first operation, and again after a
 * failure, so that a folder that cannot be used, or a disk that does not
 * respond, delays neither the start nor the end of a program.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): Effect.Effect<CacheStore["Service"], ConfigurationError, Scope.Scope> =>
  Effect.gen(function* () {
    const { path, maxBytes = 1_073_741_824 } = options
    const sweepInterval = OptionRules.durationOf(options.sweepInterval ?? Duration.minutes(10))
    yield* OptionRules.check("CacheStore", [
      ["path", typeof path === "string" && path.trim() !== "" && !path.includes("\0"), "the path of a folder"],
      OptionRules.bytes("maxBytes", maxBytes, minBytes),
      OptionRules.positiveDuration("sweepInterval", sweepInterval)
    ])
    const wanted = yield* Queue.sliding<void>(1)
    const maxEntryBytes = Math.floor(maxBytes / 4)
    const store = new FileCacheStore(path, maxBytes, maxEntryBytes, yield* Clock.Clock, wanted)
    yield* Effect.addFinalizer(() => store.close)
    yield* Effect.forkScoped(
      Effect.forever(Effect.andThen(store.sweep, Effect.timeoutOption(Queue.take(wanted), sweepInterval)))
    )
    return yield* CheckedStore.make(name, maxEntryBytes, store.backend)
  })
