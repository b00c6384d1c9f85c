/**
 * Lets rows wait while a circuit is open or the store of a budget is unavailable: such
 * refusals cost no time, so that without a wait an outage of seconds would fail all rows
 * that are left. What was refused was not sent.
 */
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import * as MonotonicClock from "@kimi-effect/core/internal/MonotonicClock"
import type { BudgetStoreError } from "@kimi-effect/core/MoneyErrors"
import type { ChatError } from "@kimi-effect/core/OperationErrors"
import type { CircuitOpenError } from "@kimi-effect/core/ResilienceErrors"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import type { RowError } from "../BatchResponse.ts"
import type { Tally } from "./Tally.ts"

/** How calls are refused during an outage: of the host, or of a store without which a call must not be made. */
export type Refusal = BudgetStoreError | CircuitOpenError

/** Stores of limits, circuits and caches refuse no call when they are unavailable. */
export const isRefusal = (error: RowError): error is Refusal =>
  error._tag === "CircuitOpenError" || error._tag === "BudgetStoreError"

/** The first wait, in milliseconds, where it is not known when calls are permitted. */
const shortestWait = 100

/** Waits double up to this. */
const longestWait = 5000

/** With several hosts, the error is that of the last one, and another may permit calls before. */
const isOfSeveral = ({ attempts = [] }: Refusal): boolean =>
  attempts.filter(({ tag }) => tag === "CircuitOpenError").length > 1

/** The waits of one row. */
class Waits {
  #count = 0

  /** The next one in milliseconds. `chance` is from 0 to 1. */
  next(error: Refusal, chance: number): number {
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

/** The end of a job that other processes share, such as by a cancellation. */
export interface JobEnd {
  readonly isOver: boolean
  readonly whenOver: Effect.Effect<void>
}

const endless: JobEnd = { isOver: false, whenOver: Effect.never }

export class OutageWait {
  readonly #clock: Clock.Clock
  readonly #longest: number
  readonly #tally: Tally
  readonly #jobEnd: JobEnd

  /** `longest` is the longest outage in milliseconds. */
  constructor(longest: number, clock: Clock.Clock, tally: Tally, jobEnd: JobEnd = endless) {
    this.#longest = longest
    this.#clock = clock
    this.#tally = tally
    this.#jobEnd = jobEnd
  }

  get #isOver(): boolean {
    return this.#tally.stopped !== undefined || this.#jobEnd.isOver
  }

  /**
   * Calls again until a call is not refused, the batch is stopped, its job is over, or the
   * outage takes too long, which stops the batch. `again` gets the refusal before the call.
   */
  call(
    refusal: Refusal,
    again: (refusal: Refusal) => Effect.Effect<ChatResponse, ChatError>
  ): Effect.Effect<ChatResponse, ChatError> {
    const clock = this.#clock
    const endsAt = MonotonicClock.millisUnsafe(clock) + this.#longest
    const waits = new Waits()
    const whenOver = Effect.raceFirst(this.#tally.whenStopped, this.#jobEnd.whenOver)
    return Effect.gen({ self: this }, function* () {
      let error = refusal
      while (!this.#isOver) {
        const left = endsAt - MonotonicClock.millisUnsafe(clock)
        if (left <= 0) {
          // Now: other rows have waited for as long, and must not fail too.
          this.#tally.stopAfter(error)
          break
        }
        const wait = Math.min(left, waits.next(error, yield* Random.next))
        yield* Effect.raceFirst(Effect.sleep(wait), whenOver)
        if (this.#isOver) break
        const result = yield* Effect.result(again(error))
        if (Result.isSuccess(result)) return result.success
        if (!isRefusal(result.failure)) return yield* Effect.fail(result.failure)
        error = result.failure
      }
      return yield* Effect.fail(error)
    })
  }

  /** Whether a row that failed was not sent in a batch that was stopped, and is not the one that stopped it, or in a job that is over. */
  isLeft(error: RowError, isShared: boolean): boolean {
    const { stopped } = this.#tally
    if (!isRefusal(error)) return false
    if (stopped === undefined) return this.#jobEnd.isOver
    return isShared || stopped._tag !== "Error" || stopped.error !== error
  }
}
