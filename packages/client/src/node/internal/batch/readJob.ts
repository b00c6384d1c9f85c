/** Reads the files of a job that is not opened, and may be running in another process. */
import { closeSync, existsSync, openSync, readSync, statSync } from "node:fs"
import type { JournalStoreError } from "@kimi-effect/core/JournalErrors"
import type { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as FileFailure from "../FileFailure.ts"
import * as damage from "./damage.ts"
import * as hostRecord from "./host/hostRecord.ts"
import * as jobLock from "./jobLock.ts"
import * as jobRecord from "./jobRecord.ts"
import { Counts, type JobState, type JobStatus } from "./jobStatus.ts"
import { checkFile, storeFailure } from "./jobFiles.ts"
import { formOf } from "./output/forms.ts"
import type { RowsEnd } from "./output/OutputForm.ts"
import * as runRecord from "./runRecord.ts"
import { settle } from "./unlistedCost.ts"

interface Scanned {
  readonly counts: Counts
  readonly rows: number
  readonly end: RowsEnd
}

const scan = (output: string): Scanned => {
  const counts = new Counts()
  const end = formOf(output).read(output, (head) => counts.add(head))
  const { answered, failed } = counts.status
  return { counts, rows: answered + failed, end }
}

const chunkBytes = 64 * 1024
const newline = 10

/** The lines of the reject file, which each run writes from its start. */
const countRejects = (path: string): number | undefined => {
  if (!existsSync(path)) return undefined
  const file = openSync(path, "r")
  try {
    const chunk = Buffer.allocUnsafe(chunkBytes)
    let lines = 0
    for (let read = readSync(file, chunk); read > 0; read = readSync(file, chunk)) {
      for (let at = chunk.indexOf(newline); at !== -1 && at < read; at = chunk.indexOf(newline, at + 1)) lines += 1
    }
    return lines
  } finally {
    closeSync(file)
  }
}

/** Changes with the record, which is replaced whenever it is written. */
const versionOf = (output: string): string => {
  const found = statSync(jobRecord.pathOf(output), { bigint: true, throwIfNoEntry: false })
  return `${found?.ino} ${found?.mtimeNs}`
}

const isRunning = (output: string): boolean => jobLock.isHeld(`${output}.lock`)

/** Reads that meet a file while a job replaces it are made again. */
const maxReads = 10

/** Reads the rows of an output that a job may be writing. */
const reading = <A>(output: string, read: () => A): A => {
  for (let count = 1; ; count += 1) {
    const version = versionOf(output)
    const wasRunning = isRunning(output)
    try {
      return read()
    } catch (error) {
      const isInUse = wasRunning || isRunning(output) || versionOf(output) !== version
      if (count === maxReads || !isInUse) throw error
    }
  }
}

/** Refuses what the next run refuses, unless a job writes the files. `check` throws. */
const checkUnless = (isInUse: () => boolean, check: () => void): void => {
  try {
    check()
  } catch (error) {
    if (!isInUse()) throw error
  }
}

const stateOf = (record: jobRecord.JobRecord | undefined, rows: number): Exclude<JobState, "at host" | "running"> => {
  if (record === undefined) return "unknown"
  if (record.state === "running") return "interrupted"
  // Lines may have been deleted since.
  return rows < Math.max(record.total ?? 0, record.done ?? 0) ? "stopped" : record.state
}

const read = (output: string): JobStatus => {
  // Before the rows: a job that runs records them after it has written them.
  const version = versionOf(output)
  const recorded = jobRecord.find(output)?.done ?? 0
  const wasRunning = isRunning(output)
  const isInUse = (): boolean => wasRunning || isRunning(output) || versionOf(output) !== version
  checkUnless(isInUse, () => runRecord.checkLost(output, recorded))
  const { counts, end, rows } = reading(output, () => scan(output))
  checkUnless(isInUse, () => runRecord.checkRows(rows, recorded, end))
  const record = jobRecord.find(output)
  if (record?.unlisted !== undefined) counts.addUnlisted(settle(record.unlisted, counts.status.failedByTag))
  const hasEnded = record !== undefined && record.state !== "running"
  return {
    ...counts.status,
    state: wasRunning || isRunning(output) ? "running" : stateOf(record, rows),
    total: record?.total,
    rejected: hasEnded ? record.rejected : countRejects(`${output}.rejects.jsonl`)
  }
}

/** A job that is only read must have an output. */
const orNoOutput = (operation: string, output: string) =>
  damage.orDamaged(output, (cause) =>
    FileFailure.codeOf(cause) === "ENOENT" ? damage.missingOutput(output) : storeFailure(operation, cause, output)
  )

/**
 * What an output has. While its rows are in a rescued file, the output is another program's.
 * That is checked last: a job that is running may notice it while the output is read.
 */
const attemptRead = <A>(
  operation: string,
  output: string,
  run: () => A
): Effect.Effect<A, InvalidRequestError | JournalStoreError> =>
  Effect.gen(function* () {
    yield* checkFile(output)
    const found = yield* Effect.result(Effect.try({ try: run, catch: orNoOutput(operation, output) }))
    yield* damage.refuseRescued(output)
    return yield* Effect.fromResult(found)
  })

export const statusOf = (output: string): Effect.Effect<JobStatus, InvalidRequestError | JournalStoreError> =>
  Effect.gen(function* () {
    const found = yield* attemptRead("status", output, () => read(output))
    const host = Option.flatten(yield* Effect.option(hostRecord.read(output)))
    const isOpen = Option.exists(host, ({ state }) => state === "open")
    // Also if its record is lost or damaged.
    const isAtHost = isOpen || hostRecord.mayNameBatch(output)
    return isAtHost ? { ...found, state: "at host" as const } : found
  })

/** The failed rows of all tags or of some. `decode` reads one of its line, and has undefined for an error that it does not know. */
export const failedLines = <A>(
  output: string,
  tags: ReadonlySet<string> | undefined,
  decode: (line: string) => A | undefined
): Effect.Effect<ReadonlyArray<A>, InvalidRequestError | JournalStoreError> => {
  const read = (): ReadonlyArray<A> => {
    const lines: Array<A> = []
    formOf(output).read(output, ({ line, tag }, bytes) => {
      if (tag === undefined || tags?.has(tag) === false) return
      const row = decode(bytes.toString("utf8"))
      if (row === undefined) throw damage.unknownError(output, line, tag)
      lines.push(row)
    })
    return lines
  }
  return attemptRead("read", output, () => reading(output, read))
}
