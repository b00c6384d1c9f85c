/**
 * Looks at the configuration: one that holds is valid, and where changes are
 * followed the latest may have been refused.
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
          code: "Refused",
          message: "The latest change of the configuration cannot be used; the last good one holds.",
          details: { issues: issues.length, names: issues.map(({ name }) => name).join(", ") }
        }
  )
})
