/** What is wrong with a file of a job, and how the job continues without requesting rows again that are paid. */
import { existsSync, readFileSync } from "node:fs"
import { counted } from "@kimi-effect/core/internal/Counted"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import type { JournalStoreError } from "@kimi-effect/core/JournalErrors"
import * as Effect from "effect/Effect"
import * as FileFailure from "../FileFailure.ts"
import { rescuedOf, unusedRescue } from "./output/Appender.ts"
import { pendingOf } from "./output/GzipOutput.ts"
import * as hostRecord from "./host/hostRecord.ts"
import * as jobRecord from "./jobRecord.ts"
import { DamagedEnd, DamagedLine, DamagedMember } from "./output/OutputForm.ts"
import { isForeign } from "./output/salvage.ts"

const failure = (message: string, fix?: string): InvalidRequestError =>
  new InvalidRequestError({ message, parameter: "output", ...(fix === undefined ? {} : { fix }) })

export const notAnOutput = (output: string): InvalidRequestError =>
  failure(
    `The file ${quoted(output)} exists and is not the output of a batch job`,
    "Choose another output, or move this file away."
  )

/** The records next to an output are those of one job. */
export const otherJob = (output: string, record: string): InvalidRequestError =>
  failure(
    `The output ${quoted(output)} is that of another job, whose record ${quoted(record)} exists`,
    "Choose another output."
  )

/**
 * The answers of a batch by its id are written into a new file: its lines are not rows of a job. `collecting` is the call
 * that collects this batch nevertheless.
 */
export const existingOutput = (output: string, taken: string, collecting: string): InvalidRequestError => {
  const record = recordBy(output) ?? (taken === output ? undefined : taken)
  return record === undefined
    ? failure(
        `The output ${quoted(output)} exists, and is not replaced by the answers of the batch`,
        "Choose an output that does not exist, or move this file away."
      )
    : failure(
        `The output ${quoted(output)} is that of a job, whose file ${quoted(record)} exists`,
        `Choose an output that does not exist. ${collecting}`
      )
}

/** Of what is only read, so that there is no need to choose another output. */
const otherFile = (output: string): InvalidRequestError =>
  failure(
    `The file ${quoted(output)} is not the output of a batch job`,
    "Check the path: it is that of the output of a batch job."
  )

export const quoted = (path: string): string => JSON.stringify(path)

/** With what is lost of a record: what the input is now. The options are then those of the next run. */
const restore = (input: jobRecord.InputRecord, batch?: jobRecord.OpenBatch): string =>
  `Restore it from a copy. If there is none, and the rows are those of this input with these options, write this line into it: ${JSON.stringify({ version: 1, input, state: "stopped", rejected: 0, ...(batch === undefined ? {} : { batch }) })}`

/** Whether the rows are those of the input is not known any more, so that they are left as they are. */
export const damagedRecord = (output: string, input: jobRecord.InputRecord): InvalidRequestError => {
  const path = jobRecord.pathOf(output)
  // The record of the batch itself has what is lost here.
  const batch = existsSync(hostRecord.pathOf(output)) ? undefined : jobRecord.batchIn(readFileSync(path, "utf8"))
  const open =
    batch === undefined ? "" : `, and names ${hostRecord.nameOf(batch.batchId)}, which may be open at the host`
  return failure(`The record ${quoted(path)} of the batch job is damaged${open}`, restore(input, batch))
}

export const missingRecord = (output: string, input: jobRecord.InputRecord): InvalidRequestError =>
  failure(
    `The record ${quoted(jobRecord.pathOf(output))} of the batch job is missing: whether the rows of the output are those of this input is not known`,
    restore(input)
  )

/** Whether a job has made the file: those of other applications have no record. */
const isOwn = (output: string): boolean => existsSync(jobRecord.pathOf(output))

/** The files that make a path the output of a job. */
const takenFiles = (output: string): ReadonlyArray<string> =>
  [
    output,
    pendingOf(output),
    jobRecord.pathOf(output),
    hostRecord.pathOf(output),
    rescuedOf(output),
    rescuedOf(pendingOf(output))
  ].filter((path) => existsSync(path))

/** The record that makes a path the output of a job. */
export const recordBy = (output: string): string | undefined =>
  [jobRecord.pathOf(output), hostRecord.pathOf(output)].find((path) => existsSync(path))

/** What is where an output that is new would be. */
export const takenBy = (output: string): string | undefined => takenFiles(output)[0]

/** Where the answers of a batch at the host can be read again, which costs nothing. */
const orCollected = (output: string): string => {
  const record = hostRecord.pathOf(output)
  const id = existsSync(record) ? hostRecord.idIn(readFileSync(record, "utf8")) : undefined
  return id === undefined
    ? ""
    : ` The answers of the batch at the host can be read again without a cost: ${hostRecord.collectCall(id, output)}.`
}

