/** Random traces, which every store answers like the ledger in memory. */
import { Ledger } from "@kimi-effect/core/internal/Ledger"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { equal, isTrue } from "../expect.ts"
import { balancesOf, claim, hold, longLease, sorted, type Subject } from "./Subject.ts"

export const register = ({ test }: Subject): void => {
  test("agrees with the ledger on random traces", (store) =>
    Effect.gen(function* () {
      const random = yield* Random.Random
      const between = (from: number, to: number) => from + Math.floor(random.nextDoubleUnsafe() * (to - from + 1))
      const ledger = new Ledger(100)
      const claims = [claim("total", 300n), claim("day", 200n), claim("tenant:a", 90n), claim("job:b", 60n)]
      const held: Array<string> = []
      for (let step = 0; step < 400; step += 1) {
        if (random.nextDoubleUnsafe() < 0.6) {
          const chosen = claims.filter(() => random.nextDoubleUnsafe() < 0.5)
          const next = hold(`${step}`, BigInt(between(0, 40)), ...chosen)
          const { result } = yield* store.reserve(next, longLease)
          equal(result, ledger.reserve(next, Number.POSITIVE_INFINITY))
          if (result._tag === "Reserved") held.push(next.id)
        } else {
          const [id = "none"] = held.splice(between(0, held.length - 1), 1)
          const used = BigInt(between(0, 2))
          equal(yield* store.settle(id, used), ledger.settle(id, used))
        }
        if (step % 50 === 0) equal(yield* balancesOf(store), sorted(ledger.scopeBalances()))
      }
      for (const id of held) equal(yield* store.settle(id, 1n), ledger.settle(id, 1n))
      equal(yield* balancesOf(store), sorted(ledger.scopeBalances()))
      isTrue(
        ledger.scopeBalances().every(({ reserved }) => reserved === 0n),
        "the ledger still has reservations"
      )
    }).pipe(Random.withSeed("contract")))
}
