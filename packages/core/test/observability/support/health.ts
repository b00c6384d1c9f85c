/**
 * What the tests of health have in common: a component that a test makes well,
 * ill or silent.
 */
import { Effect } from "effect"
import type { CheckResult, HealthCheck } from "../../../src/observability/Health.ts"

export const well: CheckResult = { status: "healthy", code: "Ok", message: "It is well." }
export const ill: CheckResult = { status: "unhealthy", code: "Ill", message: "It is ill." }
export const poor: CheckResult = { status: "degraded", code: "Poor", message: "It is poor." }

export interface Component extends HealthCheck {
  /** What the next looks do. */
  next: Effect.Effect<CheckResult, unknown>
  /** Looks that were begun. */
  readonly looks: () => number
  /** Looks that were interrupted. */
  readonly interrupted: () => number
}

/** A component that is well. */
export const component = (options: Partial<HealthCheck> = {}): Component => {
  let looks = 0
  let interrupted = 0
  const self: Component = {
    name: "part",
    ...options,
    next: options.check ?? Effect.succeed(well),
    looks: () => looks,
    interrupted: () => interrupted,
    check: Effect.suspend(() => {
      looks += 1
      return Effect.onInterrupt(self.next, () => Effect.sync(() => void (interrupted += 1)))
    })
  }
  return self
}
