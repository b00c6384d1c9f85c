import { globSync, statSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { bytesOf, keep, keyOf } from "@kimi-effect/testing/internal/CacheEntries"
import { Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { jumps, withWallClock } from "../../../../test/support/wallClock.ts"
import * as CacheStore from "../../src/node/CacheStore.ts"
import { databaseFile, folder } from "./support/files.ts"

describe("CacheStore.layerSqlite", () => {
  for (const [name, jump] of jumps) {
    it.effect(`waits for another process as long as allowed when the clock is set ${name}`, () =>
      withWallClock((set) =>
        Effect.gen(function* () {
          const path = yield* databaseFile
          const store = yield* CacheStore.makeSqlite({ path, lockTimeout: "1 second" })
          yield* keep(store, keyOf(1), bytesOf(10))
          const other = new DatabaseSync(path)
          yield* Effect.addFinalizer(() => Effect.sync(() => other.close()))
          other.exec("BEGIN IMMEDIATE")
          const fiber = yield* Effect.forkChild(Effect.exit(keep(store, keyOf(2), bytesOf(10))))
          yield* TestClock.adjust("500 millis")
          set(jump)
          yield* TestClock.adjust("499 millis")
          assert.isUndefined(fiber.pollUnsafe())
          yield* TestClock.adjust("1 millis")
          assert.isTrue(Exit.isFailure(yield* Fiber.join(fiber)))
        })
      )
    )
  }

  it.effect("updates the time of use of an entry that was used in the future", () =>
    withWallClock((set) =>
      Effect.gen(function* () {
        const path = yield* databaseFile
        const usedAt = () => {
          const db = new DatabaseSync(path)
          const row = db.prepare("SELECT used_at FROM kimi_cache_entries").get()
          db.close()
          return row?.["used_at"]
        }
        yield* TestClock.setTime(7_200_000)
        const store = yield* CacheStore.makeSqlite({ path, sweepInterval: "1 minute" })
        yield* keep(store, keyOf(1), bytesOf(10))
        set(-3_600_000)
        yield* store.get(keyOf(1))
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(usedAt(), 3_600_000)
      })
    )
  )
})

describe("CacheStore.layerFile", () => {
  it.effect("updates the time of use of an entry that was used in the future", () =>
    withWallClock((set) =>
      Effect.gen(function* () {
        const path = yield* folder
        yield* TestClock.setTime(7_200_000)
        const store = yield* CacheStore.makeFile({ path })
        yield* keep(store, keyOf(1), bytesOf(10))
        set(-3_600_000)
        yield* store.get(keyOf(1))
        const [file = ""] = globSync("*/*", { cwd: path })
        assert.strictEqual(statSync(join(path, file)).atimeMs, 3_600_000)
      })
    )
  )
})
