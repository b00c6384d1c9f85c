/**
 * The keys of services that a client uses where they are provided. Each comes
 * without its implementation, which a client that does not use it never loads.
 *
 * @since 0.1.0
 */
export { ResponseCache } from "../../cache/internal/ResponseCacheService.ts"
export { Accounting } from "../../money/internal/AccountingService.ts"
export { Budget } from "../../money/internal/BudgetService.ts"
export { LiveConfig } from "../../reload/internal/LiveConfigService.ts"
export { Hedge } from "../../resilience/internal/HedgeService.ts"
export { Observer } from "./ObserverService.ts"
