/** The small file next to the output of a job: what its input was, so that another one is noticed. */
import { createHash } from "node:crypto"
import { closeSync, openSync, readFileSync, readSync, renameSync, statSync, writeFileSync } from "node:fs"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

const JobRecord = Schema.Struct({
  version: Schema.Literal(1),
  /** Bytes of the input, and the SHA-256 of its first 64 KiB. */
  input: Schema.Struct({ size: Schema.Finite, head: Schema.String }),
  state: Schema.Literals(["running", "stopped", "finished"]),
  rejected: Schema.Finite
})

export type JobRecord = typeof JobRecord.Type

const headBytes = 64 * 1024

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(JobRecord))

export const describeInput = (path: string): JobRecord["input"] => {
  const file = openSync(path, "r")
  try {
    const head = Buffer.alloc(headBytes)
    const read = readSync(file, head, 0, headBytes, 0)
    return { size: statSync(path).size, head: createHash("sha256").update(head.subarray(0, read)).digest("hex") }
  } finally {
    closeSync(file)
  }
}

/** None if the file is not a record. */
export const read = (path: string): Option.Option<JobRecord> => decode(readFileSync(path, "utf8"))

export const write = (path: string, record: JobRecord): void => {
  writeFileSync(`${path}.tmp`, `${JSON.stringify(record)}\n`, { mode: 0o600 })
  renameSync(`${path}.tmp`, path)
}
