/** Asks for the state of a batch until it has ended. */
import type { Batch } from "@kimi-effect/core/Batch"
import * as MonotonicClock from "@kimi-effect/core/internal/MonotonicClock"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import { TotalTimeoutError } from "@kimi-effect/core/TimeoutErrors"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as BatchApi from "../../BatchApi.ts"
import type { FollowOptions } from "../../HostBatch.ts"
import { type RetryPolicy, retried } from "./retried.ts"

/** How often the status of a batch is requested. */
export interface FollowSettings<R = never> {
  readonly interval: Duration.Duration
  readonly maxInterval: Duration.Duration
  readonly timeout: Duration.Duration
  readonly retry: RetryPolicy
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

const tooLong = (id: string, provider: string, timeout: Duration.Duration): TotalTimeoutError =>
  new TotalTimeoutError({
    message: `The batch ${id} had not ended after ${Duration.format(timeout)}; it continues at the host`,
    provider,
    timeout
  })

export const follow = <R>(
  get: Effect.Effect<Batch, BatchApi.BatchIdError>,
  id: string,
  provider: string,
  { interval, maxInterval, onState, retry, timeout }: FollowSettings<R>
): Effect.Effect<Batch, BatchApi.BatchIdError, R> =>
  Effect.flatMap(MonotonicClock.millis, (startedAt) => {
    const endsAt = startedAt + Duration.toMillis(timeout)
    const longest = Duration.toMillis(maxInterval)
    const poll = (pause: number): Effect.Effect<Batch, BatchApi.BatchIdError, R> =>
      Effect.gen(function* () {
        const batch = yield* retried(retry, () => get)
        yield* onState(batch)
        if (BatchApi.isFinal(batch)) return batch
        const left = endsAt - (yield* MonotonicClock.millis)
        if (left <= 0) return yield* tooLong(id, provider, timeout)
        yield* Effect.sleep(Duration.millis(Math.min(pause, left)))
        return yield* poll(Math.min(longest, Math.ceil(pause * growth)))
      })
    return poll(Math.min(longest, Duration.toMillis(OptionRules.durationOf(interval))))
  })
