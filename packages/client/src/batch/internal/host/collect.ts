/** Runs a batch at the host to its outcomes, or collects one. */
import type { Batch } from "@kimi-effect/core/Batch"
import * as CallOptions from "@kimi-effect/core/CallOptions"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { listener } from "@kimi-effect/core/internal/Listener"
import * as MonotonicClock from "@kimi-effect/core/internal/MonotonicClock"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Stream from "effect/Stream"
import type { Input } from "../../Batch.ts"
import type { BatchResponse } from "../../BatchResponse.ts"
import type * as HostBatch from "../../HostBatch.ts"
import type { HostBatchEvent } from "../../HostBatchEvent.ts"
import { metadataRule, windowRule } from "../createBody.ts"
import * as RowInput from "../RowInput.ts"
import { Tally } from "../Tally.ts"
import { checkRows, rowsRule } from "./checkRows.ts"
import { followRules } from "./follow.ts"
import * as optionNames from "./optionNames.ts"
import type { HostRow } from "./prepare.ts"
import type { Surplus } from "./readResults.ts"
import { refusal } from "./refusal.ts"
import { ownPairs, type Submission } from "./submit.ts"

type Service = HostBatch.HostBatch["Service"]
type Failure = HostBatch.HostBatchError

const noLimits = { errorRate: undefined, minRows: 1, cost: undefined, errorTags: new Set<string>() }

/** The steps that a submission has taken, as events. */
export const stepEvent = ({ batchId, fileId }: Submission): HostBatchEvent | undefined => {
  if (batchId !== undefined) return { _tag: "Created", batchId }
  return fileId === undefined ? undefined : { _tag: "Uploaded", fileId }
}

/** What was read of the results of a batch. */
interface Reading {
  readonly isSettled: boolean
  readonly surplus: Readonly<Surplus>
}

/**
 * Deletes files whose results were all read, and are settled. Lines that no row has may be answers of rows that
 * were not given: they would be lost. The results are worth more than an error of it.
 */
export const deleteFilesOf = (host: Service, batch: Batch, { isSettled, surplus }: Reading): Effect.Effect<void> => {
  if (!isSettled) return Effect.void
  const lines = surplus.unknown + surplus.malformed
  const left = `The files of the batch ${batch.id} are left at the host`
  return lines > 0
    ? Effect.logWarning(`${left}: ${lines} of their lines ${lines === 1 ? "belongs" : "belong"} to no row`)
    : Effect.catch(host.deleteFiles(batch), (error) => Effect.logWarning(left, error))
}

/** Follows a batch to its end, and reads its results. */
const collectRows = Effect.fnUntraced(function* <A, RD, RP>(
  host: Service,
  id: string,
  given: {
    readonly rows?: ReadonlyArray<HostRow> | undefined
    readonly submission?: string | undefined
    readonly checkRows: boolean
  },
  options: HostBatch.ResumeOptions<A, RD, RP>
): Effect.fn.Return<HostBatch.HostBatchResult<A>, Failure, RD | RP> {
  const { deleteFiles = false, interval, maxInterval, model, onEvent, schema, timeout } = options
  const clock = yield* Clock.Clock
  const startedAt = MonotonicClock.millisUnsafe(clock)
  const batch = yield* host.follow(id, {
    interval,
    maxInterval,
    timeout,
    onState: (state) => listener(onEvent)({ _tag: "State", batch: state })
  })
  const refused = refusal(batch, given.rows)
  // Settles the money of a batch that used nothing.
  const rows = refused === undefined ? (given.rows ?? (yield* host.rows(batch))) : []
  const tally = new Tally(noLimits, startedAt, rows.length)
  let isSettled = true
  let surplus: Surplus = { malformed: 0, duplicates: 0, unknown: 0 }
  const outcomes: Array<BatchResponse<A>> = []
  yield* host
    .results<A, RD>(batch, rows, {
      schema,
      model,
      submission: given.submission,
      checkRows: given.checkRows,
      onSettled: (found) => (isSettled = found),
      onSurplus: (found) => (surplus = { ...found })
    })
    .pipe(
      Stream.runForEach((outcome) =>
        Effect.sync(() => {
          tally.add(outcome)
          outcomes.push(outcome)
        })
      )
    )
  if (refused !== undefined) return yield* refused
  if (deleteFiles) yield* deleteFilesOf(host, batch, { isSettled, surplus })
  return {
    batch,
    responses: outcomes.toSorted((a, b) => a.line - b.line),
    progress: tally.progress(MonotonicClock.millisUnsafe(clock), true),
    surplus
  }
})

/** The id of a batch that this program has created, which its caller need not have noted. */
const named = <A, E, R>(id: string, collected: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.onError(collected, (cause) =>
    Predicate.hasProperty(Cause.squash(cause), "batchId")
      ? Effect.void
      : Effect.logWarning(`The batch ${id} was not collected: collect it with HostBatch.resume(${JSON.stringify(id)})`)
  )

const withJob = <A, E, R>(job: string | undefined, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  CallOptions.provide({ job })(effect)

const run = <A, RD, E, R, RP>(
  host: Service,
  input: Input<E, R>,
  options: HostBatch.RunOptions<A, RD, RP>
): Effect.Effect<HostBatch.HostBatchResult<A>, Failure | E, R | RD | RP> =>
  withJob(
    options.job,
    Effect.gen(function* () {
      const { completionWindow, metadata, model } = options
      // Before the rows are read, and reported as checked.
      yield* OptionRules.check("HostBatch", [
        ...OptionRules.knownNames(options, optionNames.ofRun),
        RowInput.rule(input),
        windowRule(completionWindow),
        metadataRule(metadata, ownPairs),
        ...followRules(options)
      ])
      const onEvent = listener(options.onEvent)
      const prepared = yield* host.prepare(input, { model })
      const { content, cost, rows } = prepared
      yield* onEvent({ _tag: "Checked", rows: rows.length, bytes: content.size, cost: cost.host })
      let submission: string | undefined
      const { id } = yield* host.submit(prepared, {
        completionWindow,
        metadata,
        onStep: (step) => {
          submission = step.id
          const event = stepEvent(step)
          return event === undefined ? Effect.void : onEvent(event)
        }
      })
      return yield* named(
        id,
        collectRows(host, id, { rows, submission, checkRows: false }, { ...options, model: prepared.model })
      )
    })
  )

const resume = <A, RD, RP>(
  host: Service,
  id: string,
  options: HostBatch.ResumeOptions<A, RD, RP> & { readonly rows?: Iterable<HostRow> | undefined },
  read: (rows: Iterable<HostRow>) => ReadonlyArray<HostRow>
): Effect.Effect<HostBatch.HostBatchResult<A>, Failure | ConfigurationError, RD | RP> =>
  withJob(
    options.job,
    Effect.andThen(
      OptionRules.check("HostBatch", [
        ...OptionRules.knownNames(options, optionNames.ofResume),
        rowsRule(options.rows),
        ...followRules(options)
      ]),
      Effect.suspend(() => {
        const rows = options.rows === undefined ? undefined : read(options.rows)
        const collected = collectRows(host, id, { rows, checkRows: rows !== undefined }, options)
        return rows === undefined ? collected : Effect.andThen(checkRows(rows), collected)
      })
    )
  )

export const collect = { run, resume }
