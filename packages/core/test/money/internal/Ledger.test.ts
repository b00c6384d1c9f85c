import { assert, describe, it } from "@effect/vitest"
import { Effect, Random } from "effect"
import * as Amount from "../../../src/money/internal/Amount.ts"
import { type Claim, type Hold, Ledger } from "../../../src/money/internal/Ledger.ts"
import { between, type Chance, happens, oneOf } from "../../resilience/support/chance.ts"
import { makeReference } from "../support/ledgerReference.ts"
import { runs, seedOf, timeLimit } from "../../../../../test/support/depth.ts"

const claim = (scope: string, cap: bigint, forgetAt?: number): Claim => ({ scope, cap, retainUntil: forgetAt })

const caps: ReadonlyArray<Claim> = [
  claim("USD total", 100n),
  claim("USD day:1", 60n, 400),
  claim("USD day:2", 60n, 900),
  claim("USD tenant:a", 40n),
  claim("USD tenant:b", 25n),
  claim("USD job:x", 30n)
]

/** The reservation and settlement of a call. */
interface Running {
  readonly hold: Hold
  /** A killed process does not settle. */
  isAlive: boolean
}

/** One trace: calls that start, end in any way or are killed, in any order. */
const walk = (chance: Chance) => {
  const ledger = new Ledger(1_000)
  const reference = makeReference()
  const running: Array<Running> = []
  let used = 0n
  let refused = 0
  let now = 0
  let ids = 0

  // Asserting costs more than comparing, and there are millions of comparisons.
  const check = () => {
    for (const { cap, reserved, scope, spent } of ledger.scopeBalances()) {
      const expected = reference.line(scope)
      if (spent + reserved > cap) assert.fail(`${scope} passed its cap`)
      if (spent !== expected.spent || reserved !== expected.reserved) {
        assert.fail(`${scope}: ${spent} and ${reserved}, not ${expected.spent} and ${expected.reserved}`)
      }
    }
    if (ledger.holdCount !== reference.held()) assert.fail(`${ledger.holdCount} are held, not ${reference.held()}`)
  }

  const begin = () => {
    const claims = caps.filter(() => happens(chance, 0.4))
    const hold: Hold = { id: `${(ids += 1)}`, amount: BigInt(between(chance, 0, 30)), claims }
    const verdict = ledger.reserve(hold, now + 50)
    const full = reference.reserve(hold, now + 50)
    if ((verdict._tag === "Refused" ? verdict.scope : undefined) !== full) assert.fail(`${verdict._tag}, not ${full}`)
    if (verdict._tag === "Reserved") running.push({ hold, isAlive: true })
    else refused += 1
  }

  const end = () => {
    const [one] = running.splice(between(chance, 0, running.length - 1), 1)
    if (one === undefined) return
    const { amount, id } = one.hold
    const paid = oneOf(chance, 0n, amount, amount / 2n, BigInt(between(chance, 0, Number(amount))))
    used += paid
    ledger.settle(id, paid)
    reference.settle(id, paid)
    // Both are sometimes settled twice, with another amount.
    if (happens(chance, 0.2) && ledger.settle(id, 1n).length > 0) assert.fail("paid twice")
  }

  const steps = between(chance, 5, 20)
  for (let step = 0; step < steps; step += 1) {
    const what = chance.nextDoubleUnsafe()
    if (what < 0.5) begin()
    else if (what < 0.8) end()
    else if (what < 0.88) {
      for (const one of running.filter(({ isAlive }) => isAlive)) {
        ledger.renew([one.hold.id], now + 50)
        reference.renew(one.hold.id, now + 50)
      }
    } else if (what < 0.94) {
      const one = running[between(chance, 0, running.length - 1)]
      if (one !== undefined) one.isAlive = false
    } else {
      now += between(chance, 1, 80)
      ledger.settleExpired(now)
      reference.lapse(now)
    }
    if (step % 6 === 5) check()
  }

  // All calls have ended, or are killed with an expired lease.
  while (running.length > 0) {
    if (running[0]?.isAlive === true) end()
    else running.shift()
  }
  now += 100
  ledger.settleExpired(now)
  reference.lapse(now)
  check()
  if (ledger.holdCount !== 0 || ledger.scopeBalances().some(({ reserved }) => reserved !== 0n))
    assert.fail("something stays held")
  return { used, refused }
}

const traces = runs({ sample: 10_000, deep: 100_000 })

