/** Runs a schedule in virtual time. */
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as MonotonicClock from "@kimi-effect/core/internal/MonotonicClock"
import * as BigDecimal from "effect/BigDecimal"
import * as Clock from "effect/Clock"
import * as Digest from "effect/crypto/Digest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as References from "effect/References"
import * as Scope from "effect/Scope"
import type { CallSchedule } from "../../schedule/CallSchedule.ts"
import * as FiberCounter from "../fiberCounter.ts"
import { service as digest } from "../simulator/digest.ts"
import { loading, runVirtual } from "../simulator/virtualTime.ts"
import * as Callers from "./callers.ts"
import * as ScheduleClients from "./clients.ts"
import * as Hosts from "./hosts.ts"
import * as Limits from "./limits.ts"
import type { RemainingUse, Money, Outcome } from "./Outcome.ts"
import type { Observations } from "./stageObservers.ts"
import { withWallClock } from "./wallClock.ts"

/** A Monday at noon, so that jumps of an hour stay within its day. */
const start = Date.parse("2026-11-23T12:00:00Z")

const numberOf = (amount: BigDecimal.BigDecimal): number => BigDecimal.toNumberUnsafe(amount)

/** What the services report as being in use. */
const remainingUse = Effect.fnUntraced(function* (
  { admission, budget, cache }: ScheduleClients.Clients,
  hosts: Hosts.Hosts,
  fibers: number
): Effect.fn.Return<RemainingUse> {
  const accounts = [...(yield* admission.states).values()]
  const scopes = yield* Effect.orDie(budget.state)
  const { flights, refreshes } = yield* cache.statistics
  return {
    permits: accounts.reduce((sum, account) => sum + account.inFlight, 0),
    waiting: accounts.reduce((sum, account) => sum + account.waiting, 0),
    flights: flights + refreshes.running,
    fibers,
    reservations: scopes.filter(({ reserved }) => !BigDecimal.isZero(reserved)).length,
    connections: hosts.log.filter(({ endedAt }) => endedAt === undefined).length
  }
})

const isIdle = (use: RemainingUse): boolean => Object.values(use).every((count) => count === 0)

/** Waits until nothing is in use, at most for the time in which it has to be. */
const awaitIdle = Effect.fnUntraced(function* (current: Effect.Effect<RemainingUse>) {
  for (let waited = 0; waited < Limits.settling; waited += 1_000) {
    if (isIdle(yield* current)) break
    yield* Effect.sleep("1 second")
  }
  return yield* current
})

const add = (amounts: Map<string, number>, name: string, amount: number): void => {
  amounts.set(name, (amounts.get(name) ?? 0) + amount)
}

const moneyOf = Effect.fnUntraced(function* ({ accounting, budget }: ScheduleClients.Clients): Effect.fn.Return<Money> {
  const spent = new Map<string, number>()
  for (const scope of yield* Effect.orDie(budget.state)) spent.set(scope.scope, numberOf(scope.spent))
  const recorded = new Map<string, number>()
  const reported = { attempts: 0, prompt: 0, output: 0 }
  let lostAttempts = 0
  for (const entry of yield* accounting.entries) {
    if (entry.outcome === "cached") continue
    add(recorded, entry.tenant, Option.match(entry.cost, { onNone: () => 0, onSome: ({ total }) => numberOf(total) }))
    if (entry.isEstimate) lostAttempts += entry.attempts
    else {
      reported.attempts += entry.attempts
      reported.prompt += entry.usage.prompt_tokens
      reported.output += entry.usage.completion_tokens
    }
  }
  return { spent, recorded, reported, lostAttempts }
})

const runCalls = <E>(
  schedule: CallSchedule,
  replacements: ScheduleClients.Replacements<E>,
  fibers: FiberCounter.FiberCounter,
  setClock: (millis: number) => void
): Effect.Effect<Outcome, E | ConfigurationError, Scope.Scope> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const origin = MonotonicClock.millisUnsafe(clock)
    const now = (): number => MonotonicClock.millisUnsafe(clock) - origin
    const observations: Observations = { misses: [], probes: new Map() }
    const hosts = Hosts.make(now)
    const clients = yield* loading(ScheduleClients.make(schedule.settings, hosts, replacements, now, observations))
    const idleFibers = fibers.active()
    const callers = schedule.calls.flatMap((call, index) => {
      const client = clients.clients[call.client] ?? clients.clients[0]
      return client === undefined ? [] : [Callers.make(client, call, index, now)]
    })
    const jumps = schedule.jumps.map(({ at, by }) =>
      Effect.andThen(
        Effect.sleep(Duration.millis(at)),
        Effect.sync(() => setClock(by))
      )
    )
    const running = yield* Effect.forEach([...callers.map(({ run }) => run), ...jumps], (run) =>
      Effect.forkChild(run, { startImmediately: true })
    )
    yield* Effect.timeoutOption(Fiber.awaitAll(running), Duration.millis(Limits.call))
    const ended = callers.map(({ received }) => ({ ...received }))
    yield* Fiber.interruptAll(running)
    const current = Effect.suspend(() => remainingUse(clients, hosts, Math.max(0, fibers.active() - idleFibers)))
    return {
      schedule,
      received: ended,
      log: hosts.log,
      observations,
      remainingUse: yield* awaitIdle(current),
      money: yield* moneyOf(clients)
    }
  })

/** Runs a schedule. A defect of the clients themselves fails as such. */
export const runSchedule = <E>(
  schedule: CallSchedule,
  replacements: ScheduleClients.Replacements<E>
): Effect.Effect<Outcome, E | ConfigurationError> =>
  Effect.suspend(() => {
    const fibers = FiberCounter.make()
    return runVirtual(
      start,
      withWallClock((set) => Effect.scoped(runCalls(schedule, replacements, fibers, set))).pipe(
        Effect.provideService(Metric.FiberRuntimeMetrics, fibers),
        Effect.provideService(Digest.Digest, digest),
        Effect.provideService(References.MinimumLogLevel, "None"),
        Effect.withTracerEnabled(false),
        Random.withSeed(schedule.seed)
      )
    )
  })
