/** The ranges of a shared job that this process leases, one after the other, and the rows in them. */
import type { InvalidBatchRowError } from "@kimi-effect/core/BatchErrors"
import type { JournalMismatchError, JournalStoreError } from "@kimi-effect/core/JournalErrors"
import type { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { BatchRow } from "../../../../batch/BatchResponse.ts"
import type { JobEnd } from "../../../../batch/internal/OutageWait.ts"
import type { Lease, Worker } from "../../../../journal/Journal.ts"
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

  /** The rest of its rows is left to other workers. */
  leave(): void {
    this.#isPartial = true
  }

  /** Every row that this worker runs has started. */
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

interface Settings<R> {
  readonly worker: Worker
  readonly watch: Watch
  readonly reader: RangeReader
  readonly pollInterval: Duration.Duration
  readonly isStopped: () => boolean
  readonly onInvalid: (range: LeasedRange, error: InvalidBatchRowError) => Effect.Effect<unknown, RowFailure, R>
}

/** Failures that end the work of this process. */
export type RowFailure = InvalidRequestError | JournalMismatchError | JournalStoreError

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

/** Whether the run was cancelled or deleted, or is complete, by what was read last. */
export class Watch implements JobEnd {
  isOver = false
  readonly #over = Deferred.makeUnsafe<void>()
  readonly whenOver = Deferred.await(this.#over)
  /** Reads it now. A process that was frozen finds that an operation has taken too long. */
  readonly read: Effect.Effect<boolean, JournalStoreError>

  constructor(isOver: Effect.Effect<boolean, JournalStoreError>) {
    this.read = Effect.tap(Effect.retry(isOver, { times: 2 }), (isOver) =>
      Effect.sync(() => {
        if (isOver) this.#end()
      })
    )
  }

  #end(): void {
    this.isOver = true
    Deferred.doneUnsafe(this.#over, Exit.void)
  }
}

/** Reads it until the scope closes, so that a worker leaves a range in which it is. */
const reading = <R>({ pollInterval, watch }: Settings<R>): Effect.Effect<void, JournalStoreError, Scope.Scope> =>
  Effect.gen(function* () {
    yield* watch.read
    // A journal that does not answer fails the next claim or row.
    yield* Effect.forkScoped(Effect.forever(Effect.delay(Effect.ignore(watch.read), pollInterval)))
  })

/** Gives the next range, or undefined when none is left. Waits for those that other workers have. */
const nextOf = <R>({ isStopped, pollInterval, watch, worker }: Settings<R>, open: Set<LeasedRange>) => {
  let changed = Deferred.makeUnsafe<void>()
  const wake = (): void => void Deferred.doneUnsafe(changed, Exit.void)
  return Effect.gen(function* () {
    for (const range of open) if (range.isEnded) open.delete(range)
    while (!isStopped() && !watch.isOver) {
      changed = Deferred.makeUnsafe<void>()
      const range = yield* Effect.retry(claim(worker, open, wake), { times: 2 })
      if (range !== undefined) return range
      if (yield* watch.read) return undefined
      yield* Effect.raceFirst(Effect.sleep(pollInterval), Deferred.await(changed))
    }
    return undefined
  })
}

/** The rows of a range until the run is over. */
async function* untilOver<Group>(
  groups: AsyncIterable<Group>,
  range: LeasedRange,
  watch: Watch
): AsyncGenerator<Group> {
  for await (const group of groups) {
    if (watch.isOver) return range.leave()
    yield group
  }
}

const rowsIn = <R>(range: LeasedRange, { onInvalid, reader, watch }: Settings<R>) => {
  const place = rangeOf(range.lease.resource)
  // A resource that this version of the job does not know stays as it is.
  if (place === undefined) return Stream.empty
  return Stream.concat(
    streamRows(untilOver(rowsOfRange(reader, place), range, watch), (error) => onInvalid(range, error)).pipe(
      Stream.map((row): SharedRow => {
        range.start()
        return { ...row, range }
      })
    ),
    Stream.fromEffectDrain(Effect.suspend(() => range.read()))
  )
}

/** The rows of all ranges that this process gets. Leases end with the scope. */
export const rows = <R>(settings: Settings<R>): Stream.Stream<SharedRow, RowFailure, R> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const open = new Set<LeasedRange>()
      yield* Effect.addFinalizer(() =>
        Effect.suspend(() => Effect.forEach(open, ({ close }) => close, { concurrency: 16, discard: true }))
      )
      yield* reading(settings)
      const next = nextOf(settings, open)
      return Stream.unfold(undefined, () =>
        Effect.map(next, (range) => (range === undefined ? undefined : ([range, undefined] as const)))
      ).pipe(Stream.flatMap((range) => rowsIn(range, settings)))
    })
  )
