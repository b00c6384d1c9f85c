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
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { SystemHealth } from "../models/SystemHealth.ts"
import { loadModule } from "../internal/ModuleLoader.ts"
import * as OptionRules from "../internal/OptionRules.ts"
import * as KimiConfig from "../KimiConfig.ts"
import type * as HealthCheck from "./internal/health/HealthCheck.ts"

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

/**
 * Makes the health of some checks. Of two checks with the same name and account
 * the later one is used.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  checks: ReadonlyArray<HealthCheck.HealthCheck>,
  options: Options = {}
): Effect.Effect<Health["Service"]> =>
  Effect.flatMap(
    loadModule(() => import("./internal/health/makeHealth.ts")),
    ({ make }) => make(checks, options)
  )

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
