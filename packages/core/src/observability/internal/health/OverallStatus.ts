/**
 * From the components to the whole.
 *
 * | unhealthy component | the whole |
 * | --- | --- |
 * | `required` | unhealthy |
 * | `alternative` | degraded, and unhealthy when no account is left that can be used |
 * | `supporting` | degraded |
 *
 * A degraded component never makes the whole worse than degraded.
 *
 * @since 0.1.0
 */
import type { ComponentHealth, HealthStatus } from "../../../models/SystemHealth.ts"

type Component = Pick<ComponentHealth, "status" | "role" | "account">

/** Whether there are accounts, and each of them has a component without which it cannot be used. */
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
