/** Opens the files of a job for one run. */
import { closeSync, existsSync, openSync, writeSync } from "node:fs"
import { resolve } from "node:path"
import { type BatchInputChangedError, BatchJobLockedError } from "@kimi-effect/core/BatchErrors"
import type { Cost } from "@kimi-effect/core/Cost"
import type { JournalStoreError } from "@kimi-effect/core/JournalErrors"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { CostSums } from "../../../batch/internal/CostSums.ts"
import * as FileFailure from "../FileFailure.ts"
import * as changedRows from "./changedRows.ts"
import * as damage from "./damage.ts"
import * as inputChanged from "./inputChanged.ts"
import {
  type Input,
  openFile,
  openRecordedStream,
  openStream,
  type RecordedSource,
  type Source
} from "./input/inputSource.ts"
import { attempt, checkFile, storeFailure } from "./jobFiles.ts"
import { formOf } from "./output/forms.ts"
import type * as jobRecord from "./jobRecord.ts"
import { IdSet } from "./output/IdSet.ts"
import * as jobLock from "./jobLock.ts"
import { keepRows } from "./output/keepRows.ts"
import { Counts, type Status } from "./jobStatus.ts"
import { LineSet } from "./output/LineSet.ts"
import { idOf, type LineHead, readHead } from "./output/outputLine.ts"
import type { OutputFile, RowsEnd } from "./output/OutputForm.ts"
import { RowOrder } from "./output/RowOrder.ts"
import type * as rowOptions from "./rowOptions.ts"
import * as runRecord from "./runRecord.ts"

/**
 * Takes the lines of an output, each with its newline, and succeeds when a line is written.
 *
 * @category models
 * @since 0.1.0
 */
export type WriteLine<R = never> = (line: string) => Effect.Effect<unknown, never, R>

export interface Job {
  readonly source: Source
  /** Whether no further row is to be run: the input was found changed, so that the job fails at its end. */
  readonly isEndedByChange: () => boolean
  readonly done: LineSet
  /** Those of rows that are done, to which the run adds others. */
  readonly ids: IdSet
  readonly append: (line: string) => Effect.Effect<void, JournalStoreError>
  /** Counts what a row has cost that gets no line. */
  readonly spend: (cost: Pick<Cost, "currency" | "total">) => void
  readonly reject: (line: string) => Effect.Effect<void, JournalStoreError>
  readonly rejected: () => number
  readonly status: () => Status
  /** Sets what has the number of rows of the input, when it is known: it is recorded. */
  readonly countRows: (count: () => number | undefined) => void
  /** Records the batch at the host that is open; none if there is none any more. */
  readonly setBatch: (batch: jobRecord.OpenBatch | undefined) => Effect.Effect<void, JournalStoreError>
  /** Writes everything to the disk, and records whether the job has ended. */
  readonly finish: (isComplete: boolean) => Effect.Effect<void, BatchInputChangedError | JournalStoreError>
}

interface Files {
  readonly input: Input
  readonly output: string
  readonly order?: string | undefined
  readonly rerun?: ReadonlyArray<string> | undefined
  /** Of the options that change rows. */
  readonly options: rowOptions.OptionDigests
}

type OpenError = runRecord.ChangedError | BatchJobLockedError | InvalidRequestError | JournalStoreError

/** Holds the lock of a job until the scope ends. */
export const lock = (output: string): Effect.Effect<void, BatchJobLockedError | JournalStoreError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.flatMap(
      attempt("lock", () => jobLock.acquire(`${output}.lock`), output),
      (release) =>
        release === undefined
          ? Effect.fail(new BatchJobLockedError({ message: "Another process works on this job", job: output }))
          : Effect.succeed(release)
    ),
    (release) => Effect.sync(release)
  )

export const inputFailure =
  (input: Input) =>
  (cause: unknown): InvalidRequestError => {
    const reason = FileFailure.describe(FileFailure.codeOf(cause) ?? "unknown error")
    const path = typeof input === "string" ? ` ${JSON.stringify(input)}` : ""
    return new InvalidRequestError({
      message: `The input${path} cannot be read: ${reason}`,
      parameter: "input",
      fix: "Check the path of the input, and that this program may read it."
    })
  }

/** The bytes of a stream, which ends with the scope. */
const iterator = (stream: Stream.Stream<Uint8Array, unknown>) =>
  Effect.acquireRelease(
    Effect.map(Stream.toAsyncIterableEffect(stream), (iterable) => iterable[Symbol.asyncIterator]()),
    (opened) => Effect.promise(async () => opened.return?.())
  )

