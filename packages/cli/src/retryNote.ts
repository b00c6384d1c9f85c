/** Reports that a call is repeated, which may take minutes in which a command would otherwise write nothing. */
import * as Backoff from "@kimi-effect/core/Backoff"
import type { Call } from "@kimi-effect/core/Call"
import * as CallDeadline from "@kimi-effect/core/internal/CallDeadline"
import * as MonotonicClock from "@kimi-effect/core/internal/MonotonicClock"
import type * as KimiConfig from "@kimi-effect/core/KimiConfig"
import type { KimiError } from "@kimi-effect/core/KimiError"
import * as Pipeline from "@kimi-effect/core/Pipeline"
import * as Retry from "@kimi-effect/core/Retry"
import * as Stage from "@kimi-effect/core/Stage"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import { messageOf } from "./hints.ts"
import * as Output from "./output.ts"
import { timeText } from "./timeText.ts"

/** The time after a failure in which most waits are over. A call that is not repeated fails before. */
const delay = "1 second"

interface Failure {
  readonly error: KimiError
  /** How long the attempt took, in milliseconds. */
  readonly took: number
  /** Milliseconds that the deadline of the call leaves; infinite without one. */
  readonly left: number
}

/** The most attempts that a call makes after this error. */
const attemptsOf = ({ ambiguous, maxAttempts }: Retry.Values, { limits }: Call, { billing }: KimiError): number => {
  const most = limits?.maxAttempts ?? maxAttempts
  return billing === "possible" ? Math.min(most, 1 + ambiguous) : most
}

/** The longest time, in milliseconds, for the waits and for further attempts that fail as this one and take as long. */
const retryTimeOf = (values: Retry.Values, count: number, { error, took }: Failure): number => {
  // The host names no wait in some refusals, which are then repeated later than other failures.
  const floor = error._tag === "RateLimitError" ? values.maxDelay : (error.retryAfter ?? Duration.zero)
  let [previous, sum] = [Duration.toMillis(values.baseDelay), 0]
  for (let attempt = 1; attempt < count; attempt++) {
    previous = Backoff.bounds(values, attempt, previous)[1]
    sum += took + Math.max(previous, Duration.toMillis(floor))
  }
  return sum
}

/** What is left of the time for all attempts, which began with this one, and of that for the call. */
const leftOf = ({ maxElapsed }: Retry.Values, { left, took }: Failure): number =>
  Math.min(Duration.toMillis(maxElapsed) - took, left)

export const text = (config: KimiConfig.Values, call: Call, failure: Failure): string => {
  const values = Retry.fromConfig(config)
  const count = attemptsOf(values, call, failure.error)
  const retryTime = retryTimeOf(values, count, failure)
  const left = leftOf(values, failure)
  // Only the limits hold for attempts that take longer than this one.
  const time = retryTime < left ? `${timeText(retryTime)} if they fail as this one` : timeText(left)
  return `kimi: ${Output.plain(messageOf(failure.error))}; trying again (attempt 2 of ${count}, for up to ${time})`
}

/** Dim in a terminal. */
const write = Effect.fnUntraced(function* (line: string) {
  const { canColor } = yield* TerminalCapabilities.TerminalCapabilities
  const isTerminal = yield* (yield* Stdio.Stdio).stderrIsTerminal
  yield* Output.note(canColor && isTerminal ? `\u001b[2m${line}\u001b[22m` : line)
})

/** The attempts of one call. The first of them that is made again is reported, and no further one. */
class Attempts {
  readonly #failure = Deferred.makeUnsafe<Failure>()
  readonly #report: Effect.Effect<void>
  #startedAt = 0

  constructor(report: (failure: Failure) => Effect.Effect<void>) {
    let isReported = false
    this.#report = Effect.flatMap(Deferred.await(this.#failure), (failure) => {
      if (isReported) return Effect.void
      isReported = true
      return report(failure)
    })
  }

  /** An attempt begins: it is a further one if another has failed. */
  begin(): Effect.Effect<void> {
    return Effect.flatMap(MonotonicClock.millis, (now) => {
      this.#startedAt = now
      return Deferred.isDoneUnsafe(this.#failure) ? this.#report : Effect.void
    })
  }

  fail(error: KimiError): Effect.Effect<unknown> {
    return Effect.flatMap(Effect.all([MonotonicClock.millis, CallDeadline.remainingMillis]), ([now, left]) =>
      Deferred.succeed(this.#failure, { error, took: now - this.#startedAt, left })
    )
  }

  /** Reports a long wait while it lasts. */
  watch(): Effect.Effect<void> {
    return Deferred.await(this.#failure).pipe(Effect.andThen(Effect.sleep(delay)), Effect.andThen(this.#report))
  }
}

/** A stage around the retries of a call, and one around each attempt. The report ends with the call. */
export const edits = (report: (call: Call, failure: Failure) => Effect.Effect<void>): ReadonlyArray<Pipeline.Edit> => {
  const running = new WeakMap<Call, Attempts>()
  const watched = (call: Call) => {
    const attempts = new Attempts((failure) => report(call, failure))
    // Another object for each run: two of one call may run at once.
    const run = { ...call }
    running.set(run, attempts)
    return Effect.as(Effect.forkScoped(attempts.watch()), run)
  }
  const around = Stage.make("retry note", {
    effect: (inner) => (call) =>
      Effect.scoped(
        Effect.flatMap(
          Effect.suspend(() => watched(call)),
          inner
        )
      ),
    stream: (inner) => (call) =>
      Stream.unwrap(
        Effect.map(
          Effect.suspend(() => watched(call)),
          inner
        )
      )
  })
  const each = Stage.make("attempt note", {
    effect: (inner) => (call) => {
      const attempts = running.get(call)
      if (attempts === undefined) return inner(call)
      return Effect.andThen(
        attempts.begin(),
        Effect.tapError(inner(call), (error) => attempts.fail(error))
      )
    },
    stream: (inner) => (call) => {
      const attempts = running.get(call)
      if (attempts === undefined) return inner(call)
      const attempt = Stream.tapError(inner(call), (error) => attempts.fail(error))
      return Stream.unwrap(Effect.as(attempts.begin(), attempt))
    }
  })
  return [Pipeline.insertBefore("retry", around), Pipeline.insertAfter("retry", each)]
}

/** Reports on stderr that a call is repeated. The configuration is that of the client. */
export const layer = <E, R>(config: Effect.Effect<KimiConfig.Values, E, R>) =>
  Layer.unwrap(
    Effect.map(Effect.context<R | Stdio.Stdio>(), (context) =>
      Pipeline.layer(
        ...edits((call, failure) =>
          Effect.flatMap(config, (values) => write(text(values, call, failure))).pipe(
            Effect.ignore,
            Effect.provideContext(context)
          )
        )
      )
    )
  )
