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
import { ChatTransport } from "@kimi-effect/client/ChatTransport"
import * as KimiClient from "@kimi-effect/client/KimiClient"
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import { tiers } from "@kimi-effect/core/RateLimits"
import * as CallOptions from "@kimi-effect/core/CallOptions"
import { isContent } from "@kimi-effect/core/StreamEvent"
import * as CircuitBreaker from "@kimi-effect/core/CircuitBreaker"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Digest from "effect/crypto/Digest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { service as digest } from "./internal/simulator/digest.ts"
import { type RecordedCall, Recorder } from "./internal/simulator/Recorder.ts"
import {
  arrivalsOf,
  configurationIssues,
  durationOf,
  issuesOf,
  startOf
} from "./internal/simulator/simulationOptions.ts"
import { summarize } from "./internal/simulator/summary.ts"
import { loading, runVirtual } from "./internal/simulator/virtualTime.ts"
import * as FaultScript from "./simulator/FaultScript.ts"
import type { Comparison } from "./simulator/Comparison.ts"
import type { Report } from "./simulator/Report.ts"
import { CurrentCall } from "./simulator/SimulatedCall.ts"
import type * as Traffic from "./simulator/Traffic.ts"
import * as VirtualHost from "./simulator/VirtualHost.ts"

export { toHtml } from "./internal/simulator/html.ts"
export { toTable } from "./internal/simulator/table.ts"

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

const randomOf = (seed: string | number, part: string): Effect.Effect<Random.Random> =>
  Random.withSeed(Effect.service(Random.Random), `${seed}/${part}`)

const outcomeOf = <A, E extends { readonly _tag: string }>(exit: Exit.Exit<A, E>): string | undefined =>
  Exit.isSuccess(exit) ? "Success" : Option.getOrUndefined(Cause.findErrorOption(exit.cause))?._tag

/** Makes one call and records its outcome. */
const makeCall = (
  kimi: KimiClient.KimiClient["Service"],
  clock: Clock.Clock,
  start: number,
  recorder: Recorder,
  arrival: Traffic.Arrival
): Effect.Effect<void> => {
  const call: RecordedCall = recorder.begin(arrival.at)
  const watch = (events: ReadonlyArray<Parameters<typeof isContent>[0]>) =>
    Effect.sync(() => {
      if (call.firstContentAt === undefined && events.some(isContent)) {
        call.firstContentAt = clock.currentTimeMillisUnsafe() - start
      }
    })
  const program = arrival.isStream
    ? Stream.runForEachArray(kimi.stream(arrival.request), watch)
    : kimi.chat(arrival.request)
  return Effect.exit(program).pipe(
    Effect.map((exit) => {
      call.endedAt = clock.currentTimeMillisUnsafe() - start
      const outcome = outcomeOf(exit)
      if (outcome !== undefined) call.outcome = outcome
      else if (Exit.isFailure(exit) && Cause.hasDies(exit.cause)) {
        recorder.defect ??= Cause.die(Cause.squash(exit.cause))
      }
    }),
    Effect.provideService(CurrentCall, {
      outputTokens: arrival.outputTokens,
      onAttempt: (at) => {
        call.firstAttemptAt ??= at - start
      }
    }),
    arrival.tags === undefined ? (made) => made : CallOptions.provide(arrival.tags)
  )
}

const simulate = Effect.fnUntraced(function* <E>(options: Options<E>, start: number, duration: number) {
  const { client, faults = [], host = {}, layers, seed, traffic } = options
  const clock = yield* Clock.Clock
  const recorder = new Recorder()
  const virtual = yield* VirtualHost.make(host, faults, (attempt) => recorder.attempts.push(attempt)).pipe(
    Effect.provideService(Random.Random, yield* randomOf(seed, "host"))
  )
  const given = yield* loading(Layer.build(Layer.merge(CircuitBreaker.layer(), layers ?? Layer.empty)))
  const context = yield* loading(
    Layer.build(
      KimiClient.layerTransport.pipe(
        Layer.provide(Layer.succeed(ChatTransport, virtual.transport)),
        Layer.provide(KimiConfig.layer({ apiKey: Redacted.make("sk-virtual"), ...client })),
        Layer.provide(Layer.succeedContext(given))
      )
    )
  )
  const kimi = Context.get(context, KimiClient.KimiClient)
  yield* Effect.forkScoped(
    Stream.runForEach(Context.get(given, CircuitBreaker.CircuitBreaker).transitions, (transition) =>
      Effect.sync(() => recorder.transitions.push(transition))
    ),
    { startImmediately: true }
  )

  const running = new Set<Fiber.Fiber<void>>()
  for (const arrival of arrivalsOf(traffic, duration, yield* randomOf(seed, "traffic"))) {
    const wait = start + arrival.at - clock.currentTimeMillisUnsafe()
    if (wait > 0) yield* clock.sleep(Duration.millis(wait))
    const fiber = yield* Effect.forkChild(makeCall(kimi, clock, start, recorder, arrival), { startImmediately: true })
    running.add(fiber)
    fiber.addObserver(() => running.delete(fiber))
  }
  yield* Fiber.awaitAll([...running])
  if (recorder.defect !== undefined) return yield* Effect.failCause(recorder.defect)

  return summarize(recorder, {
    seed: String(seed),
    start,
    duration,
    stages: kimi.describe(),
    provider: virtual.transport.provider.id,
    limits: host.limits ?? VirtualHost.defaults.limits,
    periods: FaultScript.periodsOf(faults),
    peaks: yield* virtual.peaks
  })
})

/**
 * Runs a simulation and returns its report. It provides the clock, the
 * randomness and the host itself. Invalid options, including those of the
 * client, fail with a `ConfigurationError` that lists all issues.
 *
 * @category running
 * @since 0.1.0
 */
export const run = <E = never>(options: Options<E>): Effect.Effect<Report, ConfigurationError | E> =>
  Effect.suspend(() => {
    const issues = issuesOf(options)
    if (issues.length > 0) return Effect.fail(ConfigurationError.of(issues))
    const start = startOf(options)
    const duration = durationOf(options)
    return Effect.flatMap(randomOf(options.seed, "client"), (random) =>
      runVirtual(
        start,
        Effect.scoped(simulate(options, start, duration)).pipe(
          Effect.provideService(Random.Random, random),
          Effect.provideService(Digest.Digest, digest),
          // Spans of a simulation are not exported.
          Effect.withTracerEnabled(false)
        )
      )
    )
  })

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
export const compare = Effect.fnUntraced(function* <E = never>(
  options: CompareOptions<E>
): Effect.fn.Return<Comparison, ConfigurationError | E> {
  const { configurations, ...common } = options
  const issues = [...configurationIssues(configurations.map(({ name }) => name)), ...issuesOf(common)]
  if (issues.length > 0) return yield* Effect.fail(ConfigurationError.of(issues))
  const compared = yield* Effect.forEach(configurations, ({ client, host, layers, name }) =>
    Effect.map(run({ ...common, client, layers, host: { ...common.host, ...host } }), (report) => ({ name, report }))
  )
  return {
    seed: String(options.seed),
    start: compared[0]?.report.start ?? "",
    duration: durationOf(options),
    configurations: compared
  }
})
