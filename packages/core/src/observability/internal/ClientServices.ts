/**
 * The services that the state of a client is read from.
 *
 * @since 0.1.0
 */
import type { ResponseCache } from "../../cache/ResponseCache.ts"
import type { Accounting } from "../../money/Accounting.ts"
import type { Budget } from "../../money/Budget.ts"
import type { Admission } from "../../resilience/Admission.ts"
import type { ConnectionPool } from "../ConnectionPool.ts"
import type { CircuitBreaker } from "../../resilience/CircuitBreaker.ts"
import type { RetryBudget } from "../../resilience/RetryBudget.ts"

/**
 * The services of one client.
 *
 * @category models
 * @since 0.1.0
 */
export interface ClientServices {
  readonly circuitBreaker: CircuitBreaker["Service"]
  readonly admission: Admission["Service"]
  readonly retryBudget: RetryBudget["Service"]
  readonly cache: ResponseCache["Service"] | undefined
  readonly budget: Budget["Service"] | undefined
  readonly accounting: Accounting["Service"] | undefined
  /** The connections to each host, as far as the HTTP client reports them. */
  readonly connections: ReadonlyArray<ConnectionPool>
}
