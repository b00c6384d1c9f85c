/**
 * Simulates a day of calls in seconds: the real client with all its stages,
 * against a virtual host in virtual time.
 *
 * **When to use**
 *
 * Use to test a configuration before production: how many calls succeed
 * during an outage, whether the account's limits suffice for the peak, what
 * retries cost.
 *
 * **Details**
 *
 * - All randomness comes from the seed and all time from the simulation, so
 *   the same options produce the same report, byte for byte.
 * - Traffic, host and client use separate random sources: the traffic is the
 *   same for every configuration of the client.
 *
 * **Gotchas**
 *
 * - Virtual time waits for promises and sockets only while services are built.
 *   Stages that wait for them in a call, such as those on Redis, cannot be simulated.
 *
 * **Example** (An hour with an outage)
 *
 * ```ts
 * const program = Effect.gen(function* () {
 *   const report = yield* Simulator.run({
 *     seed: 1,
 *     duration: "1 hour",
 *     traffic: { calls: 2_000 },
 *     faults: [FaultScript.Outage({ after: "20 minutes", duration: "5 minutes", mode: "refuse" })]
 *   })
 *   yield* Console.log(Simulator.toTable(report))
 * })
 * ```
 *
 * @since 0.1.0
 */
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import type * as KimiConfig from "@kimi-effect/core/KimiConfig"
import { tiers } from "@kimi-effect/core/RateLimits"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type { Comparison } from "./simulator/Comparison.ts"
import type * as FaultScript from "./simulator/FaultScript.ts"
import type { Report } from "./simulator/Report.ts"
import type * as Traffic from "./simulator/Traffic.ts"
import type * as VirtualHost from "./simulator/VirtualHost.ts"

export { toHtml } from "./internal/simulator/html.ts"
export { toTable } from "./internal/simulator/table.ts"

const simulations = () => loadModule(() => import("./internal/simulator/simulate.ts"))

/**
 * @category options
 * @since 0.1.0
 */
export interface Options<E = never> {
  /** Seed of all randomness. */
  readonly seed: string | number
  /**
   * Time during which calls arrive. The simulation ends with the last call. Defaults to 24 hours, or to the time of
   * recorded traffic, of which later calls are left out.
   */
  readonly duration?: Duration.Input | undefined
  /**
   * Start of the simulated time in ISO 8601, on which prices depend. Defaults to `2026-11-23T00:00:00Z`, or to the
   * first call of recorded traffic.
   */
  readonly start?: string | undefined
  /** Random traffic, or recorded traffic from `Traffic.fromAudit` or `Traffic.fromCassette`. */
  readonly traffic: Traffic.Options | Traffic.RecordedTraffic
  /** The limits, latencies and random failures of the host. Defaults to a host that refuses and fails nothing. */
  readonly host?: VirtualHost.Options | undefined
  /** Periods in which the host fails, such as outages. Defaults to none. */
  readonly faults?: ReadonlyArray<FaultScript.Fault> | undefined
  /** Options of the client. The API key is optional. */
  readonly client?: KimiConfig.Options | undefined
  /** Services that replace those of the client, such as `CircuitBreaker.layer(…)`. They are built in virtual time. */
  readonly layers?: Layer.Layer<never, E> | undefined
}

/**
 * Runs a simulation and returns its report. It provides the clock, the
 * randomness and the host itself. Invalid options, including those of the
 * client, fail with a `ConfigurationError` that lists all issues.
 *
 * @category running
 * @since 0.1.0
 */
export const run = <E = never>(options: Options<E>): Effect.Effect<Report, ConfigurationError | E> =>
  Effect.flatMap(simulations(), ({ run }) => run(options))

/**
 * One of the configurations to compare.
 *
 * @category options
 * @since 0.1.0
 */
export interface Configuration<E = never> extends Pick<Options<E>, "client" | "layers"> {
  /** Name of the configuration in the comparison. */
  readonly name: string
  /** Options of the host that this configuration changes, such as the limits of another tier. */
  readonly host?: VirtualHost.Options | undefined
}

/**
 * @category options
 * @since 0.1.0
 */
export interface CompareOptions<E = never> extends Omit<Options<E>, "client" | "layers"> {
  /** At least one, each with its own name. */
  readonly configurations: ReadonlyArray<Configuration<E>>
}

/**
 * The configuration of an account of one of Moonshot's tiers, 0 to 5: the host
 * enforces its limits, and the client knows them.
 *
 * **Example** (Which tier does yesterday's traffic need?)
 *
 * ```ts
 * const program = Effect.gen(function* () {
 *   const traffic = yield* Traffic.fromAudit(lines)
 *   const comparison = yield* Simulator.compare({
 *     seed: 1,
 *     traffic,
 *     configurations: [Simulator.tier(1), Simulator.tier(2), Simulator.tier(3, { maxAttempts: 5 })]
 *   })
 *   yield* Console.log(Simulator.toTable(comparison))
 * })
 * ```
 *
 * @category options
 * @since 0.1.0
 */
export const tier = (number: 0 | 1 | 2 | 3 | 4 | 5, client: KimiConfig.Options = {}): Configuration => ({
  name: `tier ${number}`,
  client: { tier: number, ...client },
  host: { limits: tiers[number] }
})

/**
 * Runs the same traffic, host and faults with each configuration, and reports
 * what each would have cost and how long calls would have waited. Invalid
 * options, including those of a client, fail with a `ConfigurationError`.
 *
 * @category running
 * @since 0.1.0
 */
export const compare = <E = never>(options: CompareOptions<E>): Effect.Effect<Comparison, ConfigurationError | E> =>
  Effect.flatMap(simulations(), ({ compare }) => compare(options))
