/**
 * Checks the connections to Redis with a `PING` each, which also opens one that
 * no command has used. Without Redis, caches, limits and circuits fail open and
 * the check of the budget reports whether calls are refused, so that this
 * component is a supporting one.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { type Redis, RedisError, type Status } from "../../../Redis.ts"
import type { CheckResult, HealthCheck } from "./HealthCheck.ts"

/** How long the component is degraded after an error, since Redis may reply to `PING` and refuse other commands. */
const recentMillis = 60_000

const toText = (millis: number): string => DateTime.formatIso(DateTime.makeUnsafe(millis))

const detailsOf = (status: Status | undefined) => {
  if (status === undefined) return {}
  const { lastError, since, state } = status
  return {
    state,
    since: toText(since),
    ...(lastError === undefined ? {} : { lastError: lastError.reason, lastErrorAt: toText(lastError.at) })
  }
}

const fromPing = (result: Result.Result<unknown, RedisError>, status: Status | undefined): CheckResult => {
  const details = detailsOf(status)
  if (Result.isFailure(result)) {
    const { reason } = result.failure
    const message = "Redis cannot be used; caches, limits and circuits continue without it."
    return { status: "unhealthy", code: "Unavailable", message, details: { ...details, reason } }
  }
  if (status?.lastError !== undefined && status.lastError.age < recentMillis) {
    const message = "Redis replies, and has failed in the last minute."
    return { status: "degraded", code: "Unstable", message, details }
  }
  return { status: "healthy", code: "Ok", message: "Redis replies.", details }
}

/** Shorter than the timeout of checks, so that the state of a connection that does not reply is reported with it. */
const pingTimeout = Duration.seconds(2)

const ping = (redis: Redis["Service"]): Effect.Effect<unknown, RedisError> =>
  Effect.timeoutOrElse(redis.send("PING"), {
    duration: pingTimeout,
    orElse: () =>
      Effect.fail(new RedisError({ message: "Redis did not reply to PING", operation: "PING", reason: "timeout" }))
  })

const checkOne = (redis: Redis["Service"]): Effect.Effect<CheckResult> =>
  Effect.gen(function* () {
    const result = yield* Effect.result(ping(redis))
    const status = redis.status === undefined ? undefined : yield* redis.status
    return fromPing(result, status)
  })

const order = ["unhealthy", "degraded", "healthy"] as const

/** The worst result. */
const worst = (results: ReadonlyArray<CheckResult>): CheckResult | undefined =>
  order.map((status) => results.find((result) => result.status === status)).find((result) => result !== undefined)

/**
 * Checks one or more connections, of which the worst is reported.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (first: Redis["Service"], ...others: ReadonlyArray<Redis["Service"]>): HealthCheck => ({
  name: "redis",
  role: "supporting",
  check: Effect.flatMap(Effect.all([first, ...others].map(checkOne), { concurrency: "unbounded" }), (results) => {
    const result = worst(results)
    if (result === undefined) return Effect.die(new Error("There is no connection"))
    return Effect.succeed({ ...result, details: { ...result.details, connections: results.length } })
  })
})
