/**
 * The small file next to the output of a job that the host runs: what was sent to
 * the host, so that another process sends nothing twice.
 */
import { existsSync, readFileSync, rmSync } from "node:fs"
import type { Batch } from "@kimi-effect/core/Batch"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import { JournalStoreError } from "@kimi-effect/core/JournalErrors"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { isFinal } from "../../../../batch/BatchApi.ts"
import * as FileFailure from "../../FileFailure.ts"
import { attempt } from "../jobFiles.ts"
import * as jobRecord from "../jobRecord.ts"
import { replaceFile } from "../replaceFile.ts"
import * as lineBits from "../lineBits.ts"

const HostRecord = Schema.Struct({
  version: Schema.Literal(1),
  submission: Schema.Struct({
    id: Schema.String,
    fileId: Schema.optional(Schema.String),
    batchId: Schema.optional(Schema.String)
  }),
  model: Schema.String,
  /** Rows of the batch. */
  rows: Schema.Int,
  /** The lines of the input that these rows have. Absent in records of earlier versions. */
  lines: Schema.optional(
    Schema.String.check(Schema.makeFilter((text) => lineBits.decode(text) !== undefined || "the lines of a batch"))
  ),
  /** Hours. */
  completionWindow: Schema.Finite,
  /** Whether the usage of the batch was entered. */
  isAccounted: Schema.Boolean,
  /** The last status of the host that is known. */
  status: Schema.optional(Schema.String),
  /** Its rows that the host had answered and failed then, if it counts them. Absent in records of earlier versions. */
  counts: Schema.optional(Schema.Struct({ completed: Schema.Finite, failed: Schema.Finite })),
  /** `ended` when its results were read. */
  state: Schema.Literals(["open", "ended"]),
  /** How the input is read. Without it, only the program that knows can continue the job. */
  input: Schema.optional(
    Schema.Struct({
      path: Schema.String,
      format: Schema.optional(Schema.Literals(["jsonl", "csv"])),
      separator: Schema.optional(Schema.String),
      prompts: Schema.optional(Schema.Unknown),
      /** Whether the results are read with a schema, which a record cannot have. */
      hasSchema: Schema.optional(Schema.Boolean)
    })
  )
})

export type HostRecord = typeof HostRecord.Type

/** What the record of the job has of it. Undefined if it has ended. */
export const openBatchOf = ({ model, rows, state, submission }: HostRecord): jobRecord.OpenBatch | undefined => {
  const { batchId, id } = submission
  if (state !== "open") return undefined
  return { submission: id, ...(batchId === undefined ? {} : { batchId }), model, rows }
}

/** With what the host reports of the batch. */
export const reported = (record: HostRecord, { request_counts: counts, status }: Batch): HostRecord => ({
  ...record,
  status,
  ...(counts === undefined ? {} : { counts: { completed: counts.completed, failed: counts.failed } })
})

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(HostRecord))

/** The call that does something about the batch of a job. */
export const call = (name: "abandon" | "cancel" | "resume", output: string): string =>
  `HostBatchJob.${name}(${JSON.stringify(output)})`

/** The call that reads the answers of a batch next to the output, which costs nothing. The first one has the plain name. */
export const collectCall = (batchId: string, output: string, position = 1): string => {
  const path = `${output}.collected${position === 1 ? "" : `-${position}`}.jsonl`
  return `HostBatchJob.collect(${JSON.stringify(batchId)}, ${JSON.stringify(path)})`
}

export const pathOf = (output: string): string => `${output}.host.json`

const failure = (operation: string, output: string, reason: string, fix?: string): JournalStoreError =>
  new JournalStoreError({
    message: `The record ${JSON.stringify(pathOf(output))} of the batch at the host cannot be used: ${reason}`,
    store: "file",
    operation,
    ...(fix === undefined ? {} : { fix })
  })

/** The batch that a damaged record names, which a collection by its id needs. */
export const idIn = (text: string): string | undefined => /"batchId":"([\w-]{1,200})"/.exec(text)?.[1]

/** What to do without the record. `batch` is what the record of the job has. */
const repair = (output: string, id: string | undefined, batch: jobRecord.OpenBatch | undefined): string => {
  const found = id === undefined ? ", which BatchApi.list has" : ""
  const rest =
    batch === undefined
      ? "Without its record, a run would send all of its rows again."
      : `${call("abandon", output)} forgets it, and the next run sends its rows again: those that the host runs nevertheless are paid twice.`
  return `Restore it from a copy. If there is none, collect the batch by its id${found}: ${collectCall(id ?? "BATCH-ID", output)}. ${rest}`
}

const damaged = (output: string, text: string, batch: jobRecord.OpenBatch | undefined): JournalStoreError =>
  failure("read", output, "it is damaged", repair(output, idIn(text) ?? batch?.batchId, batch))

