/** A ledger whose path is wrong, or becomes unusable: it refuses, and changes nothing. */
import { chmodSync, copyFileSync, renameSync, rmSync, statSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import type { Hold } from "@kimi-effect/core/internal/Ledger"
import { Effect } from "effect"
import * as BudgetStore from "../../src/node/BudgetStore.ts"
import { folder } from "./support/files.ts"
import { place, wrongFiles } from "./support/paths.ts"
import { canMount, volume } from "./support/volumes.ts"

const hold = (id: string): Hold => ({
  id,
  amount: 10n,
  claims: [{ scope: `USD total ${id}`, cap: 100n, retainUntil: undefined }]
})

describe("BudgetStore.makeSqlite", () => {
  for (const [name, arrange] of Object.entries(wrongFiles)) {
    it.effect(`refuses ${name} without a change to it`, () =>
      Effect.gen(function* () {
        const { contents, path } = yield* place(arrange)
        const before = contents()
        const error = yield* Effect.flip(Effect.scoped(BudgetStore.makeSqlite({ path })))
        assert.strictEqual(error._tag, "BudgetStoreError")
        assert.include(error.message, `(${path})`)
        assert.deepStrictEqual(contents(), before)
      })
    )
  }

  it.effect("restricts a file that others could read", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "budget.db")
      yield* Effect.scoped(BudgetStore.makeSqlite({ path }))
      chmodSync(path, 0o666)
      yield* BudgetStore.makeSqlite({ path })
      assert.strictEqual(statSync(path).mode & 0o777, 0o600)
    })
  )

  it.effect("refuses while its file is not at its path", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "budget.db")
      const store = yield* BudgetStore.makeSqlite({ path })
      yield* store.reserve(hold("1"), 60_000)
      renameSync(path, `${path}.moved`)
      const error = yield* Effect.flip(store.reserve(hold("2"), 60_000))
      assert.include(error.message, `it was moved or replaced while it was in use; put it back, or restart (${path})`)
      renameSync(`${path}.moved`, path)
      assert.strictEqual((yield* store.reserve(hold("2"), 60_000)).result._tag, "Reserved")
    })
  )

  it.effect("refuses when a copy is in the place of its file", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "budget.db")
      const store = yield* BudgetStore.makeSqlite({ path })
      copyFileSync(path, `${path}.copy`)
      renameSync(`${path}.copy`, path)
      const error = yield* Effect.flip(store.scopeBalances)
      assert.include(error.message, "it was moved or replaced")
    })
  )

  it.effect("refuses when its folder was removed", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "deep", "budget.db")
      const store = yield* BudgetStore.makeSqlite({ path })
      rmSync(join(path, ".."), { recursive: true })
      const error = yield* Effect.flip(store.reserve(hold("1"), 60_000))
      assert.include(error.message, "it was moved or replaced")
    })
  )

  it.effect.skipIf(!canMount)("refuses on a read-only volume", () =>
    Effect.gen(function* () {
      const disk = yield* volume(1_024)
      const path = join(disk.path, "deep", "budget.db")
      disk.readOnly()
      const error = yield* Effect.flip(Effect.scoped(BudgetStore.makeSqlite({ path })))
      assert.include(error.message, `open: the file system is read-only (EROFS) (${path})`)
    })
  )

  it.effect.skipIf(!canMount)("refuses on a full volume until it has room", () =>
    Effect.gen(function* () {
      const disk = yield* volume(1_024)
      const path = join(disk.path, "budget.db")
      disk.fill()
      const error = yield* Effect.flip(Effect.scoped(BudgetStore.makeSqlite({ path })))
      assert.match(error.message, /full|disk I\/O error/)
      disk.clear()
      yield* BudgetStore.makeSqlite({ path })
    })
  )

  it.effect.skipIf(!canMount)("refuses a reservation that a full volume has no room for", () =>
    Effect.gen(function* () {
      const disk = yield* volume(1_024)
      const path = join(disk.path, "budget.db")
      const store = yield* BudgetStore.makeSqlite({ path })
      yield* store.reserve(hold("first"), 60_000)
      disk.fill()
      const error = yield* Effect.flip(
        Effect.forEach(
          Array.from({ length: 1_000 }, (_, i) => `${i}`),
          (id) => store.reserve(hold(id), 60_000),
          { discard: true }
        )
      )
      assert.match(error.message, /full|disk I\/O error/)
      disk.clear()
      assert.strictEqual((yield* store.reserve(hold("last"), 60_000)).result._tag, "Reserved")
    })
  )
})
