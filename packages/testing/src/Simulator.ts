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
 * - Virtual time does not wait for promises or sockets. Stages that do, such
 *   as those on Redis, cannot be simulated.
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
import { summarize } from "./internal/simulator/summary.ts"
import { runVirtual } from "./internal/simulator/virtualTime.ts"
import * as FaultScript from "./simulator/FaultScript.ts"
import type { Report } from "./simulator/Report.ts"
import { CurrentCall } from "./simulator/SimulatedCall.ts"
import * as Traffic from "./simulator/Traffic.ts"
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
  /** Time during which calls arrive. The simulation ends with the last call. Defaults to 24 hours. */
  readonly duration?: Duration.Input | undefined
  /** Start of the simulated time in ISO 8601, on which prices depend. Defaults to `2026-11-23T00:00:00Z`. */
  readonly start?: string | undefined
  readonly traffic: Traffic.Options
  readonly host?: VirtualHost.Options | undefined
  readonly faults?: ReadonlyArray<FaultScript.Fault> | undefined
  /** Options of the client. The API key is optional. */
  readonly client?: KimiConfig.Options | undefined
  /** Services that replace those of the client, such as `CircuitBreaker.layer(…)`. They are built in virtual time. */
  readonly layers?: Layer.Layer<never, E> | undefined
}

type Issue = ConfigurationError["issues"][number]

/** All issues of the options. */
const issuesOf = ({ duration, faults, host, start, traffic }: Options<unknown>): ReadonlyArray<Issue> => {
  const issues: Array<Issue> = Traffic.issuesOf(traffic).map(([name, expected]) => ({
    name: `traffic.${name}`,
    expected
  }))
  for (const [index, fault] of (faults ?? []).entries()) {
    const problem = FaultScript.issueOf(fault)
    if (problem !== undefined) issues.push({ name: `faults[${index}].${problem[0]}`, expected: problem[1] })
  }
  for (const [name, expected] of VirtualHost.issuesOf(host ?? {})) issues.push({ name: `host.${name}`, expected })
  if (duration !== undefined) {
    const millis = Option.getOrUndefined(Option.map(Duration.fromInput(duration), Duration.toMillis))
    if (millis === undefined || !(millis > 0) || !Number.isFinite(millis)) {
      issues.push({ name: "duration", expected: "a finite duration over zero" })
    }
  }
  if (start !== undefined && !Number.isFinite(Date.parse(start))) {
    issues.push({ name: "start", expected: "a date and time in ISO 8601" })
  }
  return issues
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
    })
  )
}

const simulate = Effect.fnUntraced(function* <E>(options: Options<E>, start: number, duration: number) {
  const { client, faults = [], host = {}, layers, seed, traffic } = options
  const clock = yield* Clock.Clock
  const recorder = new Recorder()
  const virtual = yield* VirtualHost.make(host, faults, (attempt) => recorder.attempts.push(attempt)).pipe(
    Effect.provideService(Random.Random, yield* randomOf(seed, "host"))
  )
  const given = yield* Layer.build(Layer.merge(CircuitBreaker.layer(), layers ?? Layer.empty))
  const context = yield* Layer.build(
    KimiClient.layerTransport.pipe(
      Layer.provide(Layer.succeed(ChatTransport, virtual.transport)),
      Layer.provide(KimiConfig.layer({ apiKey: Redacted.make("sk-virtual"), ...client })),
      Layer.provide(Layer.succeedContext(given))
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
  for (const arrival of Traffic.arrivals(traffic, duration, yield* randomOf(seed, "traffic"))) {
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
    const start = Date.parse(options.start ?? "2026-11-23T00:00:00Z")
    const duration = Duration.toMillis(options.duration ?? "24 hours")
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
