/**
 * Circuits in a map that keep every law of the contract, or every law but one: `broken`
 * names the one.
 */
import type { CircuitBreaker, Transition } from "@kimi-effect/core/CircuitBreaker"
import { isKimiError } from "@kimi-effect/core/KimiError"
import { CircuitOpenError } from "@kimi-effect/core/ResilienceErrors"
import { Cause, Clock, Duration, Effect, Exit, Option, PubSub, Stream } from "effect"
import type { Settings } from "../../../src/contract/CircuitBreakerContract.ts"

type Circuits = CircuitBreaker["Service"]
type Tag = Transition["from"]
type State = Effect.Success<Circuits["states"]> extends ReadonlyMap<string, infer Circuit> ? Circuit : never
type Guard = Circuits["guard"]
type Permit = Effect.Success<ReturnType<Circuits["acquire"]>>
type Classifier = NonNullable<Parameters<Circuits["guard"]>[1]>

interface Entry {
  tag: Tag
  life: number
  failures: number
  until: number
  isProbing: boolean
}

const byFacts: Classifier = {
  isFailure: (error) => !isKimiError(error) || error.breaker === "failure",
  retryAfter: (error) => (isKimiError(error) ? error.retryAfter : undefined)
}

const toState = ({ life, tag, until }: Entry): State => {
  switch (tag) {
    case "Closed":
      return { _tag: tag, epoch: life, consecutiveFailures: 0, windowState: { _tag: "Count" } as never }
    case "HalfOpen":
      return { _tag: tag, epoch: life, successes: 0, lastProbeId: 0, probes: [], expiredProbes: [] }
    case "Open":
      return { _tag: tag, epoch: life, until }
    default:
      return { _tag: tag, epoch: life }
  }
}

const copyOf = <E>(error: E): E => (isKimiError(error) && error._tag === "ServerError" ? { ...error } : error)

const stateNames: Partial<Record<Tag, CircuitOpenError["state"]>> = { Isolated: "isolated", HalfOpen: "half-open" }

