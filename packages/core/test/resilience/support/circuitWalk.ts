/**
 * Random policies, and random walks through the states of a circuit.
 */
import type { Random } from "effect"
import * as Circuit from "../../../src/resilience/internal/circuit/Circuit.ts"
import type { Rules } from "./circuitReference.ts"

/** An operation on the circuit. */
type Deed =
  | { readonly _tag: "Acquire"; readonly now: number; readonly acquired: Circuit.AcquireResult }
  | {
      readonly _tag: "Settle"
      readonly now: number
      readonly permit: Circuit.Permit
      readonly outcome: Circuit.Outcome
      readonly until: number
    }
  | { readonly _tag: "Open"; readonly now: number; readonly until: number }

type Chance = Random.Random

/** A whole number from `from` to `to`, both included. */
const between = (chance: Chance, from: number, to: number): number =>
  from + Math.floor(chance.nextDoubleUnsafe() * (to - from + 1))

const maybe = <A>(chance: Chance, part: number, value: () => A): A | undefined =>
  chance.nextDoubleUnsafe() < part ? value() : undefined

const windows = [7, 10, 50, 300, 1_000]

export const anyRules = (chance: Chance): Rules => ({
  consecutiveFailures: maybe(chance, 0.5, () => between(chance, 1, 6)),
  failurePercent: maybe(chance, 0.5, () => between(chance, 1, 20) * 5),
  slowPercent: maybe(chance, 0.4, () => between(chance, 1, 20) * 5),
  window:
    chance.nextDoubleUnsafe() < 0.5
      ? { _tag: "Count", size: between(chance, 1, 20) }
      : { _tag: "Time", millis: windows[between(chance, 0, windows.length - 1)] ?? 10 },
  minimumCalls: between(chance, 1, 8),
  halfOpenPermits: between(chance, 1, 3),
  halfOpenSuccesses: between(chance, 1, 3),
  probeTimeoutMillis: between(chance, 1, 200)
})

export const policyOf = ({ failurePercent, slowPercent, ...rest }: Rules): Circuit.Policy => ({
  ...rest,
  failureRate: failurePercent === undefined ? undefined : failurePercent / 100,
  slowRate: slowPercent === undefined ? undefined : slowPercent / 100
})

export interface Walk {
  readonly chance: Chance
  readonly policy: Circuit.Policy
  readonly steps: number
  /** Whether the clock may go back a little. */
  readonly mayGoBack: boolean
  /** Called with every operation and the circuit before and after it. */
  readonly visit: (before: Circuit.Circuit, deed: Deed, after: Circuit.Circuit) => void
}

/** Walks, and returns the final circuit with the permits that are still held. */
export const walk = ({ chance, mayGoBack, policy, steps, visit }: Walk) => {
  // The failure probability differs between walks; otherwise rates would never be reached.
  const failing = chance.nextDoubleUnsafe()
  const slow = chance.nextDoubleUnsafe() * 0.5
  const out: Array<Circuit.Permit> = []
  const spent: Array<Circuit.Permit> = []
  let circuit = Circuit.closed(policy)
  let now = between(chance, 0, 2_000)

  const outcome = (): Circuit.Outcome => {
    const number = chance.nextDoubleUnsafe()
    if (number < 0.1) return "ignored"
    if (number < 0.1 + 0.9 * failing) return "failure"
    return chance.nextDoubleUnsafe() < slow ? "slow" : "success"
  }

  const acquire = () => {
    const before = circuit
    const acquired = Circuit.acquire(before, policy, now)
    circuit = acquired.circuit
    if (acquired.permit !== undefined) out.push(acquired.permit)
    visit(before, { _tag: "Acquire", now, acquired }, circuit)
  }

  const settle = (permit: Circuit.Permit, outcome: Circuit.Outcome) => {
    const before = circuit
    const until = now + between(chance, 0, 60)
    circuit = Circuit.record(before, policy, permit, outcome, now, until)
    visit(before, { _tag: "Settle", now, permit, outcome, until }, circuit)
  }

  const settleOne = () => {
    // The oldest, the newest or any.
    const index = [0, out.length - 1, between(chance, 0, out.length - 1)][between(chance, 0, 2)] ?? 0
    for (const permit of out.splice(index, 1)) {
      settle(permit, outcome())
      spent.push(permit)
    }
  }

  /** Records the outcome of a probe twice, or that of a call of an earlier epoch. */
  const settleAgain = () => {
    const permit = spent[between(chance, 0, spent.length - 1)]
    if (permit !== undefined && (permit.probeId > 0 || permit.epoch !== circuit.epoch)) settle(permit, outcome())
  }

  const pass = () => {
    const number = chance.nextDoubleUnsafe()
    if (number < 0.3 && circuit._tag === "Open") now = Math.max(now, circuit.until - between(chance, 0, 1))
    else if (number < 0.4) now += policy.probeTimeoutMillis - between(chance, 0, 1)
    else if (mayGoBack && number < 0.45) now = Math.max(0, now - between(chance, 1, 5))
    else now += between(chance, 0, number < 0.9 ? 10 : 150)
  }

  for (let step = 0; step < steps; step++) {
    const number = chance.nextDoubleUnsafe()
    if (number < 0.4) acquire()
    else if (number < 0.75) settleOne()
    else if (number < 0.8) settleAgain()
    else if (number < 0.995) pass()
    else {
      const before = circuit
      const until = now + between(chance, 0, 60)
      circuit = Circuit.open(before, until)
      visit(before, { _tag: "Open", now, until }, circuit)
    }
  }
  return { circuit, now, out }
}
