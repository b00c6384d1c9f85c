/**
 * Real files of a test, and a wait for what happens to them.
 */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect } from "effect"

/** A folder that is removed with the scope. */
export const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "kimi-effect-test-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

/** A path for a database, in a folder that does not exist yet. */
export const databaseFile = Effect.map(folder, (path) => join(path, "cache", "entries.db"))

export const write = (path: string, text: string) =>
  Effect.sync(() => {
    writeFileSync(path, text)
    return path
  })

/** As editors do it: a new file in the place of the old one. */
export const replace = (path: string, text: string) =>
  Effect.sync(() => {
    writeFileSync(`${path}.new`, text)
    renameSync(`${path}.new`, path)
  })

/** Looks until it is so; the test's own time bounds it. */
export const until = <E, R>(condition: Effect.Effect<boolean, E, R>): Effect.Effect<void, E, R> =>
  Effect.flatMap(condition, (isSo) => (isSo ? Effect.void : Effect.andThen(Effect.sleep("5 millis"), until(condition))))