describe("Ledger", () => {
  it.effect(
    "agrees with a simple reference in random traces",
    () =>
      Effect.gen(function* () {
        const chance = yield* Random.Random
        let used = 0n
        let refused = 0
        for (let trace = 0; trace < traces; trace += 1) {
          const walked = walk(chance)
          used += walked.used
          refused += walked.refused
        }
        // The traces cover all cases.
        assert.isTrue(used > BigInt(traces) * 10n)
        assert.isAbove(refused, traces / 2)
      }).pipe(Random.withSeed(seedOf("ledger"))),
    timeLimit(120_000)
  )

  it("reserves in all scopes or in none", () => {
    const ledger = new Ledger(10)
    const hold = (id: string, amount: bigint, ...claims: ReadonlyArray<Claim>): Hold => ({ id, amount, claims })
    ledger.reserve(hold("1", 20n, claim("a", 100n), claim("b", 30n)), 9)
    assert.deepStrictEqual(ledger.reserve(hold("2", 11n, claim("a", 100n), claim("b", 30n)), 9), {
      _tag: "Refused",
      scope: "b",
      cap: 30n,
      spent: 0n,
      reserved: 20n
    })
    assert.deepStrictEqual(ledger.scopeBalances(), [
      { scope: "a", cap: 100n, spent: 0n, reserved: 20n },
      { scope: "b", cap: 30n, spent: 0n, reserved: 20n }
    ])
    assert.deepStrictEqual(ledger.settle("1", 5n), [
      { scope: "a", cap: 100n, spentBefore: 0n, spent: 5n },
      { scope: "b", cap: 30n, spentBefore: 0n, spent: 5n }
    ])
    assert.deepStrictEqual(ledger.reserve(hold("2", 25n, claim("a", 100n), claim("b", 30n)), 9), { _tag: "Reserved" })
  })

  it("deletes the scopes of past days once nothing is reserved", () => {
    const ledger = new Ledger(2)
    const reserve = (id: string, ...claims: ReadonlyArray<Claim>) => ledger.reserve({ id, amount: 1n, claims }, 9)._tag
    assert.strictEqual(reserve("1", claim("a", 5n), claim("day", 5n, 100)), "Reserved")
    assert.strictEqual(reserve("2", claim("b", 5n)), "ScopeLimitReached")
    assert.strictEqual(reserve("3", claim("a", 5n)), "Reserved")
    // It has expired, but has a reservation.
    ledger.renew(["1"], 10_000)
    ledger.forget(100)
    assert.strictEqual(ledger.scopeBalances().length, 2)
    ledger.settle("1", 1n)
    ledger.forget(1_100)
    assert.deepStrictEqual(
      ledger.scopeBalances().map(({ scope }) => scope),
      ["a"]
    )
    assert.strictEqual(reserve("4", claim("b", 5n)), "Reserved")
  })

  it("charges a lease in full at the moment at which it expires", () => {
    const ledger = new Ledger(2)
    for (const [id, expiresAt] of [
      ["1", 9],
      ["2", 12]
    ] as const) {
      ledger.reserve({ id, amount: 2n, claims: [claim("a", 5n)] }, expiresAt)
    }
    assert.deepStrictEqual(ledger.settleExpired(8), [])
    assert.deepStrictEqual(ledger.settleExpired(9), [{ scope: "a", cap: 5n, spentBefore: 0n, spent: 2n }])
    assert.deepStrictEqual(ledger.settleExpired(12), [{ scope: "a", cap: 5n, spentBefore: 2n, spent: 4n }])
  })

  it("keeps the scopes of days that have not ended", () => {
    const ledger = new Ledger(2)
    for (const [id, end] of [
      ["1", 100],
      ["2", 200]
    ] as const) {
      ledger.reserve({ id, amount: 1n, claims: [claim(`day ${end}`, 5n, end)] }, 9)
      ledger.settle(id, 1n)
    }
    ledger.forget(100)
    assert.deepStrictEqual(ledger.scopeBalances(), [{ scope: "day 200", cap: 5n, spent: 1n, reserved: 0n }])
  })

  it("reserves an id once", () => {
    const ledger = new Ledger(2)
    const hold = { id: "1", amount: 3n, claims: [claim("a", 5n)] }
    ledger.reserve(hold, 9)
    assert.deepStrictEqual(ledger.reserve(hold, 9), { _tag: "Reserved" })
    assert.deepStrictEqual(ledger.scopeBalances(), [{ scope: "a", cap: 5n, spent: 0n, reserved: 3n }])
  })

  it("deletes a scope at the moment at which it ends", () => {
    const ledger = new Ledger(2)
    ledger.reserve({ id: "1", amount: 1n, claims: [claim("day", 5n, 100)] }, 9)
    ledger.settle("1", 1n)
    ledger.forget(99)
    assert.strictEqual(ledger.scopeBalances().length, 1)
    ledger.forget(100)
    assert.deepStrictEqual(ledger.scopeBalances(), [])
  })

  it("checks an expired scope with reservations once a second", () => {
    const ledger = new Ledger(2)
    ledger.reserve({ id: "1", amount: 1n, claims: [claim("day", 5n, 100)] }, 9)
    ledger.forget(100)
    ledger.settle("1", 1n)
    ledger.forget(1_099)
    assert.strictEqual(ledger.scopeBalances().length, 1)
    ledger.forget(1_100)
    assert.deepStrictEqual(ledger.scopeBalances(), [])
  })

  it("stops counting before 64 bits overflow", () => {
    const ledger = new Ledger(2)
    const claims = [claim("a", Amount.maxAmount)]
    const spent = () => ledger.scopeBalances()[0]?.spent ?? 0n
    for (let id = 0; id < 1_000; id += 1) ledger.reserve({ id: `${id}`, amount: 1n, claims }, 9)
    for (let id = 0; id < 1_000; id += 1) ledger.settle(`${id}`, Amount.maxAmount)
    assert.strictEqual(spent(), Amount.saturationThreshold + Amount.maxAmount)
    assert.isTrue(spent() + Amount.maxAmount < 2n ** 63n)
  })
})

describe("holdCount", () => {
  it("is the number of what is reserved", () => {
    const ledger = new Ledger(10)
    ledger.reserve({ id: "a", amount: 1n, claims: caps }, 50)
    ledger.reserve({ id: "b", amount: 1n, claims: caps }, 50)
    ledger.settle("a", 1n)
    assert.strictEqual(ledger.holdCount, 1)
  })
})