/** The batch in messages. */
export const nameOf = (batchId: string | undefined): string =>
  batchId === undefined ? "a batch that a program has begun to send" : `the batch ${batchId}`

/** The batch may be paid, also one whose creation no program has recorded. */
const lost = (output: string, batch: jobRecord.OpenBatch, found: HostRecord | undefined): JournalStoreError => {
  const { batchId } = batch
  const reason = found === undefined ? "it is missing" : "it is that of another batch"
  return failure(
    "read",
    output,
    `${reason}, and ${nameOf(batchId)} may be open at the host`,
    repair(output, batchId, batch)
  )
}

/** Two batches that are open: one of the records is an older copy, and which one is not known. */
const contradiction = (output: string, batch: jobRecord.OpenBatch, { submission }: HostRecord): JournalStoreError => {
  const here = nameOf(submission.batchId)
  const there = nameOf(batch.batchId)
  const record = JSON.stringify(jobRecord.pathOf(output))
  const collected = [submission.batchId, batch.batchId].flatMap((id, index) =>
    id === undefined ? [] : [collectCall(id, output, index + 1)]
  )
  const answers = collected.length === 0 ? "" : ` The answers can be read without a cost: ${collected.join(" and ")}.`
  return failure(
    "read",
    output,
    `it names ${here}, and the record ${record} of the job names ${there}: one of the two records is an older copy`,
    `Restore the newer copy of that record. If the output has the answers of ${there}, the record ${record} is the older one: remove its member "batch", and the job continues with ${here}.${answers} ${call("abandon", output)} forgets both: what the host runs of them is then paid twice.`
  )
}

const failureOf =
  (operation: string, output: string) =>
  (cause: unknown): JournalStoreError =>
    failure(operation, output, FileFailure.describe(FileFailure.codeOf(cause) ?? "unknown error"))

/** What the record of the job has of an open batch. */
export const findOpenBatch = (output: string): Effect.Effect<jobRecord.OpenBatch | undefined, JournalStoreError> =>
  attempt("read", () => jobRecord.find(output)?.batch, output)

const find = (
  output: string,
  batch: jobRecord.OpenBatch | undefined
): Effect.Effect<Option.Option<HostRecord>, JournalStoreError> =>
  Effect.suspend(() => {
    const path = pathOf(output)
    return existsSync(path)
      ? Effect.flatMap(
          Effect.try({ try: () => readFileSync(path, "utf8"), catch: failureOf("read", output) }),
          (text) =>
            Option.match(decode(text), {
              onNone: () => Effect.fail(damaged(output, text, batch)),
              onSome: (record) => Effect.succeed(Option.some(record))
            })
        )
      : Effect.succeed(Option.none())
  })

/** With the id that the record of the job has, if this one is a copy from before the creation. Undefined of another batch. */
const agreed = (record: HostRecord, { batchId, submission }: jobRecord.OpenBatch): HostRecord | undefined => {
  const { submission: own } = record
  if (own.id !== submission) return undefined
  if (batchId === undefined || own.batchId === batchId) return record
  return own.batchId === undefined ? { ...record, submission: { ...own, batchId } } : undefined
}

/**
 * None if the host has run nothing of the job. A damaged record fails, and so does one that is lost while
 * its batch is open: they may name a batch that was paid.
 */
export const read = (output: string): Effect.Effect<Option.Option<HostRecord>, JournalStoreError> =>
  Effect.gen(function* () {
    const batch = yield* findOpenBatch(output)
    const found = Option.getOrUndefined(yield* find(output, batch))
    if (batch === undefined) return Option.fromUndefinedOr(found)
    const record = found === undefined ? undefined : agreed(found, batch)
    if (record !== undefined) return Option.some(record)
    // Another process may have ended the batch, or have sent another one, between the two.
    const now = yield* findOpenBatch(output)
    if (now?.submission !== batch.submission || now.batchId !== batch.batchId) return yield* read(output)
    return yield* Effect.fail(
      found?.state === "open" ? contradiction(output, batch, found) : lost(output, batch, found)
    )
  })

/** The batch that a damaged record of the job names. The record of the batch itself, if there is one, has what is lost there. */
const batchInDamaged = (output: string): jobRecord.OpenBatch | undefined => {
  const path = jobRecord.pathOf(output)
  if (!existsSync(path) || existsSync(pathOf(output)) || jobRecord.find(output) !== undefined) return undefined
  return jobRecord.batchIn(readFileSync(path, "utf8"))
}

/** Whether a record that is damaged or lost may be that of a batch which is open. */
export const mayNameBatch = (output: string): boolean =>
  jobRecord.find(output)?.batch !== undefined || batchInDamaged(output) !== undefined

