/** The ranges of a shared job that this process leases, one after the other, and the rows in them. */
import type { InvalidBatchRowError } from "@kimi-effect/core/BatchErrors"
import * as MonotonicClock from "@kimi-effect/core/internal/MonotonicClock"
import type { JournalMismatchError, JournalStoreError } from "@kimi-effect/core/JournalErrors"
import type { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { BatchRow } from "../../../../batch/BatchResponse.ts"
import type { Lease, RunStatus, Worker } from "../../../../journal/Journal.ts"
import { rangeOf, type RangeReader, rowsOfRange } from "../input/inputRanges.ts"
import { streamRows } from "../input/inputRows.ts"

/** A leased range, which is completed after its last row. */
export class LeasedRange {
  readonly lease: Lease
  /** Whether another worker has it. */
  isLost = false
  isEnded = false
  #unfinished = 0
  #isRead = false
  /** Whether a row has no result that would be kept. */
  #isPartial = false
  readonly #scope: Scope.Closeable
  readonly #wake: () => void

  /** `wake` runs when it has ended, or when a row of it has no result. */
  constructor(lease: Lease, scope: Scope.Closeable, wake: () => void) {
    this.lease = lease
    this.#scope = scope
    this.#wake = wake
  }

  start(): void {
    this.#unfinished += 1
  }

  /** A row has ended. */
  end(isRecorded: boolean): Effect.Effect<void> {
    this.#unfinished -= 1
    this.#isPartial ||= !isRecorded
    if (!isRecorded) this.#wake()
    return this.#complete
  }

  /** Every row has started. */
  read(): Effect.Effect<void> {
    this.#isRead = true
    return this.#complete
  }

  get #complete(): Effect.Effect<void> {
    if (!this.#isRead || this.#unfinished > 0) return Effect.void
    const completed = this.isLost || this.#isPartial ? Effect.void : Effect.ignore(this.lease.complete)
    // If that fails, the range is leased again, has all of its results, and is completed.
    return Effect.ensuring(completed, this.close)
  }

  /** Ends the lease. What was not completed can be leased again. */
  get close(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.isEnded = true
      return Effect.tap(Scope.close(this.#scope, Exit.void), () => Effect.sync(this.#wake))
    })
  }
}

export interface SharedRow extends BatchRow {
  readonly range: LeasedRange
}

interface Settings {
  readonly worker: Worker
  /** The state of the run. Undefined only when it was deleted. */
  readonly status: Effect.Effect<RunStatus | undefined, JournalStoreError>
  readonly reader: RangeReader
  readonly pollInterval: Duration.Duration
  readonly isStopped: () => boolean
  readonly onInvalid: (range: LeasedRange, error: InvalidBatchRowError) => Effect.Effect<unknown, RowFailure>
}

/** Failures that end the work of this process. */
export type RowFailure = InvalidRequestError | JournalMismatchError | JournalStoreError

const isOver = (status: RunStatus | undefined): boolean =>
  status === undefined || status.isCancelled || status.resources.every(({ state }) => state === "Completed")

/** Leases a range in a separate scope, which ends with the range and not with the process. */
const claim = (
  worker: Worker,
  open: Set<LeasedRange>,
  wake: () => void
): Effect.Effect<LeasedRange | undefined, JournalStoreError> =>
  Effect.uninterruptible(
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const [lease] = yield* Scope.provide(worker.claim({ limit: 1 }), scope).pipe(
        Effect.onError(() => Scope.close(scope, Exit.void))
      )
      if (lease === undefined) {
        yield* Scope.close(scope, Exit.void)
        return undefined
      }
      const range = new LeasedRange(lease, scope, wake)
      open.add(range)
      return range
    })
  )

/** Gives the next range, or undefined when none is left. Waits for those that other workers have. */
const nextOf = (
  { isStopped, pollInterval, status: readStatus, worker }: Settings,
  open: Set<LeasedRange>,
  clock: Clock.Clock
) => {
  // A process that was frozen finds that an operation has taken too long.
  const status = Effect.retry(readStatus, { times: 2 })
  const interval = Duration.toMillis(pollInterval)
  let lookedAt = Number.NEGATIVE_INFINITY
  let changed = Deferred.makeUnsafe<void>()
  const wake = (): void => void Deferred.doneUnsafe(changed, Exit.void)
  return Effect.gen(function* () {
    for (const range of open) if (range.isEnded) open.delete(range)
    while (!isStopped()) {
      changed = Deferred.makeUnsafe<void>()
      const now = MonotonicClock.millisUnsafe(clock)
      // A job that was cancelled is left soon, without reading the status for each range.
      if (now - lookedAt >= interval) {
        lookedAt = now
        if (isOver(yield* status)) return undefined
      }
      const range = yield* Effect.retry(claim(worker, open, wake), { times: 2 })
      if (range !== undefined) return range
      if (isOver(yield* status)) return undefined
      yield* Effect.raceFirst(Effect.sleep(interval), Deferred.await(changed))
    }
    return undefined
  })
}

const rowsIn = (range: LeasedRange, { onInvalid, reader }: Settings) => {
  const place = rangeOf(range.lease.resource)
  // A resource that this version of the job does not know stays as it is.
  if (place === undefined) return Stream.empty
  return Stream.concat(
    streamRows(rowsOfRange(reader, place), (error) => onInvalid(range, error)).pipe(
      Stream.map((row): SharedRow => {
        range.start()
        return { ...row, range }
      })
    ),
    Stream.fromEffectDrain(Effect.suspend(() => range.read()))
  )
}

/** The rows of all ranges that this process gets. Leases end with the scope. */
export const rows = (settings: Settings): Stream.Stream<SharedRow, RowFailure> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const open = new Set<LeasedRange>()
      yield* Effect.addFinalizer(() =>
        Effect.suspend(() => Effect.forEach(open, ({ close }) => close, { concurrency: 16, discard: true }))
      )
      const next = nextOf(settings, open, yield* Clock.Clock)
      return Stream.unfold(undefined, () =>
        Effect.map(next, (range) => (range === undefined ? undefined : ([range, undefined] as const)))
      ).pipe(Stream.flatMap((range) => rowsIn(range, settings)))
    })
  )
