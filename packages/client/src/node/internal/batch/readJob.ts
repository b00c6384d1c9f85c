/** Reads the files of a job that is not opened, and may be running in another process. */
import { closeSync, existsSync, openSync, readSync } from "node:fs"
import type { JournalStoreError } from "@kimi-effect/core/JournalErrors"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as FileFailure from "../FileFailure.ts"
import * as damage from "./damage.ts"
import * as hostRecord from "./hostRecord.ts"
import * as jobLock from "./jobLock.ts"
import * as jobRecord from "./jobRecord.ts"
import { Counts, type JobState, type JobStatus, type Status } from "./jobStatus.ts"
import { checkFile, formOf, storeFailure } from "./jobFiles.ts"

const scan = (output: string): Status => {
  const counts = new Counts()
  formOf(output).read(output, (head) => counts.add(head))
  return counts.status
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

const stateOf = (
  output: string,
  record: jobRecord.JobRecord | undefined,
  { answered, failed }: Status
): Exclude<JobState, "at host"> => {
  if (jobLock.isHeld(`${output}.lock`)) return "running"
  if (record === undefined) return "unknown"
  if (record.state === "running") return "interrupted"
  // Lines may have been lost or deleted since.
  return answered + failed < Math.max(record.total ?? 0, record.done ?? 0) ? "stopped" : record.state
}

const read = (output: string): JobStatus => {
  const counts = scan(output)
  // Without it, or if it is damaged, the rows are counted.
  const record = jobRecord.find(output)
  const hasEnded = record !== undefined && record.state !== "running"
  return {
    ...counts,
    state: stateOf(output, record, counts),
    total: record?.total,
    rejected: hasEnded ? record.rejected : countRejects(`${output}.rejects.jsonl`)
  }
}

/** A job that is only read must have an output. */
const orNoOutput =
  (operation: string, output: string) =>
  (cause: unknown): InvalidRequestError | JournalStoreError => {
    if (FileFailure.codeOf(cause) !== "ENOENT") {
      const isOwn = existsSync(jobRecord.pathOf(output))
      return damage.orDamaged(output, isOwn, (other) => storeFailure(operation, other, output))(cause)
    }
    const reason = FileFailure.describe("ENOENT")
    return new InvalidRequestError({
      message: `The output ${JSON.stringify(output)} cannot be read: ${reason}`,
      parameter: "output",
      fix: "Check the path: it is that of the output of a batch job."
    })
  }

export const statusOf = (output: string): Effect.Effect<JobStatus, InvalidRequestError | JournalStoreError> =>
  Effect.gen(function* () {
    yield* checkFile(output)
    const found = yield* Effect.try({ try: () => read(output), catch: orNoOutput("status", output) })
    const host = Option.flatten(yield* Effect.option(hostRecord.read(output)))
    const isOpen = Option.exists(host, ({ state }) => state === "open")
    // Also if its record is lost or damaged.
    const isAtHost = isOpen || jobRecord.find(output)?.batch !== undefined
    return isAtHost ? { ...found, state: "at host" as const } : found
  })

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
