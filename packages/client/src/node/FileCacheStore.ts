/**
 * A store of the cache in a folder: one file per entry.
 *
 * It needs nothing but a file system, and every process that can write there
 * shares it. Where a file of one's own is at hand, `SqliteCacheStore` is many
 * times faster.
 *
 * **Details**
 *
 * - A file is named by a digest of its key, readable for its owner only, and
 *   written beside its place before it is moved there: what is read is whole,
 *   or shows that it is not and is removed.
 * - What has expired, what is over `maxBytes` and was not used for longest, and
 *   what processes that died have left half written is removed in the
 *   background, with the sweep or as soon as this process has written too much.
 *
 * **Gotchas**
 *
 * - `removeTag`, `clear`, `statistics` and the sweep look at every file: some
 *   seconds for 100,000 entries. `removeTag` reads the beginning of each.
 * - The size is bounded within what all processes write between two sweeps.
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
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as checkedStore from "./internal/checkedStore.ts"
import * as EntryFile from "./internal/EntryFile.ts"
import * as EntryFolder from "./internal/EntryFolder.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Path of the folder, which is created when it is missing. It should hold nothing else. */
  readonly path: string
  /** Bytes that all files may take. Defaults to 1 GiB, at least 1 MiB. */
  readonly maxBytes?: number | undefined
  /** Time between two removals of what has expired or is too much. Defaults to 10 minutes. */
  readonly sweepInterval?: Duration.Input | undefined
}

const name = "file system"
const minBytes = 1_048_576
/** Milliseconds by which the last known use of an entry may be behind. */
const touchIntervalMillis = 60_000
/** What is left of a folder that was too large, so that not every write looks through it. */
const lowWaterRatio = 0.9
/** Longest wait for files that are being written when the store is closed. */
const closeTimeout = Duration.seconds(2)

const failure = checkedStore.failureOf(name)

/** What went wrong, without the path: nobody but the owner needs to know the names of files. */
const reasonOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "unknown"

