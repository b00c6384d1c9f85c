/**
 * Checks whether calls wait for a connection to the host of an account. The
 * account is unhealthy when calls fail because none becomes free.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { HealthRole } from "../../../models/SystemHealth.ts"
import type { ConnectionPool, ConnectionPoolState } from "../../ConnectionPool.ts"
import type { CheckResult, HealthCheck } from "./HealthCheck.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  readonly account: string
  readonly role: HealthRole
  readonly pool: ConnectionPool
}

/** How long ago a timeout may be that still describes the present. */
const recentMillis = 60_000

const fromState = ({ inUse, limit, millisSinceTimeout, waiting }: ConnectionPoolState): CheckResult => {
  const details = { inUse, waiting, limit }
  if (waiting === 0) {
    return { status: "healthy", code: "Ok", message: "No call waits for a connection.", details }
  }
  if (millisSinceTimeout !== undefined && millisSinceTimeout < recentMillis) {
    const message = "Calls fail because all connections are in use; raise maxConnections or lower maxConcurrency."
    return { status: "unhealthy", code: "PoolTimeout", message, details }
  }
  return { status: "degraded", code: "PoolExhausted", message: "Calls are waiting for a connection.", details }
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = ({ account, pool, role }: Options): HealthCheck => ({
  name: "connections",
  account,
  role,
  check: Effect.map(pool.state, fromState)
})

const withoutCall = ({ inUse, limit, waiting }: ConnectionPoolState): CheckResult | undefined =>
  waiting === 0 && inUse < limit
    ? undefined
    : {
        status: waiting === 0 ? "healthy" : "degraded",
        code: "NotChecked",
        message: "The host was not called by this check, because all connections are in use."
      }

/**
 * Changes a check that calls the host so that it does not wait for a
 * connection: its timeout would show a fault of the host that does not exist.
 *
 * @category combinators
 * @since 0.1.0
 */
export const unlessExhausted =
  (pool: ConnectionPool | undefined) =>
  (check: HealthCheck): HealthCheck =>
    pool === undefined
      ? check
      : {
          ...check,
          check: Effect.flatMap(pool.state, (state) => {
            const result = withoutCall(state)
            return result === undefined ? check.check : Effect.succeed(result)
          })
        }
