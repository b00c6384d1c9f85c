/**
 * Lets rows wait while a circuit is open: its refusals cost no time, so that without
 * a wait an outage of seconds would fail all rows that are left.
 */
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import * as MonotonicClock from "@kimi-effect/core/internal/MonotonicClock"
import type { ChatError } from "@kimi-effect/core/OperationErrors"
import type { CircuitOpenError } from "@kimi-effect/core/ResilienceErrors"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import type { RowError } from "../BatchResponse.ts"
import type { Tally } from "./Tally.ts"

/** The first wait, in milliseconds, where it is not known when a circuit permits calls. */
const shortestWait = 100

/** Waits double up to this. */
const longestWait = 5000

/** With several hosts, the error is that of the last one, and another may permit calls before. */
const isOfSeveral = ({ attempts = [] }: CircuitOpenError): boolean =>
  attempts.filter(({ tag }) => tag === "CircuitOpenError").length > 1

/** The waits of one row for circuits. */
class Waits {
  #count = 0

  /** The next one in milliseconds. `chance` is from 0 to 1. */
  next(error: CircuitOpenError, chance: number): number {
    const { retryAfter } = error
    const wait = Math.min(longestWait, shortestWait * 2 ** this.#count) * (1 - chance / 2)
    this.#count += 1
    if (retryAfter === undefined) return wait
    // Circuits that are shared between processes may report a time that has just passed.
    const remaining = Math.max(shortestWait, Math.ceil(Duration.toMillis(retryAfter)))
    if (isOfSeveral(error)) return Math.min(wait, remaining)
    this.#count = 0
    return remaining
  }
}

export class CircuitWait {
  readonly #clock: Clock.Clock
  readonly #longest: number
  readonly #tally: Tally

  /** `longest` is the longest outage in milliseconds. */
  constructor(longest: number, clock: Clock.Clock, tally: Tally) {
    this.#longest = longest
    this.#clock = clock
    this.#tally = tally
  }

  /**
   * Calls again until a call is not refused, the batch is stopped, or the outage
   * takes too long, which stops the batch. `again` gets the refusal before the call.
   */
  call(
    refusal: CircuitOpenError,
    again: (refusal: CircuitOpenError) => Effect.Effect<ChatResponse, ChatError>
  ): Effect.Effect<ChatResponse, ChatError> {
    const clock = this.#clock
    const endsAt = MonotonicClock.millisUnsafe(clock) + this.#longest
    const waits = new Waits()
    return Effect.gen({ self: this }, function* () {
      let error = refusal
      while (this.#tally.stopped === undefined) {
        const left = endsAt - MonotonicClock.millisUnsafe(clock)
        if (left <= 0) {
          // Now: other rows have waited for as long, and must not fail too.
          this.#tally.stopAfter(error)
          break
        }
        const wait = Math.min(left, waits.next(error, yield* Random.next))
        yield* Effect.raceFirst(Effect.sleep(wait), this.#tally.whenStopped)
        if (this.#tally.stopped !== undefined) break
        const result = yield* Effect.result(again(error))
        if (Result.isSuccess(result)) return result.success
        if (result.failure._tag !== "CircuitOpenError") return yield* Effect.fail(result.failure)
        error = result.failure
      }
      return yield* Effect.fail(error)
    })
  }

  /** Whether a row that failed was not sent in a batch that was stopped, and is not the one that stopped it. */
  isLeft(error: RowError, isShared: boolean): boolean {
    const { stopped } = this.#tally
    if (error._tag !== "CircuitOpenError" || stopped === undefined) return false
    return isShared || stopped._tag !== "Error" || stopped.error !== error
  }
}
