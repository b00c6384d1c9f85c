/** Asks a host for the state of something that it works on until that has ended, also through outages of the host. */
import type { KimiError } from "@kimi-effect/core/KimiError"
import * as MonotonicClock from "@kimi-effect/core/internal/MonotonicClock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"

/** How often a host is asked. */
interface Pace {
  /** The first pause between two polls. */
  readonly interval: Duration.Duration
  /** The longest pause. */
  readonly maxInterval: Duration.Duration
  /** By what each pause is multiplied for the next one. */
  readonly growth: number
  /** The longest wait, also for one answer. */
  readonly timeout: Duration.Duration
}

/** What the host works on. */
interface Subject<A, E, E2, R> extends Pace {
  readonly get: Effect.Effect<A, E>
  /** Gets each state, and returns whether it is the last one. */
  readonly onState: (state: A) => Effect.Effect<boolean, E2, R>
  /** The error after the longest wait. It gets the failure of the last poll. */
  readonly onTimeout: (failure: E | undefined) => E2
  /** Logged at the first failure of an outage. */
  readonly warning: string
}

/** What is known of the host after some polls. */
interface Known<E> {
  /** Milliseconds before the next poll. */
  readonly pause: number
  /** Of the last poll. */
  readonly failure: E | undefined
}

/** A host that asks for a longer pause gets it. */
const pauseAfter = <E extends KimiError>({ pause }: Known<E>, failure: E | undefined): number =>
  Math.max(pause, failure?.retryAfter === undefined ? 0 : Duration.toMillis(failure.retryAfter))

export const pollHost = <A, E extends KimiError, E2, R>({
  get,
  growth,
  interval,
  maxInterval,
  onState,
  onTimeout,
  timeout,
  warning
}: Subject<A, E, E2, R>): Effect.Effect<A, E | E2, R> =>
  Effect.flatMap(MonotonicClock.millis, (startedAt) => {
    const endsAt = startedAt + Duration.toMillis(timeout)
    const longest = Duration.toMillis(maxInterval)
    const left = Effect.map(MonotonicClock.millis, (now) => Math.max(0, endsAt - now))
    /** A poll that fails as long as the host has an outage, which the work of the host outlasts. */
    const failed = (failure: E, { failure: earlier }: Known<E>): Effect.Effect<void, E> => {
      if (!failure.isRetryable) return Effect.fail(failure)
      return earlier === undefined ? Effect.logWarning(warning, failure) : Effect.void
    }
    const poll = (known: Known<E>): Effect.Effect<A, E | E2, R> =>
      Effect.gen(function* () {
        const end = Effect.suspend(() => Effect.fail(onTimeout(known.failure)))
        const duration = yield* left
        if (duration === 0) return yield* end
        const asked = yield* Effect.timeoutOrElse(Effect.result(get), { duration, orElse: () => end })
        const failure = Result.isFailure(asked) ? asked.failure : undefined
        if (Result.isSuccess(asked)) {
          if (yield* onState(asked.success)) return asked.success
        } else yield* failed(asked.failure, known)
        yield* Effect.sleep(Math.min(pauseAfter(known, failure), yield* left))
        return yield* poll({ pause: Math.min(longest, Math.ceil(known.pause * growth)), failure })
      })
    return poll({ pause: Math.min(longest, Duration.toMillis(interval)), failure: undefined })
  })
