/** Asks for the state of a batch until it has ended. */
import type { Batch } from "@kimi-effect/core/Batch"
import * as MonotonicClock from "@kimi-effect/core/internal/MonotonicClock"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import { TotalTimeoutError } from "@kimi-effect/core/TimeoutErrors"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as BatchApi from "../../BatchApi.ts"
import type { FollowOptions } from "../../HostBatch.ts"

/** How often the status of a batch is requested. */
export interface FollowSettings<R = never> {
  readonly interval: Duration.Duration
  readonly maxInterval: Duration.Duration
  readonly timeout: Duration.Duration
  readonly onState: (batch: Batch) => Effect.Effect<unknown, never, R>
}

/** A pause of nothing would ask the host without end. */
export const followRules = (
  options: Pick<FollowOptions, "interval" | "maxInterval" | "timeout">
): ReadonlyArray<OptionRules.Rule> => [
  OptionRules.millisecondDuration("interval", options.interval),
  OptionRules.millisecondDuration("maxInterval", options.maxInterval),
  OptionRules.positiveDuration("timeout", options.timeout)
]

/** A host that is slow to answer for hours is asked less and less. */
const growth = 1.5

type Failure = BatchApi.BatchIdError

const tooLong = (
  id: string,
  provider: string,
  timeout: Duration.Duration,
  failure: Failure | undefined
): TotalTimeoutError =>
  new TotalTimeoutError({
    message: `The batch ${id} had not ended after ${Duration.format(timeout)}; it continues at the host${
      failure === undefined ? "" : `, which could not be asked at last: ${failure.message}`
    }`,
    provider,
    timeout,
    batchId: id,
    fix: `Collect it later with HostBatch.resume(${JSON.stringify(id)}), or raise the option timeout.`
  })

/** What is known of the host after some requests. */
interface Known {
  /** Milliseconds before the next request. */
  readonly pause: number
  /** Of the last request. */
  readonly failure: Failure | undefined
}

/** A request that fails as long as the host has an outage, which a batch of days outlasts. */
const failed = (id: string, failure: Failure, { failure: earlier }: Known): Effect.Effect<void, Failure> => {
  if (!failure.isRetryable) return Effect.fail(failure)
  return earlier === undefined
    ? Effect.logWarning(`The state of the batch ${id} could not be read: the host is asked again until it can`, failure)
    : Effect.void
}

/** A host that asks for a longer pause gets it. */
const pauseAfter = ({ pause }: Known, failure: Failure | undefined): number =>
  Math.max(pause, failure?.retryAfter === undefined ? 0 : Duration.toMillis(failure.retryAfter))

export const follow = <R>(
  get: Effect.Effect<Batch, Failure>,
  id: string,
  provider: string,
  { interval, maxInterval, onState, timeout }: FollowSettings<R>
): Effect.Effect<Batch, Failure, R> =>
  Effect.flatMap(MonotonicClock.millis, (startedAt) => {
    const endsAt = startedAt + Duration.toMillis(timeout)
    const longest = Duration.toMillis(maxInterval)
    const left = Effect.map(MonotonicClock.millis, (now) => Math.max(0, endsAt - now))
    const poll = (known: Known): Effect.Effect<Batch, Failure, R> =>
      Effect.gen(function* () {
        const end = Effect.suspend(() => Effect.fail(tooLong(id, provider, timeout, known.failure)))
        const duration = yield* left
        if (duration === 0) return yield* end
        const asked = yield* Effect.timeoutOrElse(Effect.result(get), { duration, orElse: () => end })
        const failure = Result.isFailure(asked) ? asked.failure : undefined
        if (Result.isSuccess(asked)) {
          yield* onState(asked.success)
          if (BatchApi.isFinal(asked.success)) return asked.success
        } else yield* failed(id, asked.failure, known)
        yield* Effect.sleep(Math.min(pauseAfter(known, failure), yield* left))
        return yield* poll({ pause: Math.min(longest, Math.ceil(known.pause * growth)), failure })
      })
    return poll({ pause: Math.min(longest, Duration.toMillis(interval)), failure: undefined })
  })
