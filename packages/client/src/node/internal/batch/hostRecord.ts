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

export const pathOf = (output: string): string => `${output}.host.json`

const failure = (operation: string, output: string, reason: string): JournalStoreError =>
  new JournalStoreError({
    message: `The record ${JSON.stringify(pathOf(output))} of the batch at the host cannot be used: ${reason}`,
    store: "file",
    operation
  })

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
              onNone: () => Effect.fail(failure("read", output, "it is damaged: restore it from a copy")),
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

const isAtHost = ({ submission }: HostRecord): InvalidRequestError =>
  new InvalidRequestError({
    message:
      submission.batchId === undefined
        ? "A program has begun to send a batch of this job to the host: continue it with HostBatchJob and the mode host"
        : `A batch of this job is at the host, ${submission.batchId}: continue it with HostBatchJob and the mode host, or cancel it and collect it first`,
    parameter: "mode"
  })

/** Rows that the host runs must not be paid in this program too. */
export const refuseWhileAtHost = (output: string): Effect.Effect<void, InvalidRequestError | JournalStoreError> =>
  Effect.flatMap(
    read(output),
    Option.match({
      onNone: () => Effect.void,
      onSome: (record) => (record.state === "open" ? Effect.fail(isAtHost(record)) : Effect.void)
    })
  )
