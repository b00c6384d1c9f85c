/**
 * Derives the overall status from the components.
 *
 * | unhealthy component | the whole |
 * | --- | --- |
 * | `required` | unhealthy |
 * | `alternative` | degraded, or unhealthy when no account can be used |
 * | `supporting` | degraded |
 *
 * A degraded component never makes the whole worse than degraded.
 *
 * @since 0.1.0
 */
import type { ComponentHealth, HealthStatus } from "../../../models/SystemHealth.ts"

type Component = Pick<ComponentHealth, "status" | "role" | "account">

/** Whether every account has an unhealthy component that it needs. */
const hasNoUsableAccount = (components: ReadonlyArray<Component>): boolean => {
  const usable = new Map<string, boolean>()
  for (const { account = "", role, status } of components) {
    if (role !== "alternative") continue
    usable.set(account, (usable.get(account) ?? true) && status !== "unhealthy")
  }
  return usable.size > 0 && ![...usable.values()].includes(true)
}

/**
 * @category getters
 * @since 0.1.0
 */
export const fromComponents = (components: ReadonlyArray<Component>): HealthStatus => {
  const isLost = components.some(({ role, status }) => role === "required" && status === "unhealthy")
  if (isLost || hasNoUsableAccount(components)) return "unhealthy"
  return components.every(({ status }) => status === "healthy") ? "healthy" : "degraded"
}