export const make = (settings: Settings, broken?: string): Effect.Effect<Circuits> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const published = yield* PubSub.sliding<Transition>(64)
    const entries = new Map<string, Entry>()
    const breaks = (law: string) => law === broken
    const now = () => clock.currentTimeMillisUnsafe()
    const entryOf = (key: string): Entry => {
      const known = entries.get(key)
      if (known !== undefined) return known
      const entry: Entry = { tag: "Closed", life: 0, failures: 0, until: 0, isProbing: false }
      entries.set(key, entry)
      return entry
    }

    const set = (key: string, to: Tag, until = 0): void => {
      const entry = entryOf(key)
      const from = entry.tag
      Object.assign(entry, { tag: to, until, failures: 0, isProbing: false, life: entry.life + 1 })
      if (from === to || breaks("emits each change of state once")) return
      PubSub.publishUnsafe(published, { key, from, to, at: now() })
    }
    const force = (law: string, key: string, to: Tag, until?: () => number) =>
      Effect.sync(() => (breaks(law) ? undefined : set(key, to, until?.())))
    const openUntil = () => now() + Duration.toMillis(settings.openDuration)

    const rejection = (key: string): CircuitOpenError => {
      const { tag, until } = entryOf(key)
      const late = breaks("rejects with the key, the state, the remaining wait") ? 1_000 : 0
      const rest = tag === "Open" ? { retryAfter: Duration.millis(until - now() + late) } : {}
      return new CircuitOpenError({ message: "rejected", key, state: stateNames[tag] ?? "open", ...rest })
    }

    const record = (key: string, life: number, outcome: Parameters<Permit["record"]>[0], retryAfter = 0): void => {
      const entry = entryOf(key)
      const isProbe = entry.tag === "HalfOpen"
      if (entry.life !== life && !breaks("does not count an attempt that began before a reset")) return
      if (isProbe) entry.isProbing = false
      if (outcome === "failure") {
        entry.failures += 1
        const isLate = breaks("opens after the configured number of failures in a row")
        const opens = isProbe
          ? !breaks("opens again when its probe fails")
          : entry.tag === "Closed" && entry.failures >= settings.failures + (isLate ? 1 : 0)
        const wait = breaks("stays open for the wait that a failure requests") ? 0 : retryAfter
        if (opens) set(key, "Open", Math.max(openUntil(), now() + wait))
        else if (isProbe) set(key, "Closed")
      } else if (outcome === "success") {
        if (isProbe) set(key, breaks("closes when its probe succeeds") ? "Open" : "Closed")
        else if (!breaks("starts a new row of failures after a success")) entry.failures = 0
      }
    }

    const admit = (key: string): Effect.Effect<number, CircuitOpenError> =>
      Effect.suspend(() => {
        const entry = entryOf(key)
        if (entry.tag === "Open" && entry.until <= now()) set(key, "HalfOpen")
        if (breaks("separates the circuits of keys") && [...entries.values()].some(({ tag }) => tag === "Open")) {
          return Effect.fail(rejection(key))
        }
        if (entry.tag === "Closed" || entry.tag === "ForcedClosed") return Effect.succeed(entry.life)
        if (entry.tag !== "HalfOpen") return Effect.fail(rejection(key))
        if (entry.isProbing && !breaks("permits one probe at a time after the open duration")) {
          return Effect.fail(rejection(key))
        }
        entry.isProbing = true
        return Effect.succeed(entry.life)
      })

    const settle = (key: string, life: number, exit: Exit.Exit<unknown, unknown>, given: Classifier): void => {
      if (Exit.isSuccess(exit)) return record(key, life, "success")
      const isProbe = entryOf(key).tag === "HalfOpen"
      const classifier = breaks("counts the errors that the caller classifies as failures") ? byFacts : given
      const error = Option.getOrUndefined(Cause.findErrorOption(exit.cause))
      if (Cause.hasInterrupts(exit.cause)) {
        if (isProbe && breaks("permits the next probe when one is interrupted")) return
        return record(key, life, !isProbe && breaks("does not count interrupted attempts") ? "failure" : "ignored")
      }
      if (error === undefined) return record(key, life, breaks("does not count defects") ? "failure" : "ignored")
      if (classifier.isFailure(error)) {
        return record(key, life, "failure", Duration.toMillis(classifier.retryAfter(error) ?? Duration.zero))
      }
      if (isProbe && breaks("permits the next probe when the outcome of one does not count")) return
      const isCounted = !isProbe && isKimiError(error)
      const counts = isCounted && breaks("does not count errors for which the host is not to blame")
      record(key, life, counts ? "failure" : "ignored")
    }

    const guard: Guard = (key, classifier) => (attempt) =>
      Effect.uninterruptibleMask((restore) => {
        const admitted = breaks("makes no attempt while a circuit is open")
          ? Effect.tapError(admit(key), () => Effect.exit(attempt))
          : admit(key)
        return Effect.flatMap(admitted, (life) =>
          Effect.onExit(restore(attempt), (exit) =>
            Effect.sync(() => settle(key, life, exit, (classifier ?? byFacts) as Classifier))
          )
        ).pipe(Effect.map((value) => value))
      })

    /** Passes on a copy of the error in place of the error. */
    const copyingGuard: Guard = (key, classifier) => (attempt) =>
      Effect.mapError(guard(key, classifier)(attempt), copyOf)

    const repeatingGuard: Guard = (key, classifier) => (attempt) =>
      guard(key, classifier)(Effect.andThen(Effect.exit(attempt), attempt))

    const brokenGuard = breaks("makes a permitted attempt once") ? repeatingGuard : guard

    return {
      guard: breaks("passes on the result of a permitted attempt") ? copyingGuard : brokenGuard,
      acquire: (key) =>
        Effect.map(admit(key), (life) => ({
          record: (outcome, retryAfter) =>
            Effect.sync(() => {
              if (!breaks("counts the outcomes that are recorded on permits")) record(key, life, outcome, retryAfter)
            })
        })),
      slowAfter: Duration.infinity,
      watch: (key) => {
        const { life } = entryOf(key)
        return () => {
          const entry = entryOf(key)
          if (breaks("permits a watched call whose circuit stays closed") && entry.failures > 0) return rejection(key)
          if (breaks("rejects a watched call whose circuit opens")) return undefined
          return entry.life === life || entry.tag === "Closed" || entry.tag === "ForcedClosed"
            ? undefined
            : rejection(key)
        }
      },
      states: Effect.sync(() => {
        const states = [...entries].map(([key, entry]) => [key, toState(entry)] as const)
        return new Map(breaks("reports the state of every circuit in use") ? states.slice(0, 1) : states)
      }),
      restore: (states) =>
        Effect.forEach(
          states,
          ([key, state]) =>
            force("restores an open circuit", key, state._tag, () => (state._tag === "Open" ? state.until : 0)),
          { discard: true }
        ),
      isolate: (key) => force("rejects every call of an isolated circuit until it is reset", key, "Isolated"),
      forceOpen: (key) => force("opens a circuit on request", key, "Open", openUntil),
      forceClosed: (key) => force("permits every call of a circuit that is forced closed", key, "ForcedClosed"),
      reset: (key) =>
        Effect.sync(() => {
          if (breaks("closes an open circuit that is reset") && entryOf(key).tag === "Open") return
          set(key, "Closed")
        }),
      transitions: Stream.fromPubSub(published),
      options: {}
    }
  })