const sourceWith =
  <A extends Source>(open: (bytes: AsyncIterator<Uint8Array>) => Promise<A>) =>
  (input: Input): Effect.Effect<A | RecordedSource, InvalidRequestError, Scope.Scope> =>
    typeof input === "string"
      ? Effect.try({ try: () => openFile(input), catch: inputFailure(input) })
      : Effect.flatMap(iterator(input), (opened) =>
          Effect.tryPromise({ try: () => open(opened), catch: inputFailure(input) })
        )

export const openSource = sourceWith(openStream)

const watchOf = (input: Input, source: Source): Effect.Effect<inputChanged.InputWatch, InvalidRequestError> =>
  Effect.try({ try: () => new inputChanged.InputWatch(source), catch: inputFailure(input) })

const openRecordedSource = sourceWith(openRecordedStream)

const checkPaths = ({ input, order, output, rerun }: Files): Effect.Effect<void, InvalidRequestError> => {
  const refuse = (parameter: string, message: string) =>
    Effect.fail(new InvalidRequestError({ message, parameter, fix: "Change this option of the job." }))
  if (typeof input === "string" && resolve(input) === resolve(output)) {
    return refuse("output", "The output must be another file than the input")
  }
  return order === "input" && rerun !== undefined && rerun.length > 0
    ? refuse("rerun", "Rows that are run again come after the others: use the order completion")
    : Effect.void
}

/** Removes the lines of failed rows that are run again. An open batch does not have them, so that they stay until it has ended. */
const removeFailed = (
  { output, rerun = [] }: Files,
  run: runRecord.RunRecord
): Effect.Effect<void, InvalidRequestError | JournalStoreError> => {
  const again = new Set(rerun)
  if (again.size === 0 || run.isAtHost || !existsSync(output)) return Effect.void
  const form = formOf(output)
  return Effect.try({
    try: () => {
      const isKept = ({ tag }: LineHead): boolean => tag === undefined || !again.has(tag)
      let rows = 0
      let kept = 0
      const counts = new Counts()
      const removed = new CostSums()
      const add = (head: LineHead): void => {
        rows += 1
        counts.add(head)
        if (isKept(head)) kept += 1
        else if (head.currency !== undefined) removed.add(head.currency, head.cost)
      }
      // What is damaged is found before anything is replaced.
      form.open(output, add, (end) => run.checkRows(rows, counts, end)).close()
      if (kept === rows) return
      run.startRemoval([...again], kept, removed)
      keepRows(output, isKept)
    },
    catch: damage.orDamaged(output, (cause) => storeFailure("rerun", cause, output))
  })
}

/** An empty reject file. */
const openRejects = (output: string): Effect.Effect<number, JournalStoreError, Scope.Scope> =>
  Effect.acquireRelease(
    attempt("open", () => openSync(`${output}.rejects.jsonl`, "w", 0o600), output),
    (opened) => Effect.sync(() => closeSync(opened))
  )

/** The lines of an output, each of which is visited. `check` throws, before what is torn is cut. */
const openRows = (
  output: string,
  visit: (head: LineHead) => void,
  check: (end: RowsEnd) => void
): Effect.Effect<OutputFile, InvalidRequestError | JournalStoreError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.try({
      try: () => formOf(output).open(output, visit, check),
      catch: damage.orDamaged(output, (cause) => storeFailure("open", cause, output))
    }),
    (opened) => Effect.sync(() => opened.close())
  )

type EndState = "finished" | "stopped"

/** Records the end of a run with the rows that were done before it. Gives why the job has not ended, if its input was changed meanwhile. */
const endOf = ({ input, output }: Files, watch: inputChanged.InputWatch, run: runRecord.RunRecord, before: LineSet) => {
  const changedOf = (isChanged: boolean, rows: number) =>
    // The host has the text that was sent, by this run or by an earlier one.
    isChanged && !run.isAtHost ? changedRows.of(before, rows - before.size) : undefined
  // A file that is open can be read to its end when it is removed.
  run.changedRows = (rows) => changedOf(watch.mayHaveOtherText(), rows)
  return (state: EndState, counts: Counts, rejected: number): BatchInputChangedError | undefined => {
    const { answered, failed } = counts.status
    const isChanged = watch.isChanged()
    const changed = changedOf(isChanged, answered + failed)
    run.end(isChanged ? "stopped" : state, counts, rejected, changed)
    if (!isChanged) return undefined
    return run.isAtHost ? inputChanged.during(input, "host") : inputChanged.duringRun(input, output, changed)
  }
}

