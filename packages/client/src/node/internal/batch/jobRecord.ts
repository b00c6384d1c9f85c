/** The small file next to the output of a job: what its input and its options were, so that others are noticed. */
import { existsSync, readFileSync } from "node:fs"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { ChangedRows } from "./changedRows.ts"
import { replaceFile } from "./replaceFile.ts"
import { UnlistedCost } from "./unlistedCost.ts"

/** What is known of a batch without its own record. */
const OpenBatch = Schema.Struct({
  /** The id of the submission. */
  submission: Schema.String,
  /** Absent before the batch was created. */
  batchId: Schema.optionalKey(Schema.String),
  model: Schema.String,
  rows: Schema.Int
})

export type OpenBatch = typeof OpenBatch.Type

const JobRecord = Schema.Struct({
  version: Schema.Literal(1),
  /** Bytes of the input, and the SHA-256 of its first 64 KiB. Of a stream, the SHA-256 of its first two lines. */
  input: Schema.Struct({ size: Schema.NullOr(Schema.Finite), head: Schema.String }),
  /** Digests of the options that change rows, by their names. Absent in records of earlier versions. */
  options: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
  state: Schema.Literals(["running", "stopped", "finished"]),
  rejected: Schema.Finite,
  /** Rows of the input, when it was read to its end. Absent in records of earlier versions. */
  total: Schema.optionalKey(Schema.Finite),
  /** Rows that the output has at least: those when the last run ended that was not killed. Absent before the first one. */
  done: Schema.optionalKey(Schema.Finite),
  /**
   * The batch of the job at the host, while it is open: a run must not send its rows again when its record is
   * lost. It is set after that record is written, and cleared before that record is, so that a kill between the
   * two leaves no batch here that has no record.
   */
  batch: Schema.optionalKey(OpenBatch),
  /** What rows have cost that have no line: they were removed to be run again, or have stopped the job. Absent if it is nothing. */
  unlisted: Schema.optionalKey(UnlistedCost),
  /** Present after a run whose input was changed meanwhile, until these rows are left out. */
  changed: Schema.optionalKey(ChangedRows),
  /**
   * By currency, as decimals: what the job had cost when the last run ended. Absent while one runs and
   * after a kill. It is a summary for people; programs add up the lines and what is `unlisted`.
   */
  cost: Schema.optionalKey(
    Schema.Struct({ USD: Schema.optionalKey(Schema.String), CNY: Schema.optionalKey(Schema.String) })
  )
})

export type JobRecord = typeof JobRecord.Type

export type InputRecord = JobRecord["input"]

export const pathOf = (output: string): string => `${output}.job.json`

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(JobRecord))

/** None if the file is not a record. */
export const read = (path: string): Option.Option<JobRecord> => decode(readFileSync(path, "utf8"))

const decodeBatch = Schema.decodeUnknownOption(Schema.fromJsonString(OpenBatch))

/** The open batch in the text of a record that is damaged, with as much of it as is left. */
export const batchIn = (text: string): OpenBatch | undefined => {
  const [, rest] = /"batch":(\{[^]*)/.exec(text) ?? []
  if (rest === undefined) return undefined
  const whole = Option.getOrUndefined(decodeBatch(/^\{[^{}]*\}/.exec(rest)?.[0] ?? ""))
  if (whole !== undefined) return whole
  const valueOf = (name: string): string | undefined => new RegExp(`"${name}":"([\\w.-]{1,200})"`).exec(rest)?.[1]
  const batchId = valueOf("batchId")
  return {
    submission: valueOf("submission") ?? "unknown",
    ...(batchId === undefined ? {} : { batchId }),
    model: valueOf("model") ?? "unknown",
    rows: Number(/"rows":(\d{1,9})\D/.exec(rest)?.[1] ?? 0)
  }
}

/** With `flush`, it is on the disk before it takes the place of the last one. */
export const write = (path: string, record: JobRecord, flush = false): void =>
  replaceFile(path, `${JSON.stringify(record)}\n`, flush)

/** The record next to an output. Undefined if there is none, or if it is damaged. */
export const find = (output: string): JobRecord | undefined => {
  const path = pathOf(output)
  return existsSync(path) ? Option.getOrUndefined(read(path)) : undefined
}

/** Of a job that is locked, and has no run that would write the batch again. */
export const clearBatch = (output: string): void => {
  const { batch, ...record } = find(output) ?? {}
  if (batch !== undefined) write(pathOf(output), record as JobRecord, true)
}
