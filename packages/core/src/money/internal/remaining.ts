/** What is left of a scope of a budget. */
import * as BigDecimal from "effect/BigDecimal"
import type { ScopeState } from "../Budget.ts"

/**
 * The amount that may still be spent in a scope; negative if more was spent than
 * the cap, for example because the cap was lowered.
 *
 * @category getters
 * @since 0.1.0
 */
export const remaining = ({ cap, reserved, spent }: ScopeState): BigDecimal.BigDecimal =>
  BigDecimal.subtract(cap, BigDecimal.sum(spent, reserved))
