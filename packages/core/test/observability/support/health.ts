/**
 * Shared by the health tests: a component whose check a test controls.
 */
import { Effect } from "effect"
import type { CheckResult, HealthCheck } from "../../../src/observability/Health.ts"

export const well: CheckResult = { status: "healthy", code: "Ok", message: "It is well." }
export const ill: CheckResult = { status: "unhealthy", code: "Ill", message: "It is ill." }
export const poor: CheckResult = { status: "degraded", code: "Poor", message: "It is poor." }

export interface Component extends HealthCheck {
  /** The next result of the check. */
  next: Effect.Effect<CheckResult, unknown>
  /** Checks that were started. */
  readonly runs: () => number
  /** Checks that were interrupted. */
  readonly interrupted: () => number
}

/** A healthy component. */
export const component = (options: Partial<HealthCheck> = {}): Component => {
  let runs = 0
  let interrupted = 0
  const self: Component = {
    name: "part",
    ...options,
    next: options.check ?? Effect.succeed(well),
    runs: () => runs,
    interrupted: () => interrupted,
    check: Effect.suspend(() => {
      runs += 1
      return Effect.onInterrupt(self.next, () => Effect.sync(() => void (interrupted += 1)))
    })
  }
  return self
}
