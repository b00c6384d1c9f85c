/** Makes the report of checks. It is loaded by the first one. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Tracer from "effect/Tracer"
import * as CachedEffect from "../../../internal/CachedEffect.ts"
import type { SystemHealth } from "../../../models/SystemHealth.ts"
import * as KimiConfig from "../../../KimiConfig.ts"
import type { Health, Options } from "../../Health.ts"
import * as HealthCheck from "./HealthCheck.ts"
import * as OverallStatus from "./OverallStatus.ts"

const withoutSpan = (context: Context.Context<never>): Context.Context<never> =>
  Context.omit(Tracer.ParentSpan)(context)

const checkKeyOf = ({ account, name }: HealthCheck.HealthCheck): string => JSON.stringify([name, account])

export const make = Effect.fnUntraced(function* (
  checks: ReadonlyArray<HealthCheck.HealthCheck>,
  options: Options
): Effect.fn.Return<Health["Service"]> {
  const timeout = Duration.fromInputUnsafe(options.timeout ?? KimiConfig.defaults.healthTimeout)
  const timeToLive = Duration.fromInputUnsafe(options.timeToLive ?? KimiConfig.defaults.healthTimeToLive)
  const { failureThreshold = KimiConfig.defaults.healthFailureThreshold } = options
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
