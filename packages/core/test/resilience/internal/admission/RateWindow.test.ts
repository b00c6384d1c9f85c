import { assert, describe, it } from "@effect/vitest"
import { Effect, Random } from "effect"
import { RateWindow } from "../../../../src/resilience/internal/admission/RateWindow.ts"
import { between, type Chance, happens, oneOf } from "../../support/chance.ts"
import { makeReference } from "../../support/windowReference.ts"

type Size = readonly [windowMillis: number, slotMillis: number]

const sizes: readonly [Size, ...ReadonlyArray<Size>] = [
  [10, 1],
  [10, 3],
  [100, 10],
  [61, 7],
  [1_000, 100],
  [60_000, 60_000]
]

/** From nothing to far more than a window. */
const gap = (chance: Chance, windowMillis: number, slotMillis: number): number =>
  oneOf(
    chance,
    0,
    1,
    between(chance, 0, slotMillis),
    between(chance, 0, slotMillis * 2),
    between(chance, 0, windowMillis),
    windowMillis,
    windowMillis + slotMillis,
    windowMillis * 3 + between(chance, 0, 10)
  )

describe("RateWindow", () => {
  it("counts an amount until all of its slot has left the window", () => {
    const window = new RateWindow(1_000, 100)
    window.add(3, 10_050)
    assert.strictEqual(window.sum(10_050), 3)
    assert.strictEqual(window.sum(11_099), 3)
    assert.strictEqual(window.sum(11_100), 0)
  })

  it("computes how long until an amount fits, or that it never will", () => {
    const window = new RateWindow(1_000, 100)
    window.add(3, 10_050)
    window.add(2, 10_300)
    assert.strictEqual(window.waitMillis(5, 10, 10_300), 0)
    assert.strictEqual(window.waitMillis(6, 10, 10_300), 800)
    assert.strictEqual(window.waitMillis(8, 10, 10_300), 800)
    assert.strictEqual(window.waitMillis(9, 10, 10_300), 1_100)
    assert.strictEqual(window.waitMillis(10, 10, 10_300), 1_100)
    assert.strictEqual(window.waitMillis(11, 10, 10_300), Number.POSITIVE_INFINITY)
    assert.strictEqual(window.sum(10_300), 5)
  })

  it("removes what was not used, but nothing that has already left", () => {
    const window = new RateWindow(1_000, 100)
    window.add(3, 10_050)
    window.add(2, 10_300)
    window.remove(3, 10_050, 10_300)
    assert.strictEqual(window.sum(10_300), 2)
    window.remove(2, 10_300, 11_400)
    assert.strictEqual(window.sum(11_400), 0)
    window.remove(2, 10_300, 99_000)
    assert.strictEqual(window.sum(99_000), 0)
  })

  it("removes an amount from the slot in which it was added", () => {
    const window = new RateWindow(1_000, 100)
    window.add(3, 10_050)
    window.add(2, 10_300)
    window.remove(3, 10_050, 10_300)
    assert.strictEqual(window.sum(11_100), 2)
  })

  it("keeps what was counted when the clock goes back", () => {
    const window = new RateWindow(1_000, 100)
    window.add(3, 10_050)
    assert.strictEqual(window.sum(9_000), 3)
    window.add(2, 9_000)
    assert.strictEqual(window.sum(11_000), 5)
  })

  it("waits until the latest amount has left if all of it is in the way", () => {
    const window = new RateWindow(1_000, 100)
    window.add(5, 10_300)
    assert.strictEqual(window.waitMillis(1, 5, 10_300), 1_100)
    window.add(1, 10_400)
    assert.strictEqual(window.waitMillis(5, 5, 10_400), 1_100)
  })

  it.effect("agrees with a list of all amounts in every random trace", () =>
    Effect.gen(function* () {
      const chance = yield* Random.Random
      const seen = { waits: 0, impossible: 0, fits: 0, removed: 0, gone: 0 }
      for (let trace = 0; trace < 800; trace++) {
        const [windowMillis, slotMillis] = oneOf(chance, ...sizes)
        const window = new RateWindow(windowMillis, slotMillis)
        const reference = makeReference(windowMillis, slotMillis)
        let now = oneOf(chance, 0, between(chance, 0, 5_000), 1_763_900_000_000)
        const limit = between(chance, 1, 30)
        for (let step = 0; step < 40; step++) {
          now += gap(chance, windowMillis, slotMillis)
          const which = chance.nextDoubleUnsafe()
          if (which < 0.5) {
            const amount = between(chance, 0, 12)
            window.add(amount, now)
            reference.add(amount, now)
          } else if (which < 0.65) {
            const entry = reference.spent[between(chance, 0, reference.spent.length - 1)]
            if (entry !== undefined) {
              const before = reference.sum(now)
              reference.remove(entry, now)
              if (reference.sum(now) === before && entry.amount > 0) seen.gone++
              else seen.removed++
              window.remove(entry.amount, entry.at, now)
            }
          } else {
            const amount = between(chance, 0, 34)
            const wait = window.waitMillis(amount, limit, now)
            const fits = (time: number) => reference.sumAt(time) + amount <= limit
            if (wait === 0) {
              seen.fits++
              assert.isTrue(fits(now), `trace ${trace}: fits at once`)
            } else if (wait === Number.POSITIVE_INFINITY) {
              seen.impossible++
              assert.isAbove(amount, limit)
            } else {
              seen.waits++
              assert.isTrue(fits(now + wait), `trace ${trace}: fits after the wait`)
              assert.isFalse(fits(now + wait - 1), `trace ${trace}: does not fit a moment before`)
              assert.strictEqual(wait, Math.floor(wait))
            }
          }
          const sum = window.sum(now)
          assert.strictEqual(sum, reference.sum(now), `trace ${trace}`)
          assert.isAtLeast(sum, reference.exact(now), `trace ${trace}`)
        }
      }
      for (const [what, times] of Object.entries(seen)) assert.isAbove(times, 100, what)
    }).pipe(Random.withSeed("windows"))
  )

  it.effect("never exceeds the limit in any window if every amount waits its time", () =>
    Effect.gen(function* () {
      const chance = yield* Random.Random
      for (let trace = 0; trace < 200; trace++) {
        const [windowMillis, slotMillis] = oneOf(chance, ...sizes)
        const window = new RateWindow(windowMillis, slotMillis)
        const reference = makeReference(windowMillis, slotMillis)
        const limit = between(chance, 5, 40)
        let now = between(chance, 0, 100_000)
        for (let call = 0; call < 60; call++) {
          if (happens(chance, 0.3)) now += gap(chance, windowMillis, slotMillis)
          const amount = between(chance, 1, 5)
          now += window.waitMillis(amount, limit, now)
          assert.strictEqual(window.waitMillis(amount, limit, now), 0)
          window.add(amount, now)
          reference.add(amount, now)
        }
        for (const { at } of reference.spent) {
          assert.isAtMost(reference.exact(at), limit, `trace ${trace}: the window that ends at ${at}`)
          assert.isAtMost(reference.exact(at + windowMillis - 1), limit, `trace ${trace}: the one that begins there`)
        }
      }
    }).pipe(Random.withSeed("limits of windows"))
  )

  it.effect("never counts too low if the clock goes back", () =>
    Effect.gen(function* () {
      const chance = yield* Random.Random
      for (let trace = 0; trace < 300; trace++) {
        const [windowMillis, slotMillis] = oneOf(chance, ...sizes)
        const window = new RateWindow(windowMillis, slotMillis)
        const added: Array<{ readonly at: number; readonly reportedAt: number; readonly amount: number }> = []
        let now = 1_000_000
        let lag = 0
        for (let step = 0; step < 40; step++) {
          now += between(chance, 0, Math.ceil(windowMillis / 4))
          if (happens(chance, 0.2)) lag += between(chance, 0, windowMillis * 2)
          const reportedAt = now - lag
          const back = happens(chance, 0.2) ? added.splice(between(chance, 0, added.length - 1), 1) : []
          for (const entry of back) window.remove(entry.amount, entry.reportedAt, reportedAt)
          const amount = between(chance, 0, 9)
          window.add(amount, reportedAt)
          added.push({ at: now, reportedAt, amount })
          const least = added
            .filter((entry) => entry.at > now - windowMillis)
            .reduce((sum, entry) => sum + entry.amount, 0)
          assert.isAtLeast(window.sum(reportedAt), least, `trace ${trace}`)
          assert.isAtLeast(window.waitMillis(1, 1_000, reportedAt), 0)
        }
      }
    }).pipe(Random.withSeed("clocks that are put back"))
  )
})
