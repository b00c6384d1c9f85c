/** The small file next to the output of a job: what its input and its options were, so that others are noticed. */
import { readFileSync, renameSync, writeFileSync } from "node:fs"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

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
   * By currency, as decimals: what the lines had cost when the last run ended. Absent while one runs and
   * after a kill. It is a summary for people; programs add up the lines.
   */
  cost: Schema.optionalKey(
    Schema.Struct({ USD: Schema.optionalKey(Schema.String), CNY: Schema.optionalKey(Schema.String) })
  )
})

export type JobRecord = typeof JobRecord.Type

export type InputRecord = JobRecord["input"]

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(JobRecord))

/** None if the file is not a record. */
export const read = (path: string): Option.Option<JobRecord> => decode(readFileSync(path, "utf8"))

export const write = (path: string, record: JobRecord): void => {
  writeFileSync(`${path}.tmp`, `${JSON.stringify(record)}\n`, { mode: 0o600 })
  renameSync(`${path}.tmp`, path)
}
