/** Tells when something in a folder may have changed. */
import { type FSWatcher, watch } from "node:fs"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"

const startWatcher = (folder: string, onChange: (name: string | null) => void): Effect.Effect<FSWatcher | undefined> =>
  Effect.sync(() => {
    try {
      const watcher = watch(folder, { persistent: false }, (_, name) => onChange(name))
      // A folder that goes away, or a system that runs out of watches: who asks looks from time to time anyway.
      watcher.on("error", () => watcher.close())
      return watcher
    } catch {
      return undefined
    }
  })

/**
 * Watches folders as long as the scope lives, and puts a word into the queue
 * when a change concerns one of the files. Folders are watched and not files,
 * since editors put a new file in the place of the old one. A folder that
 * cannot be watched says nothing.
 */
export const make = (
  files: ReadonlyMap<string, ReadonlySet<string>>
): Effect.Effect<Queue.Dequeue<void>, never, Scope.Scope> =>
  Effect.gen(function* () {
    // One word is enough, however much has changed.
    const changes = yield* Queue.sliding<void>(1)
    for (const [folder, names] of files) {
      const onChange = (name: string | null): void => {
        // `..data` is the link that a Kubernetes volume changes in place of its files.
        if (name === null || name.startsWith("..") || names.has(name)) Queue.offerUnsafe(changes, undefined)
      }
      yield* Effect.acquireRelease(startWatcher(folder, onChange), (watcher) => Effect.sync(() => watcher?.close()))
    }
    return changes
  })