const isDiskFull = (error: unknown): boolean =>
  error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT")

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  options: Options
): Effect.Effect<CacheStore["Service"], CacheStoreError | ConfigurationError, Scope.Scope> =>
  Effect.gen(function* () {
    const { path: root, maxBytes = 1_073_741_824 } = options
    const sweepInterval = OptionRules.durationOf(options.sweepInterval ?? Duration.minutes(10))
    yield* OptionRules.check("FileCacheStore", [
      ["path", typeof root === "string" && root !== "" && !root.includes("\0"), "the path of a folder"],
      OptionRules.bytes("maxBytes", maxBytes, minBytes),
      OptionRules.positiveDuration("sweepInterval", sweepInterval)
    ])
    const clock = yield* Clock.Clock
    const wanted = yield* Queue.sliding<void>(1)
    const running = new Set<Promise<unknown>>()
    const maxEntryBytes = Math.floor(maxBytes / 4)
    const maxFileBytes = maxEntryBytes + EntryFile.maxHeaderBytes(checkedStore.maxTags)
    /** Bytes of all files when they were last looked at, and of what was written from then on. */
    let bytes = 0
    /** Bytes of all that this process has written. */
    let written = 0

    const now = () => clock.currentTimeMillisUnsafe()

    /** Work on files that may be left at any time, but is waited for when the store is closed. */
    const perform = <A>(
      operation: string,
      work: (signal: AbortSignal) => Promise<A>
    ): Effect.Effect<A, CacheStoreError> =>
      Effect.tryPromise({
        try: (signal) => {
          const promise = work(signal)
          running.add(promise)
          const done = () => running.delete(promise)
          promise.then(done, done)
          return promise
        },
        catch: (error) => failure(operation, reasonOf(error))
      })

    const finished = Effect.suspend(() => Effect.promise(() => Promise.allSettled(running)))

    const removeAll = async (files: ReadonlyArray<EntryFolder.EntryInfo>): Promise<void> => {
      await Promise.all(files.map(({ path }) => EntryFile.remove(path)))
    }

    const headOf = ({ name, path }: EntryFolder.EntryInfo) => EntryFile.readHeader(path, name, checkedStore.maxTags)

    const isExpired = async (file: EntryFolder.EntryInfo): Promise<boolean> => {
      if (file.expiresAt > now()) return false
      const head = await headOf(file)
      return head === undefined || head.expiresAt <= now()
    }

    /** Removes what was not used for longest until there are so many bytes at most. Tells how many are left. */
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

    /** Has more removed at once when there is too much. */
    const count = (known: number): void => {
      bytes = known
      if (bytes > maxBytes) Queue.offerUnsafe(wanted, undefined)
    }

    /** Removes what has expired, and of the rest what is over a size, which is told the size found. */
    const tidy = async (mostOf: (found: number) => number, signal: AbortSignal): Promise<void> => {
      const kept: Array<EntryFolder.EntryInfo> = []
      const before = written
      let found = 0
      for await (const files of EntryFolder.walk(root)) {
        if (signal.aborted) return
        for (const file of files) {
          if (await isExpired(file)) await EntryFile.remove(file.path)
          else {
            kept.push(file)
            found += file.bytes
          }
        }
      }
      const left = await evict(kept, found, mostOf(found), signal)
      // The walk may have passed a place before a file was written there: what was written meanwhile counts in any case.
      count(left + written - before)
      await EntryFolder.removeLeftovers(root, now())
    }

    const mostOf = (found: number): number => (found > maxBytes ? maxBytes * lowWaterRatio : found)
    const sweep = Effect.ignore(perform("sweep", (signal) => tidy(mostOf, signal)))

    const write = async (
      key: string,
      entry: Uint8Array,
      head: EntryFile.Header,
      signal: AbortSignal
    ): Promise<void> => {
      const name = EntryFolder.nameOf(key)
      const aside = { path: EntryFolder.tempPath(root), now: now(), signal }
      const size = await EntryFile.write(EntryFolder.pathOf(root, name), name, entry, head, aside)
      written += size
      count(bytes + size)
    }

    yield* Effect.acquireRelease(
      perform("open", () => EntryFolder.create(root)),
      () => Effect.timeoutOption(finished, closeTimeout)
    )
    yield* Effect.forkScoped(
      Effect.forever(Effect.andThen(sweep, Effect.timeoutOption(Queue.take(wanted), sweepInterval)))
    )

    return yield* checkedStore.make(name, maxEntryBytes, {
      get: (key) =>
        perform("get", async () => {
          const name = EntryFolder.nameOf(key)
          const path = EntryFolder.pathOf(root, name)
          const found = await EntryFile.read(path, name, {
            maxBytes: maxFileBytes,
            useMillis: touchIntervalMillis,
            now: now()
          })
          if (found._tag === "Damaged") await EntryFile.remove(path)
          return found._tag === "Entry" ? Option.some<Uint8Array>(found.entry) : Option.none()
        }),
      set: (key, entry, expiresAt, tags) =>
        perform("set", async (signal) => {
          const head = { expiresAt, tags }
          try {
            await write(key, entry, head, signal)
          } catch (error) {
            if (!isDiskFull(error)) throw error
            await tidy((found) => found * lowWaterRatio - entry.length, signal)
            await write(key, entry, head, signal)
          }
        }),
      remove: (key) => perform("remove", () => EntryFile.remove(EntryFolder.pathOf(root, EntryFolder.nameOf(key)))),
      removeTag: (tag) =>
        perform("remove a tag", async (signal) => {
          for await (const files of EntryFolder.walk(root)) {
            if (signal.aborted) return
            for (const file of files) {
              const head = await headOf(file)
              if (head?.tags.includes(tag) === true) await EntryFile.remove(file.path)
            }
          }
        }),
      clear: perform("clear", async (signal) => {
        for await (const files of EntryFolder.walk(root)) {
          if (signal.aborted) return
          await removeAll(files)
        }
        bytes = 0
      }),
      statistics: perform("count", async () => {
        const total = { entries: 0, bytes: 0 }
        for await (const files of EntryFolder.walk(root)) {
          for (const file of files) {
            if (file.expiresAt <= now()) continue
            total.entries += 1
            total.bytes += file.bytes
          }
        }
        return total
      })
    })
  })

/**
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<CacheStore, CacheStoreError | ConfigurationError> =>
  Layer.effect(CacheStore, make(options))
