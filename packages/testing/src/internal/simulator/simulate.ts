/** Runs simulations. It is loaded by the first one, with the client that it runs. */
import { ChatTransport } from "@kimi-effect/client/ChatTransport"
import * as KimiClient from "@kimi-effect/client/KimiClient"
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
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
import { service as digest } from "./digest.ts"
import { type RecordedCall, Recorder } from "./Recorder.ts"
import { arrivalsOf, configurationIssues, durationOf, issuesOf, startOf } from "./simulationOptions.ts"
import { summarize } from "./summary.ts"
import { loading, runVirtual } from "./virtualTime.ts"
import type { CompareOptions, Options } from "../../Simulator.ts"
import * as FaultScript from "../../simulator/FaultScript.ts"
import type { Comparison } from "../../simulator/Comparison.ts"
import type { Report } from "../../simulator/Report.ts"
import { CurrentCall } from "../../simulator/SimulatedCall.ts"
import type * as Traffic from "../../simulator/Traffic.ts"
import * as VirtualHost from "../../simulator/VirtualHost.ts"

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
