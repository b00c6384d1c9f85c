/** Opens the files of a job for one run. */
import { closeSync, existsSync, openSync, statSync, writeSync } from "node:fs"
import { resolve } from "node:path"
import { BatchInputChangedError, BatchJobLockedError, BatchOptionsChangedError } from "@kimi-effect/core/BatchErrors"
import { JournalStoreError } from "@kimi-effect/core/JournalErrors"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as FileFailure from "../FileFailure.ts"
import * as GzipOutput from "./GzipOutput.ts"
import { type Input, openFile, openStream, type Source } from "./inputSource.ts"
import * as hostRecord from "./hostRecord.ts"
import * as jobLock from "./jobLock.ts"
import * as jobRecord from "./jobRecord.ts"
import * as rowOptions from "./rowOptions.ts"
import { LineSet } from "./LineSet.ts"
import { NotAnOutput, type OutputForm } from "./OutputForm.ts"
import type { LineHead } from "./outputLine.ts"
import { Counts, type Status } from "./jobStatus.ts"
import * as PlainOutput from "./PlainOutput.ts"

/** Takes the lines of an output, each with its newline, and succeeds when a line is written. */
export type WriteLine = (line: string) => Effect.Effect<unknown>

export interface Job {
  readonly source: Source
  readonly done: LineSet
  readonly append: (line: string) => Effect.Effect<void, JournalStoreError>
  readonly reject: (line: string) => Effect.Effect<void, JournalStoreError>
  readonly rejected: () => number
  readonly status: () => Status
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

type ChangedError = BatchInputChangedError | BatchOptionsChangedError
type OpenError = ChangedError | BatchJobLockedError | InvalidRequestError | JournalStoreError

export const notAnOutput = (): InvalidRequestError =>
  new InvalidRequestError({
    message: "The output file exists and is not that of a batch job: choose another one",
    parameter: "output"
  })

/** Whether the rows are those of the input is not known any more, so that they are left as they are. */
const damagedRecord = (path: string): InvalidRequestError =>
  new InvalidRequestError({
    message: `The record ${JSON.stringify(path)} of the batch job is damaged: restore it from a copy, or choose another output`,
    parameter: "output"
  })

/**
 * The file that the system names, so that its path can be corrected. It names none when it
 * writes to an open one: the disk of the output is meant then.
 */
const subjectOf = (cause: unknown, output: string | undefined): string => {
  const path = cause instanceof Error && "path" in cause && typeof cause.path === "string" ? cause.path : undefined
  if (path !== undefined) return `The file ${JSON.stringify(path)} of the batch job`
  return output === undefined
    ? "A file of the batch job"
    : `A file of the batch job with the output ${JSON.stringify(output)}`
}

const reasonOf = (cause: unknown): string =>
  cause instanceof FileFailure.UnusablePathError
    ? cause.message
    : FileFailure.describe(FileFailure.codeOf(cause) ?? "unknown error")

export const storeFailure = (operation: string, cause: unknown, output?: string): JournalStoreError =>
  new JournalStoreError({
    message: `${subjectOf(cause, output)} cannot be used: ${reasonOf(cause)}`,
    store: "file",
    operation
  })

const attempt = <A>(operation: string, run: () => A, output?: string): Effect.Effect<A, JournalStoreError> =>
  Effect.try({ try: run, catch: (cause) => storeFailure(operation, cause, output) })

/** A file with lines that are no rows is not replaced: its lines are the user's. */
const orNotAnOutput =
  (operation: string) =>
  (cause: unknown): InvalidRequestError | JournalStoreError =>
    cause instanceof NotAnOutput ? notAnOutput() : storeFailure(operation, cause)

/**
 * Devices, pipes and sockets do not return what was written, so a job could not be
 * continued, and a replaced output would replace the device. What cannot be found
 * or is a folder is refused when it is opened.
 */
export const checkFile = (output: string): Effect.Effect<void, InvalidRequestError> =>
  Effect.flatMap(
    Effect.option(Effect.try(() => statSync(output))),
    Option.match({
      onNone: () => Effect.void,
      onSome: (found) => {
        if (found.isFile() || found.isDirectory()) return Effect.void
        const message = `The output ${JSON.stringify(output)} is a device, a pipe or a socket: choose a file`
        return Effect.fail(new InvalidRequestError({ message, parameter: "output" }))
      }
    })
  )

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
    return new InvalidRequestError({ message: `The input${path} cannot be read: ${reason}`, parameter: "input" })
  }

