/**
 * Looks at one component: within a time of its own, and with every failure as
 * a state of the component.
 *
 * **Details**
 *
 * - A look that fails, dies or takes too long finds the component unhealthy.
 *   If it may be well again by itself, and was well before, it is degraded until
 *   that has happened a few times in a row: one lost packet takes no backend
 *   out of service.
 * - A look that does not end is left behind, and no other is begun until it has
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
import { type ComponentHealth, HealthCheckResult, type HealthRole } from "../../../models/SystemHealth.ts"
import { interruptWithoutWaiting } from "../../../internal/interruptWithoutWaiting.ts"

/**
 * What a look found.
 *
 * @category models
 * @since 0.1.0
 */
export interface CheckResult extends HealthCheckResult {
  /** In place of the role of the check. */
  readonly role?: HealthRole | undefined
}

/**
 * A component and how to look at it.
 *
 * @category models
 * @since 0.1.0
 */
export interface HealthCheck {
  readonly name: string
  /** The account that the component belongs to. */
  readonly account?: string | undefined
  /** What it means for the whole when it is unhealthy. Defaults to `supporting`. */
  readonly role?: HealthRole | undefined
  /**
   * Finds out how the component is. Whatever goes wrong in it becomes a state
   * of the component: its `code` is the tag of an error of this library, else
   * `Failed`. No text of an error is shown.
   */
  readonly check: Effect.Effect<CheckResult, unknown>
  /** Longest look. Defaults to that of all checks. */
  readonly timeout?: Duration.Input | undefined
  /** Figures that every finding has, such as where a host is. */
  readonly details?: HealthCheckResult["details"]
  /** The finding holds for so long, when looking costs something. By default every report looks anew. */
  readonly timeToLive?: Duration.Input | undefined
}

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Longest look of checks that say nothing else. */
  readonly timeout: Duration.Duration
  /** Failed looks in a row after which a component that was well is unhealthy. */
  readonly failureThreshold: number
}

/** A finding, and whether a look that failed may succeed the next time. */
interface CheckOutcome {
  readonly result: CheckResult
  readonly isTransient: boolean
}

const isCheckResult = Schema.is(HealthCheckResult)

const unhealthy = (code: string, message: string): CheckResult => ({ status: "unhealthy", code, message })

/**
 * What a failed look says. Only what the library itself has written is shown:
 * the tag of the error, its hint, and the status of the answer.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromError = (error: unknown): CheckResult => {
  if (!isKimiError(error)) return unhealthy("Failed", "The look at the component failed; the log says how.")
  const { _tag, category, hint, status } = error
  return { ...unhealthy(_tag, hint), details: { category, ...(status === undefined ? {} : { httpStatus: status }) } }
}

const outcomeOfExit = (
  exit: Exit.Exit<Option.Option<CheckOutcome>, unknown>,
  timeout: Duration.Duration
): CheckOutcome => {
  if (Exit.isSuccess(exit)) {
    return Option.getOrElse(exit.value, () => ({
      result: unhealthy("Timeout", `There was no answer within ${Duration.format(timeout)}.`),
      isTransient: true
    }))
  }
  const error = Option.getOrUndefined(Cause.findErrorOption(exit.cause))
  return { result: fromError(error), isTransient: !isKimiError(error) || table[error._tag].isTransient }
}

const toUtc = (millis: number): DateTime.Utc => DateTime.makeUnsafe(millis)

/**
 * A check that is made again and again, with what it remembers of the component.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (check: HealthCheck, options: Options): Effect.Effect<Effect.Effect<ComponentHealth>> =>
  Effect.map(Clock.Clock, (clock) => {
    const { account, timeToLive, name, role = "supporting" } = check
    const timeout = check.timeout === undefined ? options.timeout : Duration.fromInputUnsafe(check.timeout)
    const holdsMillis = timeToLive === undefined ? 0 : Duration.toMillis(Duration.fromInputUnsafe(timeToLive))
    const stuck: CheckOutcome = {
      result: unhealthy("Timeout", "An earlier look has not ended yet."),
      isTransient: true
    }
    let isLooking = false
    let failures = 0
    let latest: ComponentHealth | undefined

    const look = Effect.suspend(() => {
      if (isLooking) return Effect.succeed(stuck)
      isLooking = true
      return check.check.pipe(
        Effect.flatMap((result): Effect.Effect<CheckOutcome> =>
          isCheckResult(result)
            ? Effect.succeed({ result, isTransient: false })
            : Effect.die(new TypeError(`The health check ${name} did not return a check result`))
        ),
        Effect.ensuring(
          Effect.sync(() => {
            isLooking = false
          })
        )
      )
    })

    const damped = ({ isTransient, result }: CheckOutcome): CheckResult => {
      failures = isTransient ? failures + 1 : 0
      const isGivenTime = isTransient && latest?.lastSuccess !== undefined && failures < options.failureThreshold
      return isGivenTime ? { ...result, status: "degraded" } : result
    }

    const note = (outcome: CheckOutcome, startedAt: number): ComponentHealth => {
      const result = damped(outcome)
      const { code, message, status } = result
      const details = { ...check.details, ...result.details }
      const checkedAt = toUtc(startedAt)
      const isWell = status !== "unhealthy" && !outcome.isTransient
      const lastSuccess = isWell ? checkedAt : latest?.lastSuccess
      return {
        name,
        ...(account === undefined ? {} : { account }),
        role: result.role ?? role,
        status,
        code,
        message,
        ...(Object.keys(details).length === 0 ? {} : { details: details }),
        checkedAt,
        latencyMillis: clock.currentTimeMillisUnsafe() - startedAt,
        since: latest?.status === status ? latest.since : checkedAt,
        ...(lastSuccess === undefined ? {} : { lastSuccess })
      }
    }

    /** A change of status is said once, with what the report does not show. */
    const say = (component: ComponentHealth, exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> => {
      const { code, message, status } = component
      if (status === (latest?.status ?? "healthy")) return Effect.void
      const text = `${account === undefined ? name : `${name} of ${account}`} is ${status} (${code}): ${message}`
      if (status === "healthy") return Effect.logInfo(text)
      return Exit.isFailure(exit) ? Effect.logWarning(text, exit.cause) : Effect.logWarning(text)
    }

    return Effect.suspend(() => {
      const startedAt = clock.currentTimeMillisUnsafe()
      if (latest !== undefined && startedAt < DateTime.toEpochMillis(latest.checkedAt) + holdsMillis) {
        return Effect.succeed(latest)
      }
      return Effect.flatMap(Effect.exit(Effect.timeoutOption(interruptWithoutWaiting(look), timeout)), (exit) => {
        const component = note(outcomeOfExit(exit, timeout), startedAt)
        const said = say(component, exit)
        latest = component
        return Effect.as(said, component)
      })
    })
  })