/**
 * Fails if the record of the job is damaged and alone names a batch that may be open. A run names it with the
 * line that restores the record, for which it has the input.
 */
export const checkDamaged = (output: string): Effect.Effect<void, JournalStoreError> =>
  Effect.flatMap(
    attempt("read", () => batchInDamaged(output), output),
    (batch) => (batch === undefined ? Effect.void : Effect.fail(damagedJob(output, batch)))
  )

const damagedJob = (output: string, { batchId }: jobRecord.OpenBatch): JournalStoreError => {
  const answers =
    batchId === undefined
      ? ""
      : ` The answers of the batch can be read without a cost: ${collectCall(batchId, output)}.`
  return new JournalStoreError({
    message: `The record ${JSON.stringify(jobRecord.pathOf(output))} of the batch job is damaged, and names ${nameOf(batchId)}, which may be open at the host`,
    store: "file",
    operation: "read",
    fix: `Restore it from a copy. If there is none, run the job with its input and its options: the error has the line that replaces it.${answers}`
  })
}

/** The same as `read` for what has no input, with which the record of the job could be restored. */
export const readAlone = (output: string): Effect.Effect<Option.Option<HostRecord>, JournalStoreError> =>
  Effect.andThen(checkDamaged(output), read(output))

/**
 * Whether a continuation of the job, by its output alone, collects this batch: its record can be read, has the input, and
 * names this batch or none yet.
 */
export const continues = (output: string, batchId: string): Effect.Effect<boolean> =>
  readAlone(output).pipe(
    Effect.map(
      Option.exists(
        ({ input, submission }) =>
          input !== undefined && (submission.batchId === undefined || submission.batchId === batchId)
      )
    ),
    Effect.orElseSucceed(() => false)
  )

/** The batches that the records of a job name as open, which do not agree if there are two. */
export const openIds = (output: string): Effect.Effect<ReadonlyArray<string>, JournalStoreError> =>
  Effect.gen(function* () {
    const batch = yield* findOpenBatch(output)
    const found = Option.getOrUndefined(yield* Effect.catch(find(output, batch), () => Effect.succeedNone))
    const ids = [batch?.batchId, found?.state === "open" ? found.submission.batchId : undefined]
    return [...new Set(ids.filter((id) => id !== undefined))]
  })

/** Whether the record is that of a batch that may be paid, or is damaged. */
export const mayBeOpen = (output: string): boolean => {
  const path = pathOf(output)
  return existsSync(path) && !Option.exists(decode(readFileSync(path, "utf8")), ({ state }) => state === "ended")
}

export const write = (output: string, record: HostRecord): Effect.Effect<void, JournalStoreError> =>
  Effect.try({
    try: () => replaceFile(pathOf(output), `${JSON.stringify(record)}\n`),
    catch: failureOf("record", output)
  })

/** Restores what was known before a submission of which nothing is left. */
export const restore = (output: string, before: HostRecord | undefined): Effect.Effect<void, JournalStoreError> =>
  before === undefined
    ? Effect.try({
        try: () => rmSync(pathOf(output), { force: true }),
        catch: failureOf("record", output)
      })
    : write(output, before)

/** Forgets what is known of the batch of a job that is locked. */
export const remove = (output: string): Effect.Effect<void, JournalStoreError> =>
  Effect.andThen(
    attempt("record", () => jobRecord.clearBatch(output), output),
    restore(output, undefined)
  )

const isAtHost = (output: string, { status, submission }: HostRecord): InvalidRequestError => {
  if (submission.batchId !== undefined && status !== undefined && isFinal({ status })) {
    return new InvalidRequestError({
      message: `The batch ${submission.batchId} of this job is ${status} at the host, and was not collected: rows that it has run would be paid twice`,
      parameter: "mode",
      fix: `Collect it with ${call("resume", output)}. Rows that it has not run can run in this program then.`
    })
  }
  return new InvalidRequestError({
    message:
      submission.batchId === undefined
        ? "A program has begun to send a batch of this job to the host: its rows would be paid twice"
        : `A batch of this job is at the host, ${submission.batchId}: its rows would be paid twice`,
    parameter: "mode",
    fix:
      submission.batchId === undefined
        ? `Continue it with ${call("resume", output)}.`
        : `Collect it with ${call("resume", output)}. To run its rows in this program, cancel it with ${call("cancel", output)}, and then collect it.`
  })
}

/** Rows that the host runs must not be paid in this program too. */
export const refuseWhileAtHost = (output: string): Effect.Effect<void, InvalidRequestError | JournalStoreError> =>
  Effect.flatMap(
    read(output),
    Option.match({
      onNone: () => Effect.void,
      onSome: (record) => (record.state === "open" ? Effect.fail(isAtHost(output, record)) : Effect.void)
    })
  )
