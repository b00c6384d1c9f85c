/** Reports when a file in a folder may have changed. */
import { type FSWatcher, watch } from "node:fs"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"

const startWatcher = (folder: string, onChange: (name: string | null) => void): Effect.Effect<FSWatcher | undefined> =>
  Effect.sync(() => {
    try {
      const watcher = watch(folder, { persistent: false }, (_, name) => onChange(name))
      // The folder was removed, or the system is out of watches; the files are also read at an interval.
      watcher.on("error", () => watcher.close())
      return watcher
    } catch {
      return undefined
    }
  })

/**
 * Watches folders until the scope closes, and offers to the queue when one of
 * the files may have changed. Folders are watched instead of files, since
 * editors replace files. A folder that cannot be watched reports nothing.
 */
export const make = (
  files: ReadonlyMap<string, ReadonlySet<string>>
): Effect.Effect<Queue.Dequeue<void>, never, Scope.Scope> =>
  Effect.gen(function* () {
    // One element is enough for any number of changes.
    const changes = yield* Queue.sliding<void>(1)
    for (const [folder, names] of files) {
      const onChange = (name: string | null): void => {
        // A Kubernetes volume changes the link `..data` instead of its files.
        if (name === null || name.startsWith("..") || names.has(name)) Queue.offerUnsafe(changes, undefined)
      }
      yield* Effect.acquireRelease(startWatcher(folder, onChange), (watcher) => Effect.sync(() => watcher?.close()))
    }
    return changes
  })
