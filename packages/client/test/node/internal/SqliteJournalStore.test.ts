import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as MemoryStore from "../../../src/journal/internal/MemoryStore.ts"
import * as SqliteJournalStore from "../../../src/node/internal/SqliteJournalStore.ts"
import { folder } from "../support/files.ts"

const stores = {
  memory: MemoryStore.make,
  sqlite: Effect.flatMap(folder, (path) => SqliteJournalStore.make(join(path, "journal.db"), "process"))
}
const entry = { key: "k", kind: "Intent", digest: "d", body: "" } as const
const any = { limit: 1, ttlMillis: 1_000 }

for (const [name, make] of Object.entries(stores)) {
  /** A store on which a first lease has expired, and a second one has begun. */
  const takenOver = Effect.gen(function* () {
    const store = yield* make
    yield* store.open("r", { kind: "test", digest: "1" })
    yield* store.add("r", ["a"])
    const first = yield* store.claim("r", any)
    yield* TestClock.adjust("1 second")
    const second = yield* store.claim("r", any)
    return { store, first: first[0] ?? assert.fail(), second: second[0] ?? assert.fail() }
  })

  describe(`the ${name} store of a journal`, () => {
    it.effect("leases an expired resource with a higher epoch", () =>
      Effect.map(takenOver, ({ first, second }) => assert.deepStrictEqual([first.epoch, second.epoch], [1, 2]))
    )
    it.effect("refuses entries of an older epoch", () =>
      Effect.gen(function* () {
        const { first, second, store } = yield* takenOver
        const batch = [first, second].map((claim) => ({ runId: "r", claim, entry }))
        assert.deepStrictEqual(yield* store.append(batch), [false, true])
        assert.deepStrictEqual(yield* store.read("r", "a"), [entry])
      })
    )
    it.effect("does not renew a lease of an older epoch", () =>
      Effect.gen(function* () {
        const { first, store } = yield* takenOver
        assert.isFalse(yield* store.renew("r", first, 1_000))
      })
    )
    it.effect("does not end a lease of an older epoch", () =>
      Effect.gen(function* () {
        const { first, store } = yield* takenOver
        assert.isFalse(yield* store.end("r", first, true))
        assert.strictEqual((yield* store.status("r"))?.resources[0]?.state, "Leased")
      })
    )
    it.effect("leases nothing while a lease lasts", () =>
      Effect.gen(function* () {
        const { store } = yield* takenOver
        yield* TestClock.adjust("999 millis")
        assert.deepStrictEqual(yield* store.claim("r", any), [])
      })
    )
    it.effect("keeps the header with which a run was created", () =>
      Effect.gen(function* () {
        const { store } = yield* takenOver
        assert.deepStrictEqual(yield* store.open("r", { kind: "other", digest: "2" }), { kind: "test", digest: "1" })
      })
    )
    it.effect("shows that a run was cancelled", () =>
      Effect.gen(function* () {
        const { store } = yield* takenOver
        yield* store.cancel("r")
        assert.isTrue((yield* store.status("r"))?.isCancelled)
      })
    )
  })
}
