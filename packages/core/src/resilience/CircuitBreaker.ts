/**
 * Stops calling a host that fails, and finds out by single probes when it is
 * back.
 *
 * Every key (host × model) has a circuit of its own; what a circuit does is
 * written in `Circuit`. What counts as a failure is a fact of the error:
 * network, timeouts, 5xx and overload do, rate limits and other 4xx do not,
 * and an interrupted call says nothing and gives its probe back.
 *
 * **Details**
 *
 * - A stream is judged by how it ends, and is slow when its first content came
 *   late. A consumer that leaves early says nothing.
 * - The open time follows a schedule, which begins anew when the circuit
 *   closes. A longer `retryAfter` of the failure wins over it.
 *
 * **Gotchas**
 *
 * - Retry belongs outside: a rejection is not retryable, and ends its loop.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as Pull from "effect/Pull"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { KimiError } from "../errors/KimiError.ts"
import { CircuitOpenError } from "../errors/ResilienceErrors.ts"
import { isContent, type StreamEvent } from "../models/StreamEvent.ts"
import * as Backoff from "./Backoff.ts"
import * as Circuit from "./Circuit.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options extends Omit<Circuit.Policy, "probeMillis"> {
  /** Time to first content from which a stream counts as slow. Defaults to 30 seconds. */
  readonly slowAfter: Duration.Duration
  /** Open times, one after the other. Defaults to 5 seconds doubling to 60, from half of it to all. */
  readonly openTime: Schedule.Schedule<unknown>
  /** Longest open time, whatever the schedule and the host say. Defaults to 5 minutes. */
  readonly maxOpenTime: Duration.Duration
  /** How long a probe may say nothing before another may go. Defaults to 20 minutes. */
  readonly probeTimeout: Duration.Duration
}

/**
 * The default of every option: open after 5 failures in a row, or at half of at
 * least 10 calls in a minute; one probe closes.
 *
 * @category options
 * @since 0.1.0
 */
export const defaults: Options = {
  consecutiveFailures: 5,
  failureRate: 0.5,
  window: { _tag: "Time", millis: 60_000 },
  minimumCalls: 10,
  halfOpenPermits: 1,
  halfOpenSuccesses: 1,
  slowAfter: Duration.seconds(30),
  openTime: Backoff.schedule({ base: Duration.seconds(5), cap: Duration.seconds(60), jitter: "equal" }),
  maxOpenTime: Duration.minutes(5),
  probeTimeout: Duration.minutes(20)
}

/**
 * A change of a circuit's state.
 *
 * @category models
 * @since 0.1.0
 */
export interface Transition {
  readonly key: string
  readonly from: Circuit.Circuit["_tag"]
  readonly to: Circuit.Circuit["_tag"]
  /** Unix milliseconds. */
  readonly at: number
}

/**
 * The circuits of a client.
 *
 * @category services
 * @since 0.1.0
 */
export class CircuitBreaker extends Context.Service<
  CircuitBreaker,
  {
    /** Makes an attempt if the key's circuit permits it, and tells the circuit how it ended. */
    readonly guard: (
      key: string
    ) => <A, E extends KimiError, R>(attempt: Effect.Effect<A, E, R>) => Effect.Effect<A, E | CircuitOpenError, R>
    /** The same for a stream, which is judged by how it ends. */
    readonly guardStream: (
      key: string
    ) => <E extends KimiError, R>(
      attempt: Stream.Stream<StreamEvent, E, R>
    ) => Stream.Stream<StreamEvent, E | CircuitOpenError, R>
    /** Every circuit by its key, as data that `restore` takes back. */
    readonly states: Effect.Effect<ReadonlyMap<string, Circuit.Circuit>>
    /** Puts circuits into the given states. */
    readonly restore: (states: ReadonlyMap<string, Circuit.Circuit>) => Effect.Effect<void>
    /** Rejects every call of the key until it is reset. */
    readonly isolate: (key: string) => Effect.Effect<void>
    /** Opens the circuit for its next open time, as failures would. */
    readonly forceOpen: (key: string) => Effect.Effect<void>
    /** Permits every call of the key until it is reset. */
    readonly forceClosed: (key: string) => Effect.Effect<void>
    /** Puts the circuit back to its beginning. */
    readonly reset: (key: string) => Effect.Effect<void>
    /** Changes of state as they happen. */
    readonly transitions: Stream.Stream<Transition>
  }
>()("@kimi-effect/core/resilience/CircuitBreaker") {}

interface Entry {
  circuit: Circuit.Circuit
  /** The open time that the next opening takes. It is at hand before it is needed, so that a transition never waits. */
  openMillis: number
}

const stateName = { Open: "open", HalfOpen: "half-open", Isolated: "isolated" } as const

