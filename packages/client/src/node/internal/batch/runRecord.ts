/** The record of a job during one run: what earlier runs have recorded, and how this one ends. */
import { existsSync } from "node:fs"
import { type BatchInputChangedError, BatchOptionsChangedError } from "@kimi-effect/core/BatchErrors"
import type { JournalStoreError } from "@kimi-effect/core/JournalErrors"
import type { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import type { BigDecimal } from "effect/BigDecimal"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { CostSums, Currency } from "../../../batch/internal/CostSums.ts"
import type { ChangedRows } from "./changedRows.ts"
import * as damage from "./damage.ts"
import * as hostRecord from "./host/hostRecord.ts"
import type { Input } from "./input/inputSource.ts"
import * as inputChanged from "./inputChanged.ts"
import { attempt, storeFailure } from "./jobFiles.ts"
import { rowFiles } from "./output/forms.ts"
import * as jobRecord from "./jobRecord.ts"
import type { Counts } from "./jobStatus.ts"
import { DamagedEnd, type OutputFile, type RowsEnd, startsAsOutput } from "./output/OutputForm.ts"
import * as rowOptions from "./rowOptions.ts"
import * as unlistedCost from "./unlistedCost.ts"

interface Files {
  readonly input: Input
  readonly output: string
  /** Of the options that change rows. */
  readonly options: rowOptions.OptionDigests
}

export type ChangedError = BatchInputChangedError | BatchOptionsChangedError

/**
 * Whether an earlier run wrote a row, or the host has the rows. If not, such as when the
 * input could not be read or the host has refused it, an input that was corrected is accepted.
 */
const hasResults = (output: string): Effect.Effect<boolean, JournalStoreError> =>
  rowFiles(output).length > 0
    ? Effect.succeed(true)
    : Effect.map(
        hostRecord.read(output),
        Option.exists(({ state }) => state === "open")
      )

const optionsChanged = (output: string, options: ReadonlyArray<string>): BatchOptionsChangedError =>
  new BatchOptionsChangedError({
    message: `The job was started with other values of ${options.join(", ")}`,
    output,
    options
  })

/** What was recorded of the earlier runs. */
interface Recorded {
  readonly options: rowOptions.OptionDigests
  /** Rows of the input, if they were counted. */
  readonly total: number | undefined
  /** Rows that had a line when the last run ended. */
  readonly done: number
  /** None by default. */
  readonly unlisted?: unlistedCost.UnlistedCost
}

/** A job without a record must have no rows. */
const checkNew = (
  { options, output }: Files,
  current: jobRecord.InputRecord
): Effect.Effect<Recorded, InvalidRequestError | JournalStoreError> =>
  Effect.gen(function* () {
    const [rows] = rowFiles(output)
    if (rows === undefined) return { options, total: undefined, done: 0 }
    const isOwn = yield* attempt("read", () => startsAsOutput(rows), output)
    return yield* Effect.fail(isOwn ? damage.missingRecord(output, current) : damage.notAnOutput(output))
  })

/** Compares the input and the options with those of earlier runs. */
const checkRecord = Effect.fnUntraced(function* (
  files: Files,
  current: jobRecord.InputRecord
): Effect.fn.Return<Recorded, ChangedError | InvalidRequestError | JournalStoreError> {
  const { input, options, output } = files
  const path = jobRecord.pathOf(output)
  if (!existsSync(path)) return yield* checkNew(files, current)
  const record = Option.getOrUndefined(yield* attempt("read", () => jobRecord.read(path), output))
  if (record === undefined) return yield* Effect.fail(damage.damagedRecord(output, current))
  const { done = 0, options: before = options, total, unlisted = unlistedCost.none } = record
  const isSame = record.input.head === current.head && record.input.size === current.size
  const counts = { total: isSame ? total : undefined, done, unlisted }
  if (!(yield* hasResults(output))) return { ...counts, options }
  // Also of an input that was restored since.
  if (record.changed !== undefined) {
    return yield* Effect.fail(inputChanged.duringEarlierRun(input, output, record.changed))
  }
  if (!isSame) return yield* Effect.fail(inputChanged.before(input))
  const others = rowOptions.differences(before, options)
  if (others.length > 0) return yield* Effect.fail(optionsChanged(output, others))
  return { ...counts, options: rowOptions.withModelOf(before, options) }
})

/** To be called with the rows of an output, before what is torn is cut. Refuses to take what is lost for what a kill has left. */
export const checkRows = (rows: number, done: number, { canLose, end }: RowsEnd): void => {
  if (rows < done && !canLose) throw new DamagedEnd(rows, done, end)
}

/** The last run has left rows, which would be paid twice. */
export const checkLost = (output: string, done: number): void => {
  if (done > 0 && rowFiles(output).length === 0) throw damage.lostOutput(output, done)
}

/** Rows after which their number is recorded again. */
const recordedRows = 256

type Rest = Pick<jobRecord.JobRecord, "changed" | "cost" | "done" | "rejected" | "state">

export class RunRecord {
  readonly #path: string
  readonly #base: Pick<jobRecord.JobRecord, "input" | "options" | "version">
  /** Rows that the output has at least. */
  #done: number
  #rows = 0
  #isFlushing = false
  /** Another process may write the record from then on. */
  #hasEnded = false
  #batch: jobRecord.OpenBatch | undefined
  #rest: Rest = { state: "running", rejected: 0 }
  #unlisted: unlistedCost.UnlistedCost
  /** The number of rows of the input, when it is known. */
  countRows: () => number | undefined
  /** Of so many rows, those that may have answers to a changed text. A run that is killed leaves what was recorded last. */
  changedRows: (rows: number) => ChangedRows | undefined = () => undefined

  constructor(
    output: string,
    input: jobRecord.InputRecord,
    { done, options, total, unlisted = unlistedCost.none }: Recorded,
    batch: jobRecord.OpenBatch | undefined
  ) {
    this.#path = jobRecord.pathOf(output)
    this.#base = { version: 1, input, options }
    this.#done = done
    this.#batch = batch
    this.#unlisted = unlisted
    this.countRows = () => total
  }

  #write(rest: Rest, flush = false): void {
    this.#rest = rest
    const batch = this.#batch
    const total = this.countRows()
    jobRecord.write(
      this.#path,
      {
        ...this.#base,
        ...(total === undefined ? {} : { total }),
        ...rest,
        ...(unlistedCost.isNone(this.#unlisted) ? {} : { unlisted: this.#unlisted }),
        ...(batch === undefined ? {} : { batch })
      },
      flush
    )
  }

  /** Whether a batch at the host is open. */
  get isAtHost(): boolean {
    return this.#batch !== undefined
  }

  /** Sets the batch at the host that is open; none if there is none any more. */
  setBatch(batch: jobRecord.OpenBatch | undefined): void {
    const { batchId, submission } = this.#batch ?? {}
    if (batch?.submission === submission && batch?.batchId === batchId) return
    this.#batch = batch
    this.#write(this.#rest, true)
  }

  /** With the rows that the output must have. */
  start(done: number): void {
    this.#done = done
    const changed = this.changedRows(done)
    this.#write({
      state: "running",
      rejected: 0,
      ...(done === 0 ? {} : { done }),
      ...(changed === undefined ? {} : { changed })
    })
  }

  /** What rows have cost that have no line. */
  get unlisted(): unlistedCost.UnlistedCost {
    return this.#unlisted
  }

  /** A row that has cost something gets no line. It is recorded when the run ends. */
  addUnlisted(currency: Currency, amount: BigDecimal): void {
    this.#unlisted = unlistedCost.add(this.#unlisted, currency, amount)
  }

  /** To be called before all rows with these tags, which have this cost, are removed, and so many are kept. */
  startRemoval(tags: ReadonlyArray<string>, kept: number, removed: CostSums): void {
    this.#unlisted = unlistedCost.remove(this.#unlisted, tags, removed)
    this.start(kept)
  }

  /** To be called with the rows of the output and their counts, before what is torn is cut. The record of an output that is refused stays. */
  checkRows(rows: number, counts: Counts, end: RowsEnd): void {
    checkRows(rows, this.#done, end)
    this.#rows = rows
    this.#unlisted = unlistedCost.settle(this.#unlisted, counts.status.failedByTag)
    this.start(rows)
  }

  /**
   * A row was written. Rows that a later run does not find are then noticed, also after a
   * kill. They are recorded when they are on the disk: those that a power cut takes are
   * requested again.
   */
  noteRow(flush: OutputFile["flush"]): void {
    this.#rows += 1
    this.#recordSoon(flush)
  }

  #recordSoon(flush: OutputFile["flush"]): void {
    const rows = this.#rows
    if (this.#isFlushing || this.#hasEnded || rows - this.#done < (this.#done === 0 ? 1 : recordedRows)) return
    this.#isFlushing = true
    flush((error) => {
      this.#isFlushing = false
      // A disk that fails fails the next row.
      if (error !== null || this.#hasEnded) return
      this.#recordRows(rows)
      this.#recordSoon(flush)
    })
  }

  /** The record may have fewer rows than the output. */
  #recordRows(rows: number): void {
    try {
      this.start(rows)
    } catch {
      // The next rows are recorded when there is room for them.
    }
  }

  /** To be called when the rows are on the disk. With those that may have answers to a changed text. */
  end(state: "finished" | "stopped", counts: Counts, rejected: number, changed?: ChangedRows): void {
    this.#hasEnded = true
    const { answered, failed } = counts.status
    const cost = counts.exactCost
    this.#write({ state, rejected, done: answered + failed, cost, ...(changed === undefined ? {} : { changed }) }, true)
  }
}

/** Refuses what would request rows again that are paid, before anything is written. */
export const start = (
  files: Files,
  input: jobRecord.InputRecord
): Effect.Effect<RunRecord, ChangedError | InvalidRequestError | JournalStoreError> =>
  Effect.gen(function* () {
    const { output } = files
    yield* damage.refuseRescued(output)
    const recorded = yield* checkRecord(files, input)
    yield* Effect.try({
      try: () => checkLost(output, recorded.done),
      catch: damage.orDamaged(output, (cause) => storeFailure("open", cause, output))
    })
    // A record that a killed program has written last, or an earlier version, is noted here.
    const batch = Option.flatMapNullishOr(yield* hostRecord.read(output), hostRecord.openBatchOf)
    return new RunRecord(output, input, recorded, Option.getOrUndefined(batch))
  })
