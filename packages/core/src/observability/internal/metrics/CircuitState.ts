/**
 * The names of circuit states in metrics.
 *
 * @since 0.1.0
 */
import type { Circuit } from "../../../resilience/internal/circuit/Circuit.ts"
import type { SystemMetrics } from "../../../models/Metrics.ts"

type State = SystemMetrics["breakers"][number]["state"]

/**
 * The name of every state.
 *
 * @category constants
 * @since 0.1.0
 */
export const names: { readonly [Tag in Circuit["_tag"]]: State } = {
  Closed: "closed",
  Open: "open",
  HalfOpen: "half_open",
  Isolated: "isolated",
  ForcedClosed: "forced_closed"
}
