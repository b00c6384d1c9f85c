import { spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as StaleLock from "../../../src/node/internal/staleLock.ts"

/** The path of a lock in an empty folder. */
const lockPath = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "stale-lock-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  ),
  (folder) => join(folder, "a.json.lock")
)

/** The number of a process that has ended. */
const endedPid = (): number => spawnSync(process.execPath, ["-e", ""]).pid

const found = (path: string) =>
  Effect.map(
    Effect.promise(() => StaleLock.find(path)),
    (lock) => lock ?? assert.fail("the lock is not stale")
  )

describe("staleLock", () => {
  it.effect("leaves the lock of a process that runs", () =>
    Effect.gen(function* () {
      const path = yield* lockPath
      writeFileSync(path, `${process.pid}`)
      assert.isUndefined(yield* Effect.promise(() => StaleLock.find(path)))
    })
  )

  it.effect("does not remove a lock that replaced the stale one", () =>
    Effect.gen(function* () {
      const path = yield* lockPath
      writeFileSync(path, `${endedPid()}`)
      const [first, second] = [yield* found(path), yield* found(path)]
      yield* Effect.promise(() => StaleLock.remove(first))
      assert.isFalse(existsSync(path))
      // Some file systems give the new file the number of the old one.
      writeFileSync(path, `${process.pid}`)
      yield* Effect.promise(() => StaleLock.remove(second))
      assert.isTrue(existsSync(path))
    })
  )

  it.effect("leaves a stale lock to the process that is removing it", () =>
    Effect.gen(function* () {
      const path = yield* lockPath
      writeFileSync(path, `${endedPid()}`)
      const lock = yield* found(path)
      const both = [StaleLock.remove(lock), StaleLock.remove(lock)]
      const outcomes = yield* Effect.promise(() => Promise.allSettled(both))
      assert.deepStrictEqual(outcomes.map(({ status }) => status).toSorted(), ["fulfilled", "rejected"])
      assert.deepStrictEqual(readdirSync(join(path, "..")), [])
    })
  )
})