/** The last run has left rows, which would be paid twice. */
export const lostOutput = (output: string, count: number): InvalidRequestError =>
  failure(
    `The output ${quoted(output)} has no row, and had at least ${count}`,
    `Restore it from a copy. To request all rows again, delete ${quoted(jobRecord.pathOf(output))}.${orCollected(output)}`
  )

/** What another program has replaced during a run is to be put back, or its rows would be requested again. */
export const refuseRescued = (output: string): Effect.Effect<void, InvalidRequestError> =>
  Effect.suspend(() => {
    const rescue = unusedRescue(output) ?? unusedRescue(pendingOf(output))
    return rescue === undefined ? Effect.void : Effect.fail(failure(rescue.message, rescue.fix))
  })

/** The name of an output next to a damaged one, which is not taken yet. */
export const repairedOf = (output: string): string => {
  const [end = ""] = /(?:\.jsonl)?(?:\.gz)?$/.exec(output) ?? []
  const suffix = end.includes(".jsonl") ? end : `.jsonl${end}`
  const name = output.slice(0, output.length - end.length).replace(/\.repaired(?:-\d+)?$/, "")
  for (let count = 1; ; count += 1) {
    const path = `${name}.repaired${count === 1 ? "" : `-${count}`}${suffix}`
    if (takenBy(path) === undefined) return path
  }
}

/** Whole rows are not paid again. */
const repaired = (output: string): string =>
  `Restore the file from a copy. If there is none, write its whole rows into another output with BatchJob.repair(${quoted(output)}, ${quoted(repairedOf(output))}), and continue the job with that: only the rows that are lost are requested again.${orCollected(output)}`

const damagedLine = (output: string, { line, path }: DamagedLine): InvalidRequestError =>
  failure(`Line ${line} of ${quoted(path)} is damaged: it is no whole row of the batch job`, repaired(output))

const damagedMember = (output: string, { position }: DamagedMember): InvalidRequestError =>
  failure(
    position === 0 && isForeign(output)
      ? `The output ${quoted(output)} was compressed by another program, so that a job cannot continue it`
      : `The output ${quoted(output)} is damaged at byte ${position}: its lines cannot be decompressed from there`,
    repaired(output)
  )

/** What follows the last whole row was not left by a kill, since rows before it are missing. */
const damagedEnd = (output: string, { before, rows }: DamagedEnd): InvalidRequestError =>
  failure(
    `The end of the output ${quoted(output)} is damaged: it has ${counted(rows, "whole row")}, and had at least ${before}`,
    repaired(output)
  )

/** The record of an open batch stays: without it, a run would send the rows of the batch again. */
const deletedFiles = (output: string): ReadonlyArray<string> =>
  takenFiles(output).filter((path) => path !== hostRecord.pathOf(output) || !hostRecord.mayBeOpen(output))

/** Nothing is left that another output could have. */
export const noWholeRow = (output: string): InvalidRequestError =>
  isOwn(output)
    ? failure(
        `The output ${quoted(output)} has no whole row`,
        `Restore it from a copy. To request all rows again, delete ${deletedFiles(output).map(quoted).join(" and ")}.${orCollected(output)}`
      )
    : otherFile(output)

/** Rows without a change are not known. */
export const onlyChanged = (output: string): InvalidRequestError =>
  failure(
    `All rows of the output ${quoted(output)} are of a run whose input was changed meanwhile`,
    "Start a new job with another output file."
  )

export const missingOutput = (output: string): InvalidRequestError =>
  failure(
    `The output ${quoted(output)} cannot be read: ${FileFailure.describe("ENOENT")}`,
    "Check the path: it is that of the output of a batch job."
  )

/** Of a version that has other errors, or of a line that was edited by hand. */
export const unknownError = (output: string, line: number, tag: string): InvalidRequestError =>
  failure(
    `The output ${quoted(output)} has an error of row ${line} that this version cannot read: ${tag.slice(0, 100)}`,
    "Read it with the version that has written it, or only the rows with other tags."
  )

/** Neither rows nor a record are replaced. */
export const takenOutput = (output: string, taken: string): InvalidRequestError =>
  failure(
    `The output ${quoted(output)} of the whole rows must be a new one: ${quoted(taken)} exists`,
    "Choose an output that does not exist."
  )

/** Another application's file is not replaced, and neither are rows that can be repaired. */
export const orDamaged =
  (output: string, otherwise: (cause: unknown) => InvalidRequestError | JournalStoreError) =>
  (cause: unknown): InvalidRequestError | JournalStoreError => {
    if (cause instanceof InvalidRequestError) return cause
    if (cause instanceof DamagedEnd) return damagedEnd(output, cause)
    if (cause instanceof DamagedLine)
      return isOwn(output) || cause.line > 1 ? damagedLine(output, cause) : otherFile(output)
    if (cause instanceof DamagedMember)
      return isOwn(output) || cause.position > 0 ? damagedMember(output, cause) : otherFile(output)
    return otherwise(cause)
  }