/** The bytes of a stream, which ends with the scope. */
const iterator = (stream: Stream.Stream<Uint8Array, unknown>) =>
  Effect.acquireRelease(
    Effect.map(Stream.toAsyncIterableEffect(stream), (iterable) => iterable[Symbol.asyncIterator]()),
    (opened) => Effect.promise(async () => opened.return?.())
  )

export const openSource = (input: Input): Effect.Effect<Source, InvalidRequestError, Scope.Scope> =>
  typeof input === "string"
    ? Effect.try({ try: () => openFile(input), catch: inputFailure(input) })
    : Effect.flatMap(iterator(input), (opened) =>
        Effect.tryPromise({ try: () => openStream(opened), catch: inputFailure(input) })
      )

const changed = (input: Input): BatchInputChangedError =>
  new BatchInputChangedError({
    message: "The input is not the one that the job was started with",
    input: typeof input === "string" ? input : "stream"
  })

/**
 * Whether an earlier run wrote a row, or sent the rows to the host. If not, such as
 * when the input could not be read, an input that was corrected is accepted.
 */
const hasResults = (output: string): boolean =>
  existsSync(hostRecord.pathOf(output)) ||
  [output, GzipOutput.pendingOf(output)].some((path) => existsSync(path) && statSync(path).size > 0)

const optionsChanged = (output: string, options: ReadonlyArray<string>): BatchOptionsChangedError =>
  new BatchOptionsChangedError({
    message: `The job was started with other values of ${options.join(", ")}`,
    output,
    options
  })

/** Compares the input and the options with those of earlier runs, and records them. Returns the recorded options. */
const checkRecord = Effect.fnUntraced(function* (
  { input, options, output }: Files,
  current: jobRecord.InputRecord
): Effect.fn.Return<rowOptions.OptionDigests, ChangedError | InvalidRequestError | JournalStoreError> {
  const path = `${output}.job.json`
  let recorded = options
  if (existsSync(path)) {
    const record = yield* attempt("read", () => jobRecord.read(path), output)
    if (Option.isNone(record)) return yield* Effect.fail(damagedRecord(path))
    const { head, size } = record.value.input
    const isSame = head === current.head && size === current.size
    if (hasResults(output)) {
      if (!isSame) return yield* Effect.fail(changed(input))
      const others = rowOptions.differences(record.value.options ?? options, options)
      if (others.length > 0) return yield* Effect.fail(optionsChanged(output, others))
      recorded = rowOptions.withModelOf(record.value.options ?? options, options)
    }
  } else if (existsSync(output) && statSync(output).size > 0) return yield* Effect.fail(notAnOutput())
  yield* attempt(
    "record",
    () => jobRecord.write(path, { version: 1, input: current, options: recorded, state: "running", rejected: 0 }),
    output
  )
  return recorded
})

const checkPaths = ({ input, order, output, rerun }: Files): Effect.Effect<void, InvalidRequestError> => {
  const refuse = (parameter: string, message: string) => Effect.fail(new InvalidRequestError({ message, parameter }))
  if (typeof input === "string" && resolve(input) === resolve(output)) {
    return refuse("output", "The output must be another file than the input")
  }
  return order === "input" && rerun !== undefined && rerun.length > 0
    ? refuse("rerun", "Rows that are run again come after the others: use the order completion")
    : Effect.void
}

const formOf = (output: string): OutputForm => (output.endsWith(".gz") ? GzipOutput.form : PlainOutput.form)

