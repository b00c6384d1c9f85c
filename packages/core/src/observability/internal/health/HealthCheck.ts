/**
 * Checks one component, with a timeout. Every failure becomes a status of the
 * component.
 *
 * **Details**
 *
 * - A check that fails, dies or times out makes the component unhealthy. If the
 *   failure is transient and the component was healthy before, it is degraded
 *   until the failure has repeated a few times, so that one lost packet takes no
 *   backend out of service.
 * - A check that does not end is abandoned, and no other one starts until it has
 *   ended.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { table } from "../../../errors/ErrorFacts.ts"
import { isKimiError } from "../../../errors/KimiError.ts"
import * as MonotonicClock from "../../../internal/MonotonicClock.ts"
import { type ComponentHealth, HealthCheckResult, type HealthRole } from "../../../models/SystemHealth.ts"
import { interruptWithoutWaiting } from "../../../internal/interruptWithoutWaiting.ts"

/**
 * The result of a check.
 *
 * @category models
 * @since 0.1.0
 */
export interface CheckResult extends HealthCheckResult {
  /** Overrides the role of the check. */
  readonly role?: HealthRole | undefined
}

/**
 * A component and how to check it.
 *
 * @category models
 * @since 0.1.0
 */
export interface HealthCheck {
  readonly name: string
  /** The account that the component belongs to. */
  readonly account?: string | undefined
  /** How an unhealthy component affects the whole. Defaults to `supporting`. */
  readonly role?: HealthRole | undefined
  /**
   * Checks the component. Any failure becomes its status, with the tag of an
   * error of this library as `code`, else `Failed`. Texts of other errors are
   * not shown.
   */
  readonly check: Effect.Effect<CheckResult, unknown>
  /** Timeout of the check. Defaults to that of all checks. */
  readonly timeout?: Duration.Input | undefined
  /** Details that are added to every result, such as the URL of a host. */
  readonly details?: HealthCheckResult["details"]
  /** How long a result is cached, for a check that is expensive. By default every report runs the check. */
  readonly timeToLive?: Duration.Input | undefined
}

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Timeout of checks that have none. */
  readonly timeout: Duration.Duration
  /** Consecutive failures after which a healthy component is unhealthy. */
  readonly failureThreshold: number
}

/** A result, and whether its failure is transient. */
interface CheckOutcome {
  readonly result: CheckResult
  readonly isTransient: boolean
}

const isCheckResult = Schema.is(HealthCheckResult)

const unhealthy = (code: string, message: string): CheckResult => ({ status: "unhealthy", code, message })

/**
 * The result of a check that failed. It has only texts of the library: the tag
 * of the error, its hint, and the status of the response.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromError = (error: unknown): CheckResult => {
  if (!isKimiError(error)) return unhealthy("Failed", "The check failed; see the log.")
  const { _tag, category, hint, status } = error
  return { ...unhealthy(_tag, hint), details: { category, ...(status === undefined ? {} : { httpStatus: status }) } }
}

const outcomeOfExit = (
  exit: Exit.Exit<Option.Option<CheckOutcome>, unknown>,
  timeout: Duration.Duration
): CheckOutcome => {
  if (Exit.isSuccess(exit)) {
    return Option.getOrElse(exit.value, () => ({
      result: unhealthy("Timeout", `No response within ${Duration.format(timeout)}.`),
      isTransient: true
    }))
  }
  const error = Option.getOrUndefined(Cause.findErrorOption(exit.cause))
  return { result: fromError(error), isTransient: !isKimiError(error) || table[error._tag].isTransient }
}

/**
 * Makes a repeatable check that keeps the history of its component.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (check: HealthCheck, options: Options): Effect.Effect<Effect.Effect<ComponentHealth>> =>
  Effect.map(Clock.Clock, (clock) => {
    const { account, timeToLive, name, role = "supporting" } = check
    const timeout = check.timeout === undefined ? options.timeout : Duration.fromInputUnsafe(check.timeout)
    const cachedMillis = timeToLive === undefined ? 0 : Duration.toMillis(Duration.fromInputUnsafe(timeToLive))
    const stillRunning: CheckOutcome = {
      result: unhealthy("Timeout", "An earlier check is still running."),
      isTransient: true
    }
    let isRunning = false
    let failures = 0
    let latest: ComponentHealth | undefined
    /** Until when the latest result is used again. */
    let expiresAt = 0

    const run = Effect.suspend(() => {
      if (isRunning) return Effect.succeed(stillRunning)
      isRunning = true
      return check.check.pipe(
        Effect.flatMap((result): Effect.Effect<CheckOutcome> =>
          isCheckResult(result)
            ? Effect.succeed({ result, isTransient: false })
            : Effect.die(new TypeError(`The health check ${name} did not return a check result`))
        ),
        Effect.ensuring(
          Effect.sync(() => {
            isRunning = false
          })
        )
      )
    })

    const withThreshold = ({ isTransient, result }: CheckOutcome): CheckResult => {
      failures = isTransient ? failures + 1 : 0
      const isBelowThreshold = isTransient && latest?.lastSuccess !== undefined && failures < options.failureThreshold
      return isBelowThreshold ? { ...result, status: "degraded" } : result
    }

    const toComponent = (outcome: CheckOutcome, checkedAt: DateTime.Utc, startedAt: number): ComponentHealth => {
      const result = withThreshold(outcome)
      const { code, message, status } = result
      const details = { ...check.details, ...result.details }
      const isHealthy = status !== "unhealthy" && !outcome.isTransient
      const lastSuccess = isHealthy ? checkedAt : latest?.lastSuccess
      return {
        name,
        ...(account === undefined ? {} : { account }),
        role: result.role ?? role,
        status,
        code,
        message,
        ...(Object.keys(details).length === 0 ? {} : { details }),
        checkedAt,
        latencyMillis: MonotonicClock.millisUnsafe(clock) - startedAt,
        since: latest?.status === status ? latest.since : checkedAt,
        ...(lastSuccess === undefined ? {} : { lastSuccess })
      }
    }

    /** Logs a change of status once, with the cause, which the report does not show. */
    const logChange = (component: ComponentHealth, exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> => {
      const { code, message, status } = component
      if (status === (latest?.status ?? "healthy")) return Effect.void
      const text = `${account === undefined ? name : `${name} of ${account}`} is ${status} (${code}): ${message}`
      if (status === "healthy") return Effect.logInfo(text)
      return Exit.isFailure(exit) ? Effect.logWarning(text, exit.cause) : Effect.logWarning(text)
    }

    return Effect.suspend(() => {
      const startedAt = MonotonicClock.millisUnsafe(clock)
      if (latest !== undefined && startedAt < expiresAt) return Effect.succeed(latest)
      const checkedAt = DateTime.makeUnsafe(clock.currentTimeMillisUnsafe())
      return Effect.flatMap(Effect.exit(Effect.timeoutOption(interruptWithoutWaiting(run), timeout)), (exit) => {
        const component = toComponent(outcomeOfExit(exit, timeout), checkedAt, startedAt)
        const log = logChange(component, exit)
        latest = component
        expiresAt = startedAt + cachedMillis
        return Effect.as(log, component)
      })
    })
  })
