/** Journals whose store is slow: half of the time is the way to it, half the way back. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as MemoryStore from "../../src/journal/internal/MemoryStore.ts"
import * as OnStore from "../../src/journal/internal/OnStore.ts"
import type { Store } from "../../src/journal/internal/Store.ts"

const header = { kind: "test", digest: "1" }
const options = { key: "k", digest: "d", codec: Schema.Number, isIdempotent: true }
const rival = { limit: 1, ttlMillis: 2000 }

const slowly = <A, E>(effect: Effect.Effect<A, E>) => Effect.delay(Effect.tap(effect, Effect.sleep(750)), 750)

/** One worker on a store, and what another one asks it directly. */
const onStore = (slow: (store: Store) => Partial<Store>) =>
  Effect.gen(function* () {
    const store = yield* MemoryStore.make
    const journal = yield* OnStore.make({ ...store, ...slow(store) }, {})
    const worker = yield* journal.join("r", header)
    yield* worker.add(["a"])
    return { store, worker }
  })

describe("a journal on a slow store", () => {
  it.effect("keeps a lease while each answer takes three quarters of it", () =>
    Effect.gen(function* () {
      const { store, worker } = yield* onStore((store) => ({
        claim: (...args) => slowly(store.claim(...args)),
        renew: (...args) => slowly(store.renew(...args))
      }))
      yield* Effect.forkScoped(worker.claim({ limit: 1 }))
      yield* TestClock.adjust("800 millis")
      for (let count = 0; count < 200; count++) {
        assert.deepStrictEqual(yield* store.claim("r", rival), [])
        yield* TestClock.adjust("100 millis")
      }
    }).pipe(Effect.scoped)
  )

  it.effect("makes no call for a lease that ended while its claim was answered", () =>
    Effect.gen(function* () {
      let calls = 0
      const { worker } = yield* onStore((store) => ({
        claim: (...args) => Effect.tap(store.claim(...args), Effect.sleep("3 seconds")),
        renew: (_, claim) => Effect.delay(store.renew("r", claim, 2000), "1 second"),
        // Another worker claims the resource when the intent is written.
        append: (batch) => Effect.tap(store.append(batch), store.claim("r", rival))
      }))
      const fiber = yield* Effect.forkChild(
        Effect.flatMap(worker.claim({ limit: 1 }), ([lease]) =>
          Effect.flip(
            lease === undefined
              ? Effect.die("no lease")
              : lease.call(
                  options,
                  Effect.sync(() => (calls += 1))
                )
          )
        )
      )
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "LeaseLostError")
      assert.strictEqual(calls, 0)
    }).pipe(Effect.scoped)
  )
})
