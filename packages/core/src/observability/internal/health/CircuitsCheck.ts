/**
 * Checks the circuits of an account. The account is unhealthy when all of them
 * reject calls, and degraded when one does or is being probed.
 *
 * A circuit whose open duration is over counts as probing even before the next
 * call. Otherwise a backend that is taken out of service because of its open
 * circuits would never get the call that could close them.
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
  /** All accounts that share the circuits. */
  readonly accounts: ReadonlyArray<string>
  readonly role: HealthRole
  readonly states: Circuits["states"]
}

type State = "closed" | "open" | "isolated" | "probing"

const stateOf = (circuit: Circuit, now: number): State => {
  switch (circuit._tag) {
    case "Open":
      return now < circuit.until ? "open" : "probing"
    case "HalfOpen":
      return "probing"
    case "Isolated":
      return "isolated"
    case "Closed":
    case "ForcedClosed":
      return "closed"
  }
}

/** Whether a circuit belongs to the account, and not to one whose longer name starts with it. */
const isCircuitOf = (key: string, account: string, accounts: ReadonlyArray<string>): boolean =>
  key.startsWith(`${account}/`) &&
  !accounts.some((other) => other.length > account.length && key.startsWith(`${other}/`))

const fromCounts = (counts: { readonly [S in State]: number }): CheckResult => {
  const all = counts.closed + counts.open + counts.isolated + counts.probing
  const rejecting = counts.open + counts.isolated
  const details = counts
  if (rejecting > 0 && rejecting === all) {
    const message = "Every circuit of the account is open; calls are rejected."
    return { status: "unhealthy", code: "AllOpen", message, details }
  }
  if (rejecting > 0) {
    const message = `${rejecting} of ${all} circuits ${rejecting === 1 ? "is" : "are"} open.`
    return { status: "degraded", code: "SomeOpen", message, details }
  }
  if (counts.probing > 0) {
    const message = "The next calls probe whether the host has recovered."
    return { status: "degraded", code: "Probing", message, details }
  }
  return { status: "healthy", code: "Ok", message: "No circuit is open.", details }
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
    const counts = { closed: 0, open: 0, isolated: 0, probing: 0 }
    for (const [key, circuit] of circuits) {
      if (isCircuitOf(key, account, accounts)) counts[stateOf(circuit, now)] += 1
    }
    return fromCounts(counts)
  })
})
