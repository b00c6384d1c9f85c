/**
 * The small file next to the output of a job that the host runs: what was sent to
 * the host, so that another process sends nothing twice.
 */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import { JournalStoreError } from "@kimi-effect/core/JournalErrors"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as FileFailure from "../FileFailure.ts"

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
  /** Hours. */
  completionWindow: Schema.Finite,
  /** Whether the usage of the batch was entered. */
  isAccounted: Schema.Boolean,
  /** The last status of the host that is known. */
  status: Schema.optional(Schema.String),
  /** `ended` when its results were read. */
  state: Schema.Literals(["open", "ended"]),
  /** How the input is read. Without it, only the program that knows can continue the job. */
  input: Schema.optional(
    Schema.Struct({
      path: Schema.String,
      format: Schema.optional(Schema.Literals(["jsonl", "csv"])),
      separator: Schema.optional(Schema.String),
      prompts: Schema.optional(Schema.Unknown)
    })
  )
})

export type HostRecord = typeof HostRecord.Type

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(HostRecord))

/** The call that does something about the batch of a job. */
export const call = (name: "abandon" | "cancel" | "resume", output: string): string =>
  `HostBatchJob.${name}(${JSON.stringify(output)})`

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

const damaged = (output: string, text: string): JournalStoreError => {
  const id = idIn(text)
  const found = id === undefined ? "which BatchApi.list has" : "which can be read in the record"
  return failure(
    "read",
    output,
    "it is damaged",
    `Restore it from a copy. If there is none, collect the batch by its id, ${found}: HostBatchJob.collect(${JSON.stringify(id ?? "BATCH-ID")}, ${JSON.stringify(`${output}.collected.jsonl`)}). Without its record, a run would send all of its rows again.`
  )
}

const failureOf =
  (operation: string, output: string) =>
  (cause: unknown): JournalStoreError =>
    failure(operation, output, FileFailure.describe(FileFailure.codeOf(cause) ?? "unknown error"))

/** None if the host has run nothing of the job. A damaged record fails: it may name a batch that was paid. */
export const read = (output: string): Effect.Effect<Option.Option<HostRecord>, JournalStoreError> =>
  Effect.suspend(() => {
    const path = pathOf(output)
    return existsSync(path)
      ? Effect.flatMap(
          Effect.try({ try: () => readFileSync(path, "utf8"), catch: failureOf("read", output) }),
          (text) =>
            Option.match(decode(text), {
              onNone: () => Effect.fail(damaged(output, text)),
              onSome: (record) => Effect.succeed(Option.some(record))
            })
        )
      : Effect.succeed(Option.none())
  })

/** On the disk before it takes the place of the last one: it names what is paid for. */
const replace = (path: string, text: string): void => {
  const file = openSync(`${path}.tmp`, "w", 0o600)
  try {
    writeFileSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(`${path}.tmp`, path)
}

export const write = (output: string, record: HostRecord): Effect.Effect<void, JournalStoreError> =>
  Effect.try({
    try: () => replace(pathOf(output), `${JSON.stringify(record)}\n`),
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

const isAtHost = (output: string, { submission }: HostRecord): InvalidRequestError =>
  new InvalidRequestError({
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

/** Rows that the host runs must not be paid in this program too. */
export const refuseWhileAtHost = (output: string): Effect.Effect<void, InvalidRequestError | JournalStoreError> =>
  Effect.flatMap(
    read(output),
    Option.match({
      onNone: () => Effect.void,
      onSome: (record) => (record.state === "open" ? Effect.fail(isAtHost(output, record)) : Effect.void)
    })
  )