const rejection = (key: string, tag: keyof typeof stateName, retryAfter: number | undefined): CircuitOpenError =>
  new CircuitOpenError({
    message: `The circuit of ${key} is ${stateName[tag]}; the call was not sent`,
    key,
    state: stateName[tag],
    ...(retryAfter === undefined ? {} : { retryAfter: Duration.millis(retryAfter) })
  })

/** A restored circuit in the place of a live one: calls that run now say nothing of it, and its probes are gone. */
const adopt = (restored: Circuit.Circuit, live: Circuit.Circuit): Circuit.Circuit => {
  const epoch = Math.max(restored.epoch, live.epoch) + 1
  return restored._tag === "HalfOpen" ? { ...restored, epoch, probes: [] } : { ...restored, epoch }
}

/**
 * Circuits in this process.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Partial<Options> = {}): Effect.Effect<CircuitBreaker["Service"]> =>
  Effect.gen(function* () {
    const given: Options = { ...defaults, ...options }
    const policy: Circuit.Policy = { ...given, probeMillis: Duration.toMillis(given.probeTimeout) }
    const maxOpen = Duration.toMillis(given.maxOpenTime)
    const slowMillis = Duration.toMillis(given.slowAfter)
    const clock = yield* Clock.Clock
    const transitions = yield* PubSub.sliding<Transition>(256)
    const entries = new Map<string, Entry>()
    const schedules = new Map<
      string,
      (now: number, input: unknown) => Pull.Pull<[unknown, Duration.Duration], unknown>
    >()

    const stepOf = (key: string) =>
      Effect.suspend(() => {
        const known = schedules.get(key)
        if (known !== undefined) return Effect.succeed(known)
        return Effect.map(Schedule.toStep(given.openTime), (step) => {
          schedules.set(key, step)
          return step
        })
      })

    /** The schedule's next open time; its last one again when it is done. */
    const prepare = (key: string, entry: Entry): Effect.Effect<void> =>
      Effect.flatMap(stepOf(key), (step) =>
        Effect.match(step(clock.currentTimeMillisUnsafe(), undefined), {
          onSuccess: ([, wait]) => {
            entry.openMillis = Duration.toMillis(wait)
          },
          onFailure: () => undefined
        })
      )

    const entryOf = (key: string): Effect.Effect<Entry> =>
      Effect.suspend(() => {
        const known = entries.get(key)
        if (known !== undefined) return Effect.succeed(known)
        const entry: Entry = { circuit: Circuit.closed(policy), openMillis: 0 }
        entries.set(key, entry)
        return Effect.as(prepare(key, entry), entry)
      })

    /** Moves a circuit on, and tells whoever listens. */
    const move = (key: string, entry: Entry, circuit: Circuit.Circuit): Effect.Effect<void> => {
      const from = entry.circuit
      entry.circuit = circuit
      if (from._tag === circuit._tag) return Effect.void
      if (circuit._tag === "Closed") schedules.delete(key)
      const next = circuit._tag === "Open" || circuit._tag === "Closed" ? prepare(key, entry) : Effect.void
      const transition = { key, from: from._tag, to: circuit._tag, at: clock.currentTimeMillisUnsafe() }
      return Effect.andThen(next, Effect.asVoid(PubSub.publish(transitions, transition)))
    }

    const openUntil = (entry: Entry, now: number, retryAfter = 0): number =>
      now + Math.min(maxOpen, Math.max(entry.openMillis, retryAfter))

    const acquire = (key: string, entry: Entry): Effect.Effect<Circuit.Permit, CircuitOpenError> =>
      Effect.suspend(() => {
        const { circuit, ...acquired } = Circuit.acquire(entry.circuit, policy, clock.currentTimeMillisUnsafe())
        if (acquired.permit !== undefined) {
          // Nearly every call: the circuit is as it was.
          if (circuit === entry.circuit) return Effect.succeed(acquired.permit)
          return Effect.as(move(key, entry, circuit), acquired.permit)
        }
        return circuit._tag === "Closed" || circuit._tag === "ForcedClosed"
          ? Effect.die(new Error("A closed circuit rejected a call"))
          : Effect.andThen(move(key, entry, circuit), Effect.fail(rejection(key, circuit._tag, acquired.retryAfter)))
      })

    const settle = (key: string, entry: Entry, permit: Circuit.Permit, outcome: Circuit.Outcome, retryAfter?: number) =>
      Effect.suspend(() => {
        const now = clock.currentTimeMillisUnsafe()
        const until = openUntil(entry, now, retryAfter)
        return move(key, entry, Circuit.settle(entry.circuit, policy, permit, outcome, now, until))
      })

    /** Only a typed failure speaks of the host: interruption and our own defects do not. */
    const verdict = <E extends KimiError>(cause: Cause.Cause<E>): readonly [Circuit.Outcome, number | undefined] => {
      const error = Cause.hasInterrupts(cause) ? undefined : Option.getOrUndefined(Cause.findErrorOption(cause))
      const wait = error?.retryAfter === undefined ? undefined : Duration.toMillis(error.retryAfter)
      return [error?.breaker === "failure" ? "failure" : "ignored", wait]
    }

    /** Opens a guarded stream. Its circuit is told once; a consumer that leaves early says nothing. */
    const begin = Effect.fnUntraced(function* <E, R>(
      key: string,
      attempt: Stream.Stream<StreamEvent, E, R>,
      scope: Scope.Scope,
      restore: <B, E2, R2>(effect: Effect.Effect<B, E2, R2>) => Effect.Effect<B, E2, R2>
    ) {
      const entry = yield* entryOf(key)
      const permit = yield* acquire(key, entry)
      let isSettled = false
      const finish = (outcome: Circuit.Outcome, retryAfter?: number) =>
        Effect.suspend(() => {
          if (isSettled) return Effect.void
          isSettled = true
          return settle(key, entry, permit, outcome, retryAfter)
        })
      yield* Scope.addFinalizer(scope, finish("ignored"))
      const startedAt = clock.currentTimeMillisUnsafe()
      // Some streams begin their work before the first pull; left there, the scope gives the permit back.
      return { finish, pull: yield* restore(Channel.toPullScoped(attempt.channel, scope)), startedAt }
    })

    const guard: CircuitBreaker["Service"]["guard"] = (key) => (attempt) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(entryOf(key), (entry) =>
          Effect.flatMap(acquire(key, entry), (permit) =>
            Effect.onExit(restore(attempt), (exit) =>
              Exit.isSuccess(exit)
                ? settle(key, entry, permit, "success")
                : settle(key, entry, permit, ...verdict(exit.cause))
            )
          )
        )
      )

    const guardStream: CircuitBreaker["Service"]["guardStream"] =
      (key) =>
      <E extends KimiError, R>(attempt: Stream.Stream<StreamEvent, E, R>) =>
        Stream.fromChannel(
          Channel.fromTransform((_: unknown, scope: Scope.Scope) =>
            Effect.uninterruptibleMask((restore) =>
              Effect.map(begin(key, attempt, scope, restore), ({ finish, pull, startedAt }) => {
                let firstContent: number | undefined
                return Pull.matchEffect(pull, {
                  onSuccess: (events) => {
                    if (firstContent === undefined && events.some(isContent)) {
                      firstContent = clock.currentTimeMillisUnsafe()
                    }
                    return Effect.succeed(events)
                  },
                  onFailure: (cause: Cause.Cause<E>) =>
                    Effect.andThen(finish(...verdict(cause)), Effect.failCause(cause)),
                  onDone: () => {
                    const isSlow = (firstContent ?? startedAt) - startedAt >= slowMillis
                    return Effect.andThen(finish(isSlow ? "slow" : "success"), Cause.done())
                  }
                })
              })
            )
          )
        )

    const force = (key: string, next: (entry: Entry) => Circuit.Circuit) =>
      Effect.flatMap(entryOf(key), (entry) => Effect.suspend(() => move(key, entry, next(entry))))

    return CircuitBreaker.of({
      guard,
      guardStream,
      states: Effect.sync(() => new Map([...entries].map(([key, { circuit }]) => [key, circuit]))),
      restore: (states) =>
        Effect.forEach([...states], ([key, circuit]) => force(key, (entry) => adopt(circuit, entry.circuit)), {
          discard: true
        }),
      isolate: (key) => force(key, ({ circuit }) => ({ _tag: "Isolated", epoch: circuit.epoch + 1 })),
      forceOpen: (key) =>
        force(key, (entry) => Circuit.open(entry.circuit, openUntil(entry, clock.currentTimeMillisUnsafe()))),
      forceClosed: (key) => force(key, ({ circuit }) => ({ _tag: "ForcedClosed", epoch: circuit.epoch + 1 })),
      reset: (key) => force(key, ({ circuit }) => Circuit.closed(policy, circuit.epoch + 1)),
      transitions: Stream.fromPubSub(transitions)
    })
  })

/**
 * Circuits in this process.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options?: Partial<Options>): Layer.Layer<CircuitBreaker> =>
  Layer.effect(CircuitBreaker, make(options))

/**
 * No circuits: every call is made.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerOff: Layer.Layer<CircuitBreaker> = Layer.succeed(CircuitBreaker, {
  guard: () => (attempt) => attempt,
  guardStream: () => (attempt) => attempt,
  states: Effect.succeed(new Map()),
  restore: () => Effect.void,
  isolate: () => Effect.void,
  forceOpen: () => Effect.void,
  forceClosed: () => Effect.void,
  reset: () => Effect.void,
  transitions: Stream.empty
})
