/** Asks for the state of a batch until it has ended. */
import type { Batch } from "@kimi-effect/core/Batch"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import { TotalTimeoutError } from "@kimi-effect/core/TimeoutErrors"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { pollHost } from "../../../internal/pollHost.ts"
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

export const follow = <R>(
  get: Effect.Effect<Batch, Failure>,
  id: string,
  provider: string,
  { onState, timeout, ...pace }: FollowSettings<R>
): Effect.Effect<Batch, Failure, R> =>
  pollHost({
    ...pace,
    get,
    growth,
    timeout,
    onState: (batch) => Effect.as(onState(batch), BatchApi.isFinal(batch)),
    onTimeout: (failure: Failure | undefined) => tooLong(id, provider, timeout, failure),
    warning: `The state of the batch ${id} could not be read: the host is asked again until it can`
  })
