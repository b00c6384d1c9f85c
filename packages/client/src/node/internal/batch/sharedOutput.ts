/** Writes the results of a shared job into files, at once and in the order of the input. */
import { randomUUID } from "node:crypto"
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from "node:fs"
import type { JournalStoreError } from "@kimi-effect/core/JournalErrors"
import type { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Journal } from "../../../journal/Journal.ts"
import { notAnOutput } from "./damage.ts"
import * as gzipMember from "./gzipMember.ts"
import { rangeOf } from "./inputRanges.ts"
import { Counts, type Status } from "./jobStatus.ts"
import { storeFailure } from "./jobFiles.ts"
import { checkFile } from "./openJob.ts"
import { startsAsOutput } from "./OutputForm.ts"
import { writeAll } from "./PlainOutput.ts"

/** What is recorded of a row: its line of the output, or of the reject file. */
export const RecordedRow = Schema.Struct({ to: Schema.Literals(["output", "rejects"]), text: Schema.String })

export type RecordedRow = typeof RecordedRow.Type

const decode = Schema.decodeUnknownSync(Schema.fromJsonString(RecordedRow))

const rejectsOf = (output: string): string => `${output}.rejects.jsonl`

/** The output of an earlier run of this job may be replaced, and no other file. */
const checkOwn = (output: string): Effect.Effect<void, InvalidRequestError | JournalStoreError> =>
  Effect.andThen(checkFile(output), checkRows(output))

const checkRows = (output: string): Effect.Effect<void, InvalidRequestError | JournalStoreError> =>
  Effect.try({
    try: () => {
      if (existsSync(`${output}.job.json`)) return false
      if (!existsSync(output) || statSync(output).size === 0) return true
      return startsAsOutput(output)
    },
    catch: (cause) => storeFailure("open", cause)
  }).pipe(Effect.flatMap((isOwn) => (isOwn ? Effect.void : Effect.fail(notAnOutput()))))

/** As the system refuses a folder, but before the file is written. */
class FolderError extends Error {
  readonly code = "EISDIR"
  readonly path: string
  constructor(path: string) {
    super("The path is a folder")
    this.path = path
  }
}

/** A file that appears under its name when it is complete. */
class NewFile {
  readonly #path: string
  readonly #temporary: string
  readonly #file: number
  #end = 0

  constructor(path: string) {
    this.#path = path
    // Several processes may write the same file on a shared volume.
    this.#temporary = `${path}.${randomUUID()}.tmp`
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) throw new FolderError(path)
    this.#file = openSync(this.#temporary, "wx", 0o600)
  }

  append(text: string): void {
    if (text === "") return
    const plain = Buffer.from(text)
    const bytes = this.#path.endsWith(".gz") ? gzipMember.encode(plain) : plain
    writeAll(this.#file, bytes, this.#end)
    this.#end += bytes.length
  }

  commit(): void {
    fsyncSync(this.#file)
    renameSync(this.#temporary, this.#path)
  }

  /** Removes it, unless it is complete. */
  close(): void {
    closeSync(this.#file)
    rmSync(this.#temporary, { force: true })
  }
}

/** With the path, which the system does not name when it writes to an open file. */
const attempt = <A>(operation: string, output: string, run: () => A): Effect.Effect<A, JournalStoreError> =>
  Effect.try({ try: run, catch: (cause) => storeFailure(operation, cause, output) })

const newFile = (path: string) =>
  Effect.acquireRelease(
    attempt("open", path, () => new NewFile(path)),
    (file) => Effect.sync(() => file.close())
  )

export interface Written extends Status {
  /** Lines of the input that are no rows. */
  readonly rejected: number
}

/**
 * Fails for an output that cannot be written when the job is complete, before any
 * row is paid: its folder must take a new file, and the path must be no folder.
 */
export const checkOutput = (output: string): Effect.Effect<void, InvalidRequestError | JournalStoreError> =>
  Effect.andThen(
    attempt("open", output, () => {
      for (const path of [output, rejectsOf(output)]) new NewFile(path).close()
    }),
    checkOwn(output)
  )

/** The rows of one range in their order. */
const rowsOf = (results: ReadonlyArray<{ readonly key: string; readonly json: string }>): ReadonlyArray<RecordedRow> =>
  results.toSorted((one, other) => Number(one.key) - Number(other.key)).map(({ json }) => decode(json))

/** One range after the other is in memory. */
export const write = (
  journal: Journal["Service"],
  runId: string,
  output: string
): Effect.Effect<Written, InvalidRequestError | JournalStoreError> =>
  Effect.scoped(
    Effect.gen(function* () {
      yield* checkOutput(output)
      const status = yield* journal.status(runId)
      const ranges = (status?.resources ?? []).toSorted(
        (one, other) => (rangeOf(one.resource)?.line ?? 0) - (rangeOf(other.resource)?.line ?? 0)
      )
      const lines = yield* newFile(output)
      const rejects = yield* newFile(rejectsOf(output))
      const counts = new Counts()
      let rejected = 0
      for (const { resource } of ranges) {
        const results = yield* journal.results(runId, resource)
        yield* attempt("write", output, () => {
          const rows = rowsOf(results)
          const textOf = (to: RecordedRow["to"]) => rows.flatMap((row) => (row.to === to ? [row.text] : []))
          const done = textOf("output")
          for (const line of done) counts.addLine(line)
          const bad = textOf("rejects")
          rejected += bad.length
          lines.append(done.join(""))
          rejects.append(bad.join(""))
        })
      }
      yield* attempt("write", output, () => {
        rejects.commit()
        lines.commit()
      })
      return { ...counts.status, rejected }
    })
  )
