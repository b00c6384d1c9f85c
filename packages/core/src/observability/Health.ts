/**
 * Tells how the client is, from checks of its parts: never with an error, never
 * slower than its slowest check may be, and never at a price unless that was
 * asked for.
 *
 * **Details**
 *
 * - A report holds for a time, and whoever asks while one is being made gets
 *   that one. It is made to its end, whoever leaves.
 * - Which component makes the whole unhealthy is written in `Verdict`, how a
 *   failed look becomes a state in `HealthCheck`.
 * - `KimiClient.health` has checks of the client's own parts. `HealthSettings`
 *   sets their options and adds checks of yours.
 *
 * @since 0.1.0
 */
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
import * as HealthCheck from "./internal/health/HealthCheck.ts"
import * as OverallStatus from "./internal/health/OverallStatus.ts"

export type { CheckResult as Finding, HealthCheck } from "./internal/health/HealthCheck.ts"

/**
 * The health of what its checks look at.
 *
 * @category services
 * @since 0.1.0
 */
export class Health extends Context.Service<
  Health,
  {
    /** The report, at most as old as its time to live. */
    readonly report: Effect.Effect<SystemHealth>
  }
>()("@kimi-effect/core/observability/Health") {}

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** How long a report holds. Defaults to 10 seconds. */
  readonly timeToLive?: Duration.Input | undefined
  /** Longest look of a check. Defaults to 5 seconds. */
  readonly timeout?: Duration.Input | undefined
  /** Failed looks in a row after which a component that was well is unhealthy; until then it is degraded. Defaults to 2. */
  readonly failureThreshold?: number | undefined
}

/**
 * The default of every option.
 *
 * @category options
 * @since 0.1.0
 */
export const defaults = {
  timeToLive: Duration.seconds(10),
  timeout: Duration.seconds(5),
  failureThreshold: 2
} as const

const withoutSpan = (context: Context.Context<never>): Context.Context<never> =>
  Context.omit(Tracer.ParentSpan)(context)

const checkKeyOf = ({ account, name }: HealthCheck.HealthCheck): string => JSON.stringify([name, account])

/**
 * Health by checks. Of two checks with the same name and account the later one
 * holds.
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
  // Reports belong to nobody's call: not to its trace, not to its options.
  const context = withoutSpan(yield* Effect.context<never>())
  const latest = new Map(checks.map((check) => [checkKeyOf(check), check]))
  const looks = yield* Effect.forEach(latest.values(), (check) =>
    HealthCheck.make(check, { timeout, failureThreshold })
  )

  const lookAtAll = Effect.map(Effect.all(looks, { concurrency: "unbounded" }), (components): SystemHealth => ({
    status: OverallStatus.fromComponents(components),
    checkedAt: DateTime.makeUnsafe(clock.currentTimeMillisUnsafe()),
    components
  }))
  const current = yield* Effect.updateContext(CachedEffect.make(lookAtAll, timeToLive), withoutSpan)
  const fork = Effect.runForkWith(context)
  return {
    // Waiting in a fiber of its own keeps a report from ending with who asked for it.
    report: Effect.suspend(() => Fiber.join(fork(current)))
  }
})

/**
 * Health by checks of your own.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (checks: ReadonlyArray<HealthCheck.HealthCheck>, options?: Options): Layer.Layer<Health> =>
  Layer.effect(Health, make(checks, options))