export const open = Effect.fnUntraced(function* (files: Files): Effect.fn.Return<Job, OpenError, Scope.Scope> {
  const { input, output, rerun } = files
  yield* checkPaths(files)
  yield* checkFile(output)
  const source = yield* openSource(input)
  yield* lock(output)
  const options = yield* checkRecord(files, source.record)
  const path = `${output}.job.json`
  const using = <A>(operation: string, run: () => A) => attempt(operation, run, output)

  const form = formOf(output)
  const again = new Set(rerun)
  if (again.size > 0 && existsSync(output)) {
    yield* Effect.try({
      try: () => form.keepLines(output, ({ tag }) => tag === undefined || !again.has(tag)),
      catch: orNotAnOutput("rerun")
    })
  }
  const done = new LineSet()
  const counts = new Counts()
  const visit = (head: LineHead): void => {
    done.add(head.line)
    counts.add(head)
  }
  const file = yield* Effect.acquireRelease(
    Effect.try({ try: () => form.open(output, visit), catch: orNotAnOutput("open") }),
    (opened) => Effect.sync(() => opened.close())
  )
  const rejects = yield* Effect.acquireRelease(
    attempt("open", () => openSync(`${output}.rejects.jsonl`, "w", 0o600)),
    (opened) => Effect.sync(() => closeSync(opened))
  )
  let rejected = 0
  let isFinished = false
  const record = (state: "finished" | "stopped"): void => {
    jobRecord.write(path, { version: 1, input: source.record, options, state, rejected, cost: counts.exactCost })
  }
  // A run that was interrupted or has failed is recorded too, if its disk can be written.
  yield* Effect.addFinalizer(() =>
    isFinished
      ? Effect.void
      : Effect.ignore(
          attempt("record", () => {
            record("stopped")
          })
        )
  )
  return {
    source,
    done,
    append: (line) =>
      using("append", () => {
        file.append(line)
        counts.addLine(line)
      }),
    reject: (line) =>
      using("reject", () => {
        rejected += 1
        writeSync(rejects, line)
      }),
    rejected: () => rejected,
    status: () => counts.status,
    finish: (isComplete) =>
      Effect.gen(function* () {
        yield* using("sync", () => file.sync())
        const isUnchanged = yield* Effect.try({ try: source.isUnchanged, catch: () => changed(input) })
        if (!isUnchanged) return yield* Effect.fail(changed(input))
        yield* using("record", () => {
          record(isComplete ? "finished" : "stopped")
          isFinished = true
        })
      })
  }
})

/** A job whose lines go to a function: there is nothing to continue. */
export const openWriter = Effect.fnUntraced(function* (
  { input, rerun }: Pick<Files, "input" | "rerun">,
  write: WriteLine
): Effect.fn.Return<Job, InvalidRequestError, Scope.Scope> {
  if (rerun !== undefined && rerun.length > 0) {
    const message = "Rows of an output that is a function cannot be run again: write to a file"
    return yield* Effect.fail(new InvalidRequestError({ message, parameter: "rerun" }))
  }
  const source = yield* openSource(input)
  const counts = new Counts()
  let rejected = 0
  return {
    source,
    done: new LineSet(),
    append: (line) =>
      Effect.andThen(
        write(line),
        Effect.sync(() => counts.addLine(line))
      ),
    reject: () =>
      Effect.sync(() => {
        rejected += 1
      }),
    rejected: () => rejected,
    status: () => counts.status,
    finish: () =>
      Effect.flatMap(Effect.try({ try: source.isUnchanged, catch: () => changed(input) }), (isUnchanged) =>
        isUnchanged ? Effect.void : Effect.fail(changed(input))
      )
  }
})

const scanStatus = (output: string): Status => {
  const counts = new Counts()
  formOf(output).read(output, (head) => counts.add(head))
  return counts.status
}

/** A job that is only read must have an output. */
const orNoOutput =
  (operation: string, output: string) =>
  (cause: unknown): InvalidRequestError | JournalStoreError => {
    if (FileFailure.codeOf(cause) !== "ENOENT") return orNotAnOutput(operation)(cause)
    const reason = FileFailure.describe("ENOENT")
    return new InvalidRequestError({
      message: `The output ${JSON.stringify(output)} cannot be read: ${reason}`,
      parameter: "output"
    })
  }

export const statusOf = (output: string): Effect.Effect<Status, InvalidRequestError | JournalStoreError> =>
  Effect.andThen(checkFile(output), Effect.try({ try: () => scanStatus(output), catch: orNoOutput("status", output) }))

/** The bytes of the lines of failed rows, of all tags or of some. */
export const failedLines = (
  output: string,
  tags: ReadonlySet<string> | undefined,
  visit: (line: string) => void
): Effect.Effect<void, InvalidRequestError | JournalStoreError> =>
  Effect.andThen(
    checkFile(output),
    Effect.try({
      try: () =>
        formOf(output).read(output, ({ tag }, bytes) => {
          if (tag !== undefined && (tags === undefined || tags.has(tag))) visit(bytes.toString("utf8"))
        }),
      catch: orNoOutput("read", output)
    })
  )
