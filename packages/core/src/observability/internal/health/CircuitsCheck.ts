/**
 * Looks at the circuits of an account. It is unhealthy when each of them
 * rejects calls, and degraded when one does or is about to be probed.
 *
 * A circuit whose open time is over is about to be probed, although nobody has
 * called since. Otherwise a backend that is taken out of service for its open
 * circuits would get no call that could close them.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { HealthRole } from "../../../models/SystemHealth.ts"
import type { Circuit } from "../../../resilience/internal/circuit/Circuit.ts"
import type { Circuits } from "../../../resilience/internal/circuit/Circuits.ts"
import type { CheckResult, HealthCheck } from "./HealthCheck.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  readonly account: string
  /** Every account whose circuits may be among the states. */
  readonly accounts: ReadonlyArray<string>
  readonly role: HealthRole
  readonly states: Circuits["states"]
}

type State = "closed" | "open" | "isolated" | "probed"

const stateOf = (circuit: Circuit, now: number): State => {
  switch (circuit._tag) {
    case "Open":
      return now < circuit.until ? "open" : "probed"
    case "HalfOpen":
      return "probed"
    case "Isolated":
      return "isolated"
    case "Closed":
    case "ForcedClosed":
      return "closed"
  }
}

/** Whether a circuit belongs to the account and to none with a longer name that begins like it. */
const isCircuitOf = (key: string, account: string, accounts: ReadonlyArray<string>): boolean =>
  key.startsWith(`${account}/`) &&
  !accounts.some((other) => other.length > account.length && key.startsWith(`${other}/`))

const fromCounts = (counts: { readonly [S in State]: number }): CheckResult => {
  const all = counts.closed + counts.open + counts.isolated + counts.probed
  const rejecting = counts.open + counts.isolated
  const details = counts
  if (rejecting > 0 && rejecting === all) {
    const message = "Every circuit of the account is open: no call is sent."
    return { status: "unhealthy", code: "AllOpen", message, details: details }
  }
  if (rejecting > 0) {
    const message = `Of ${all} circuits ${rejecting} ${rejecting === 1 ? "is" : "are"} open.`
    return { status: "degraded", code: "SomeOpen", message, details: details }
  }
  if (counts.probed > 0) {
    const message = "The next calls find out whether the host is well again."
    return { status: "degraded", code: "Probing", message, details: details }
  }
  return { status: "healthy", code: "Ok", message: "No circuit is open.", details: details }
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = ({ account, accounts, role, states }: Options): HealthCheck => ({
  name: "breaker",
  account,
  role,
  check: Effect.map(Effect.all([states, Clock.currentTimeMillis]), ([circuits, now]) => {
    const counts = { closed: 0, open: 0, isolated: 0, probed: 0 }
    for (const [key, circuit] of circuits) {
      if (isCircuitOf(key, account, accounts)) counts[stateOf(circuit, now)] += 1
    }
    return fromCounts(counts)
  })
})
