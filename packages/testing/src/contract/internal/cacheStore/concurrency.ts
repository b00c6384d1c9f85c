/** Concurrent use and interruption. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import { assertEntry, bytesOf, keep, keyOf } from "../CacheEntries.ts"
import { equal, isTrue } from "../expect.ts"
import type { Subject } from "./Subject.ts"

export const register = ({ location, make, name, open, test }: Subject): void => {
  test("has only whole entries after concurrent writes from two stores", () =>
    Effect.gen(function* () {
      const path = yield* location
      const first = yield* open(path)
      const stores = [first, yield* open(path)]
      const writes = Array.from({ length: 400 }, (_, i) => i)
      const entryOf = (i: number): Uint8Array => bytesOf(3_000 + (i % 7), i + 1)
      const write = (i: number) =>
        Effect.forEach(stores, (store) => keep(store, keyOf(i % 20), entryOf(i), `t${i % 3}`))
      yield* Effect.forEach(writes, write, { concurrency: 32, discard: true })
      for (const store of stores) {
        for (let key = 0; key < 20; key += 1) {
          const found = Option.getOrElse(yield* store.get(keyOf(key)), () => new Uint8Array())
          const candidates = writes.filter((i) => i % 20 === key).map(entryOf)
          isTrue(
            candidates.some((entry) => entry.length === found.length && entry.every((byte, i) => byte === found[i])),
            "the entry was never written"
          )
        }
      }
      equal((yield* first.statistics).entries, 20)
    }))

  test("has only whole entries after interruption at any point", () =>
    Effect.gen(function* () {
      const store = yield* make
      for (let i = 0; i < 150; i += 1) {
        const work = Effect.all(
          [
            keep(store, keyOf(0), bytesOf(20_000, i + 1), "t"),
            store.get(keyOf(0)),
            store.removeTag("t"),
            keep(store, keyOf(0), bytesOf(20_000, i + 1_001), "t")
          ],
          { concurrency: i % 2 === 0 ? 1 : 4 }
        )
        const fiber = yield* Effect.forkChild(work)
        const turns = yield* Random.nextIntBetween(0, 40)
        // A yield of the fiber is one turn of the event loop.
        for (let turn = 0; turn < turns; turn += 1) yield* Effect.yieldNow
        yield* Fiber.interrupt(fiber)
        const exit = yield* Fiber.await(fiber)
        isTrue(
          Exit.isSuccess(exit) || exit.cause.reasons.every(({ _tag }) => _tag === "Interrupt"),
          Exit.isFailure(exit) ? `the store failed: ${exit.cause}` : ""
        )
        const found = yield* store.get(keyOf(0))
        if (Option.isSome(found)) equal(found.value.length, 20_000)
      }
      yield* keep(store, keyOf(0), bytesOf(10))
      // A server may still run interrupted operations, but in their order.
      assertEntry(yield* store.get(keyOf(0)), bytesOf(10))
    }).pipe(Random.withSeed(`interrupts of ${name}`)))
}
