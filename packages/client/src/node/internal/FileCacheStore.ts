/**
 * A store of the cache in a folder: one file per entry. `CacheStore.makeFile`
 * describes it for users.
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
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as EntryFile from "./EntryFile.ts"
import * as EntryFolder from "./EntryFolder.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Path of the folder, which is created when it is missing. It should contain nothing else. */
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

/** The error code without the path, since errors must not reveal file names. */
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
    yield* OptionRules.check("CacheStore", [
      ["path", typeof root === "string" && root !== "" && !root.includes("\0"), "the path of a folder"],
      OptionRules.bytes("maxBytes", maxBytes, minBytes),
      OptionRules.positiveDuration("sweepInterval", sweepInterval)
    ])
    const clock = yield* Clock.Clock
    const wanted = yield* Queue.sliding<void>(1)
    const running = new Set<Promise<unknown>>()
    const maxEntryBytes = Math.floor(maxBytes / 4)
    const maxFileBytes = maxEntryBytes + EntryFile.maxHeaderBytes(CheckedStore.maxTags)
    /** Bytes of all files at the last sweep, and of what this process has written since. */
    let bytes = 0
    /** Bytes that this process has written in total. */
    let written = 0

    const now = () => clock.currentTimeMillisUnsafe()

    /** Work on files, which may be interrupted at any time; closing the store waits for it. */
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

    const headOf = ({ name, path }: EntryFolder.EntryInfo) => EntryFile.readHeader(path, name, CheckedStore.maxTags)

    const isExpired = async (file: EntryFolder.EntryInfo): Promise<boolean> => {
      if (file.expiresAt > now()) return false
      const head = await headOf(file)
      return head === undefined || head.expiresAt <= now()
    }

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

    /** Updates the size, and requests a sweep when it exceeds the limit. */
    const count = (known: number): void => {
      bytes = known
      if (bytes > maxBytes) Queue.offerUnsafe(wanted, undefined)
    }

    /** Removes expired files, and of the rest the least recently used over a size, which depends on the size found. */
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
      // The walk may have missed files that were written meanwhile, so their bytes are added.
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

    return yield* CheckedStore.make(name, maxEntryBytes, {
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
