/**
 * Checks the configuration. It is degraded when the latest change was rejected.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { LiveConfig } from "../../../reload/LiveConfig.ts"
import type { HealthCheck } from "./HealthCheck.ts"

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (live: Pick<LiveConfig["Service"], "rejection"> | undefined): HealthCheck => ({
  name: "config",
  role: "supporting",
  check: Effect.map(live?.rejection ?? Effect.undefined, (issues) =>
    issues === undefined
      ? { status: "healthy", code: "Ok", message: "The configuration is valid." }
      : {
          status: "degraded",
          code: "Rejected",
          message: "The latest configuration change was rejected; the previous configuration is in use.",
          details: { issues: issues.length, names: issues.map(({ name }) => name).join(", ") }
        }
  )
})
