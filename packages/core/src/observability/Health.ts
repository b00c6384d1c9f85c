/**
 * Reports the health of the client from checks of its components. A report
 * never fails, never takes longer than the longest timeout of its checks, and
 * never costs money unless a paid probe is configured.
 *
 * **Details**
 *
 * - A report is cached for a time. Callers that request it while one is being
 *   made share that one, which runs to its end even if they are interrupted.
 * - `OverallStatus` decides which components make the whole unhealthy,
 *   `HealthCheck` how a failed check becomes the status of its component.
 * - `KimiClient.health` checks the components of the client. `HealthSettings`
 *   sets the options of these checks and adds custom ones.
 *
 * @since 0.1.0
 */
import { ConfigurationError } from "../errors/ConfigurationErrors.ts"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Tracer from "effect/Tracer"
import type { SystemHealth } from "../models/SystemHealth.ts"
import * as CachedEffect from "../internal/CachedEffect.ts"
import * as OptionRules from "../internal/OptionRules.ts"
import * as KimiConfig from "../KimiConfig.ts"
import * as HealthCheck from "./internal/health/HealthCheck.ts"
import * as OverallStatus from "./internal/health/OverallStatus.ts"

export type { CheckResult, HealthCheck } from "./internal/health/HealthCheck.ts"

/**
 * The health of the components that its checks cover.
 *
 * @category services
 * @since 0.1.0
 */
export class Health extends Context.Service<
  Health,
  {
    /** The report, cached for its time to live. */
    readonly report: Effect.Effect<SystemHealth>
  }
>()("@kimi-effect/core/observability/Health") {}

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** How long a report is cached. Defaults to 10 seconds. */
  readonly timeToLive?: Duration.Input | undefined
  /** Timeout of each check. Defaults to 5 seconds. */
  readonly timeout?: Duration.Input | undefined
  /** Consecutive failures after which a healthy component is unhealthy; until then it is degraded. Defaults to 2. */
  readonly failureThreshold?: number | undefined
}

/**
 * The default of every option.
 *
 * @category options
 * @since 0.1.0
 */
export const defaults = {
  timeToLive: KimiConfig.defaults.healthTimeToLive,
  timeout: KimiConfig.defaults.healthTimeout,
  failureThreshold: KimiConfig.defaults.healthFailureThreshold
} as const

const withoutSpan = (context: Context.Context<never>): Context.Context<never> =>
  Context.omit(Tracer.ParentSpan)(context)

const checkKeyOf = ({ account, name }: HealthCheck.HealthCheck): string => JSON.stringify([name, account])

/**
 * Makes the health of some checks. Of two checks with the same name and account
 * the later one is used.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (
  checks: ReadonlyArray<HealthCheck.HealthCheck>,
  options: Options = {}
): Effect.fn.Return<Health["Service"]> {
  const timeout = Duration.fromInputUnsafe(options.timeout ?? defaults.timeout)
  const timeToLive = Duration.fromInputUnsafe(options.timeToLive ?? defaults.timeToLive)
  const { failureThreshold = defaults.failureThreshold } = options
  const clock = yield* Clock.Clock
  // A report is not a part of the call that requested it: neither of its trace nor of its options.
  const context = withoutSpan(yield* Effect.context<never>())
  const latest = new Map(checks.map((check) => [checkKeyOf(check), check]))
  const runs = yield* Effect.forEach(latest.values(), (check) => HealthCheck.make(check, { timeout, failureThreshold }))

  const runAll = Effect.map(Effect.all(runs, { concurrency: "unbounded" }), (components): SystemHealth => ({
    status: OverallStatus.fromComponents(components),
    checkedAt: DateTime.makeUnsafe(clock.currentTimeMillisUnsafe()),
    components
  }))
  const current = yield* Effect.updateContext(CachedEffect.make(runAll, timeToLive), withoutSpan)
  const fork = Effect.runForkWith(context)
  return {
    // A separate fiber keeps an interrupted caller from ending the report for the others.
    report: Effect.suspend(() => Fiber.join(fork(current)))
  }
})

/**
 * Provides the health of some checks.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (checks: ReadonlyArray<HealthCheck.HealthCheck>, options?: Options): Layer.Layer<Health> =>
  OptionRules.layerOrDie("Health", options, (known) =>
    Array.isArray(checks)
      ? Layer.effect(Health, make(checks, known))
      : Layer.effect(
          Health,
          Effect.die(ConfigurationError.of([{ name: "Health checks", expected: "a list of checks" }]))
        )
  )
