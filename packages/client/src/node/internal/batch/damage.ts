/** What is wrong with a file of a job, and how it is repaired without requesting rows again that are paid. */
import { existsSync, readFileSync } from "node:fs"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import type { JournalStoreError } from "@kimi-effect/core/JournalErrors"
import * as hostRecord from "./hostRecord.ts"
import * as jobRecord from "./jobRecord.ts"
import { DamagedEnd, DamagedLine, DamagedMember } from "./OutputForm.ts"

const failure = (message: string, fix?: string): InvalidRequestError =>
  new InvalidRequestError({ message, parameter: "output", ...(fix === undefined ? {} : { fix }) })

export const notAnOutput = (): InvalidRequestError =>
  failure(
    "The output file exists and is not that of a batch job: choose another one",
    "Choose another output, or move this file away."
  )

const quoted = (path: string): string => JSON.stringify(path)

/** With what is lost of a record: what the input is now. The options are then those of the next run. */
const restore = (input: jobRecord.InputRecord): string =>
  `Restore it from a copy. If there is none, and the rows are those of this input with these options, write this line into it: ${JSON.stringify({ version: 1, input, state: "stopped", rejected: 0 })}`

/** Whether the rows are those of the input is not known any more, so that they are left as they are. */
export const damagedRecord = (output: string, input: jobRecord.InputRecord): InvalidRequestError =>
  failure(`The record ${quoted(jobRecord.pathOf(output))} of the batch job is damaged`, restore(input))

export const missingRecord = (output: string, input: jobRecord.InputRecord): InvalidRequestError =>
  failure(
    `The record ${quoted(jobRecord.pathOf(output))} of the batch job is missing: whether the rows of the output are those of this input is not known`,
    restore(input)
  )

/** Where the answers of a batch at the host can be read again, which costs nothing. */
const orCollected = (output: string): string => {
  const record = hostRecord.pathOf(output)
  const id = existsSync(record) ? hostRecord.idIn(readFileSync(record, "utf8")) : undefined
  return id === undefined
    ? ""
    : ` The answers of the batch at the host can be read again without a cost: HostBatchJob.collect(${quoted(id)}, ${quoted(`${output}.collected.jsonl`)}).`
}

/** The last run has left rows, which would be paid twice. */
export const lostOutput = (output: string, count: number): InvalidRequestError =>
  failure(
    `The output ${quoted(output)} has no row, and had at least ${count}`,
    `Restore it from a copy. To request all rows again, delete ${quoted(jobRecord.pathOf(output))}.${orCollected(output)}`
  )

const damagedLine = (output: string, { line, path }: DamagedLine): InvalidRequestError =>
  failure(
    `Line ${line} of ${quoted(path)} is damaged: it is no whole row of the batch job`,
    `Restore the file from a copy, or delete this line: its row is then requested again.${orCollected(output)}`
  )

/** Members before a position are whole. The files of the job have to keep their places next to the output that is repaired. */
const decompressed = (path: string, position: number): string => {
  const records = [jobRecord.pathOf(path), hostRecord.pathOf(path)].filter((name) => existsSync(name)).map(quoted)
  const pending = `${path}.pending`
  const hasPending = existsSync(pending)
  if (position === 0 && !hasPending) {
    return `Restore the file from a copy. Nothing of it before the damage is whole: to request all rows again, delete it and ${records.join(" and ")}.${orCollected(path)}`
  }
  const steps = [
    ...(position === 0 ? [] : [`decompress what is whole with head -c ${position} ${quoted(path)} | gzip -dc`]),
    ...(hasPending ? [`append ${quoted(pending)} to it`] : []),
    `copy ${records.join(" and ")} to the name of that output with the same end`
  ]
  return `Restore the file from a copy. If there is none, write its rows into an output without .gz: ${steps.join(", ")}. Continue the job with that output: only the rows that are lost are requested again.${orCollected(path)}`
}

const damagedMember = (path: string, { position }: DamagedMember): InvalidRequestError =>
  failure(
    `The output ${quoted(path)} is damaged at byte ${position}: its lines cannot be decompressed from there`,
    decompressed(path, position)
  )

/** What follows the last whole row was not left by a kill, since rows before it are missing. */
const damagedEnd = (path: string, { before, position, rows }: DamagedEnd): InvalidRequestError =>
  failure(
    `The end of the output ${quoted(path)} is damaged: it has ${rows} whole rows, and had at least ${before}`,
    path.endsWith(".gz")
      ? decompressed(path, position)
      : `Restore the file from a copy. If there is none, delete its last line, which is not whole: the rows that are lost are then requested again.${orCollected(path)}`
  )

/** Another application's file is not replaced, and neither are rows that can be repaired. `isOwn` of a job with a record. */
export const orDamaged =
  (output: string, isOwn: boolean, otherwise: (cause: unknown) => InvalidRequestError | JournalStoreError) =>
  (cause: unknown): InvalidRequestError | JournalStoreError => {
    if (cause instanceof DamagedLine) return isOwn || cause.line > 1 ? damagedLine(output, cause) : notAnOutput()
    if (cause instanceof DamagedEnd) return damagedEnd(output, cause)
    if (cause instanceof DamagedMember)
      return isOwn || cause.position > 0 ? damagedMember(output, cause) : notAnOutput()
    return otherwise(cause)
  }
