/** A row of a shared job: it is recorded before and after it runs, under the lease of its range. */
import type { InvalidBatchRowError } from "@kimi-effect/core/BatchErrors"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import type { BatchResponse, BatchRow } from "../../../../batch/BatchResponse.ts"
import type { Around } from "../../../../batch/internal/RowStream.ts"
import { skipped } from "../../../../batch/internal/settling.ts"
import * as KeyLock from "../../../../journal/internal/KeyLock.ts"
import { encodeLine, encodeReject } from "../output/outputLine.ts"
import * as rowOptions from "../rowOptions.ts"
import { RecordedRow } from "./sharedOutput.ts"
import type { LeasedRange, RowFailure, SharedRow } from "./sharedRanges.ts"

/** What a row has become, and what is recorded of it. */
interface Made<A> {
  readonly outcome: BatchResponse<A>
  readonly record: RecordedRow
}

/** A row that stops the batch has no result, so that it runs when the job continues. */
class Stopping {
  readonly _tag = "Stopping"
}

/** A request that nests too deep is refused by the client: its row fails, and not the job. */
const digestOf = (request: unknown): string =>
  Result.getOrElse(
    Result.try(() => rowOptions.digestOf(request)),
    () => "unreadable"
  )

const callOf = (line: number, digest: string) => ({
  key: `${line}`,
  digest,
  codec: RecordedRow,
  // At most the requests in flight are made again.
  isIdempotent: true
})

/** Failures of calls that are not failures of rows. That of an uncertain result is not among them: calls are idempotent. */
type Fatal<E> = Exclude<E, { readonly _tag: "LeaseLostError" | "UncertainToolResultError" }>

const hasTag = (error: unknown, tag: string): boolean => Predicate.hasProperty(error, "_tag") && error._tag === tag

const mostOutages = 3

/** Failures of the journal in a row. */
export class Outages {
  #count = 0

  /** Whether the journal may be used further, as after a process was frozen for longer than a write may take. */
  isBearable(): boolean {
    this.#count += 1
    return this.#count <= mostOutages
  }

  end(): void {
    this.#count = 0
  }
}

/**
 * Gives a range up that another worker has, or whose rows the journal did not
 * record: it is leased again, with what was recorded.
 */
const withoutLoss =
  (range: LeasedRange, outages: Outages) =>
  <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A | typeof skipped, Fatal<E>, R> =>
    Effect.matchEffect(self, {
      onSuccess: (result) => {
        outages.end()
        return Effect.succeed(result)
      },
      onFailure: (error) => {
        const isLost = hasTag(error, "LeaseLostError")
        const isOutage = hasTag(error, "JournalStoreError")
        if (!isLost && !(isOutage && (range.isLost || outages.isBearable()))) return Effect.fail(error as Fatal<E>)
        range.isLost = true
        return Effect.succeed(skipped)
      }
    })

interface Settings {
  readonly outages: Outages
  readonly stoppingTags: ReadonlySet<string>
  readonly hasValue: boolean
}

/** Runs and records a row, unless its result is recorded. */
export const recorded = <A>({ hasValue, outages, stoppingTags }: Settings): Around<A, RowFailure> => {
  // By their lines. A row whose result was not recorded comes again under another lease, and would get its own
  // answer as that of an equal row, without a cost.
  const unrecorded = new Map<number, Made<A>>()
  // It may also come while it is in flight under a lease that has expired.
  const locked = KeyLock.make()
  return <R>(row: BatchRow, run: Effect.Effect<BatchResponse<A> | typeof skipped, never, R>) => {
    // Rows of other streams do not come here.
    const { line = 0, range, request } = row as SharedRow
    const recording = Effect.suspend(() => {
      if (range.isLost) return Effect.as(range.end(false), skipped)
      let stopping: BatchResponse<A> | undefined
      const make = Effect.flatMap(run, (outcome): Effect.Effect<RecordedRow, Stopping> => {
        if (outcome === skipped) return Effect.fail(new Stopping())
        if (outcome._tag === "Failed" && stoppingTags.has(outcome.error._tag)) {
          stopping = outcome
          return Effect.fail(new Stopping())
        }
        const record: RecordedRow = { to: "output", text: encodeLine(outcome, hasValue) }
        unrecorded.set(line, { outcome, record })
        return Effect.succeed(record)
      })
      // The journal refuses a line whose request is another one than before.
      const earlier = unrecorded.get(line)
      const made = earlier === undefined ? make : Effect.succeed(earlier.record)
      return range.lease.call(callOf(line, digestOf(request)), made).pipe(
        withoutLoss(range, outages),
        Effect.flatMap((result) => {
          if (result === skipped) return Effect.as(range.end(false), skipped)
          const own = unrecorded.get(line)
          unrecorded.delete(line)
          // Another worker may have recorded the row in the meantime.
          return Effect.as(range.end(true), own?.record.text === result.text ? own.outcome : skipped)
        }),
        Effect.catchIf(
          (error): error is Stopping => error instanceof Stopping,
          () => Effect.as(range.end(false), stopping ?? skipped)
        )
      )
    })
    return locked(`${line}`, recording)
  }
}

/** Of the results of lines that are no rows, in place of a digest of a request. */
export const rejectDigest = "reject"

/** Records a line that is no row. */
export const reject = (
  range: LeasedRange,
  error: InvalidBatchRowError,
  outages: Outages
): Effect.Effect<void, RowFailure> =>
  Effect.suspend(() => {
    range.start()
    const text: RecordedRow = { to: "rejects", text: encodeReject(error) }
    return range.lease.call(callOf(error.line, rejectDigest), Effect.succeed(text)).pipe(
      withoutLoss(range, outages),
      Effect.flatMap((result) => range.end(result !== skipped))
    )
  })