const openWith = Effect.fnUntraced(function* (
  files: Files,
  source: RecordedSource
): Effect.fn.Return<Job, OpenError, Scope.Scope> {
  const { output } = files
  yield* lock(output)
  const run = yield* runRecord.start(files, source.record)
  const using = <A>(operation: string, run: () => A) => attempt(operation, run, output)

  yield* removeFailed(files, run)
  const done = new LineSet()
  const ids = new IdSet()
  const counts = new Counts()
  const rowOrder = files.order === "input" ? new RowOrder() : undefined
  const visit = (head: LineHead): void => {
    done.add(head.line)
    ids.add(idOf(head))
    counts.add(head)
    rowOrder?.add(head.line)
  }
  const file = yield* openRows(output, visit, (end) => run.checkRows(done.size, counts, end))
  counts.addUnlisted(run.unlisted)
  const rejects = yield* openRejects(output)
  let rejected = 0
  let isFinished = false
  const watch = yield* watchOf(files.input, source)
  const record = endOf(files, watch, run, done)
  const end = (state: EndState): BatchInputChangedError | undefined => {
    const error = record(state, counts, rejected)
    isFinished = true
    return error
  }
  // A run that was interrupted or has failed is recorded too, if its disk can be written.
  yield* Effect.addFinalizer(() =>
    isFinished
      ? Effect.void
      : Effect.ignore(
          using("record", () => {
            file.sync()
            end("stopped")
          })
        )
  )
  return {
    source,
    isEndedByChange: () => watch.hasOtherText(),
    done,
    ids,
    append: (line) =>
      using("append", () => {
        file.append(line)
        counts.addLine(line)
        rowOrder?.add(readHead(line)?.line ?? 0)
        run.noteRow(file.flush)
      }),
    spend: ({ currency, total }) => {
      counts.addCost(currency, total)
      run.addUnlisted(currency, total)
    },
    reject: (line) =>
      using("reject", () => {
        rejected += 1
        writeSync(rejects, line)
      }),
    rejected: () => rejected,
    status: () => counts.status,
    countRows: (count) => {
      const { countRows } = run
      run.countRows = () => count() ?? countRows()
    },
    setBatch: (batch) => using("record", () => run.setBatch(batch)),
    finish: (isComplete) =>
      Effect.gen(function* () {
        yield* using("sync", () => {
          file.sync()
          if (isComplete) rowOrder?.restore(output)
        })
        const error = yield* using("record", () => end(isComplete ? "finished" : "stopped"))
        if (error !== undefined) return yield* Effect.fail(error)
      })
  }
})

/** Only the wait for the input can be interrupted: a file that was opened is recorded as it is left. */
export const open = Effect.fnUntraced(function* (files: Files): Effect.fn.Return<Job, OpenError, Scope.Scope> {
  yield* checkPaths(files)
  yield* checkFile(files.output)
  const source = yield* openRecordedSource(files.input)
  return yield* Effect.uninterruptible(openWith(files, source))
})

/** A job whose lines go to a function: there is nothing to continue. */
export const openWriter = Effect.fnUntraced(function* <R>(
  { input, rerun }: Pick<Files, "input" | "rerun">,
  write: WriteLine<R>
): Effect.fn.Return<Job, InvalidRequestError, R | Scope.Scope> {
  if (rerun !== undefined && rerun.length > 0) {
    const message = "Rows of an output that is a function cannot be run again: write to a file"
    return yield* Effect.fail(new InvalidRequestError({ message, parameter: "rerun" }))
  }
  const source = yield* openSource(input)
  const watch = yield* watchOf(input, source)
  const context = yield* Effect.context<R>()
  const counts = new Counts()
  let rejected = 0
  return {
    source,
    // Nothing continues it: the lines that are right would be of no use without the others.
    isEndedByChange: () => false,
    done: new LineSet(),
    ids: new IdSet(),
    append: (line) =>
      Effect.andThen(
        Effect.provideContext(write(line), context),
        Effect.sync(() => counts.addLine(line))
      ),
    spend: ({ currency, total }) => counts.addCost(currency, total),
    reject: () =>
      Effect.sync(() => {
        rejected += 1
      }),
    rejected: () => rejected,
    status: () => counts.status,
    countRows: () => {},
    setBatch: () => Effect.void,
    finish: () =>
      Effect.suspend(() => (watch.isChanged() ? Effect.fail(inputChanged.during(input, "writer")) : Effect.void))
  }
})
