/** The money of a swarm in random orders of what its agents do. */
import { assert, describe, it } from "@effect/vitest"
import * as BigDecimal from "effect/BigDecimal"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Ledger from "../../../src/swarm/internal/Ledger.ts"
import { runs, seedOf } from "../../../../../test/support/depth.ts"

const amountOf = (value: number) => BigDecimal.fromNumberUnsafe(value)

interface State {
  readonly ledger: Ledger.Ledger
  readonly holds: ReadonlyArray<Ledger.Hold>
}

const randomBelow = (end: number): Effect.Effect<number> => Random.nextIntBetween(0, end, { halfOpen: true })

/** What an agent does next. A call costs a random part of what it held. */
const randomStep = ({ holds, ledger }: State): Effect.Effect<State> =>
  Effect.gen(function* () {
    const kind = yield* randomBelow(4)
    const agent = `agent ${yield* randomBelow(4)}`
    const amount = amountOf(yield* randomBelow(40))
    if (kind === 0) return { holds, ledger: Ledger.reserve(ledger, agent, amount) }
    if (kind === 1) return { holds, ledger: Ledger.release(ledger, agent) }
    if (kind === 2) {
      if (!Ledger.fits(ledger, agent, amount)) return { holds, ledger }
      const [held, hold] = Ledger.hold(ledger, agent, amount)
      return { holds: [...holds, hold], ledger: held }
    }
    const [hold, ...rest] = holds
    if (hold === undefined) return { holds, ledger }
    const cost = BigDecimal.multiply(hold.amount, amountOf((yield* randomBelow(101)) / 100))
    return { holds: rest, ledger: Ledger.settle(ledger, hold, cost) }
  })

const sum = (amounts: Iterable<BigDecimal.BigDecimal>) => [...amounts].reduce(BigDecimal.sum, Ledger.zero)

const cap = amountOf(100)

/** Checks a law after each step. */
const holdsAfterEachStep = (name: string, law: (state: State) => void) =>
  it.effect(
    name,
    () =>
      Effect.gen(function* () {
        for (let run = 0; run < runs({ sample: 100, deep: 10_000 }); run++) {
          let state: State = { ledger: Ledger.make(cap, amountOf(10)), holds: [] }
          for (let count = 0; count < 60; count++) {
            state = yield* randomStep(state)
            law(state)
          }
        }
      }).pipe(Random.withSeed(seedOf(name))),
    { timeout: runs({ sample: 30_000, deep: 1_800_000 }) }
  )

describe("the money of a swarm", () => {
  holdsAfterEachStep("is never promised twice", ({ ledger: { held, kept, reserved, spent } }) => {
    const all = sum([held, kept, reserved, spent])
    assert.isTrue(BigDecimal.isLessThanOrEqualTo(all, cap), BigDecimal.format(all))
  })

  holdsAfterEachStep("is reserved as the sum of what agents have left", ({ ledger }) => {
    assert.isTrue(BigDecimal.equals(ledger.reserved, sum(ledger.left.values())))
  })

  holdsAfterEachStep("is there for each call that fits the reservation of its agent", ({ ledger }) => {
    for (const [agent, left] of ledger.left) assert.isTrue(Ledger.fits(ledger, agent, left), agent)
  })
})
