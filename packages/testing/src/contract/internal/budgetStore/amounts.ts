/** Exactness and saturation of large amounts. */
import * as Amount from "@kimi-effect/core/internal/Amount"
import * as Effect from "effect/Effect"
import { equal } from "../expect.ts"
import { claim, hold, longLease, type Subject } from "./Subject.ts"

const total = claim("total", Amount.maxAmount)

export const register = ({ test }: Subject): void => {
  test("counts large amounts exactly", (store) =>
    Effect.gen(function* () {
      const large = Amount.maxAmount - 9_007_199_254_740_993n
      const rest = Amount.maxAmount - large
      yield* store.reserve(hold("1", large, total), longLease)
      equal((yield* store.reserve(hold("2", rest + 1n, total), longLease)).result, {
        _tag: "Refused",
        scope: "USD total",
        cap: Amount.maxAmount,
        spent: 0n,
        reserved: large
      })
      equal((yield* store.reserve(hold("3", rest, total), longLease)).result._tag, "Reserved")
      yield* store.settle("1", large - 1n)
      equal(yield* store.scopeBalances, [
        { scope: "USD total", cap: Amount.maxAmount, spent: large - 1n, reserved: rest }
      ])
    }))

  test("saturates instead of overflowing", (store) =>
    Effect.gen(function* () {
      const other = claim("small", Amount.maxAmount)
      for (let i = 0; i < 12; i += 1) yield* store.reserve(hold(`${i}`, 1n, total), longLease)
      yield* store.reserve(hold("large", Amount.maxAmount - 12n, total), longLease)
      for (let i = 0; i < 12; i += 1) yield* store.settle(`${i}`, Amount.maxAmount)
      const spent = Amount.saturationThreshold + Amount.maxAmount
      const refused = yield* store.reserve(hold("x", Amount.maxAmount, other, total), longLease)
      equal(refused.result._tag, "Refused")
      yield* store.settle("large", 0n)
      equal(yield* store.scopeBalances, [{ scope: "USD total", cap: Amount.maxAmount, spent, reserved: 0n }])
      equal((yield* store.reserve(hold("x", 1n, total), longLease)).result._tag, "Refused")
    }))
}
