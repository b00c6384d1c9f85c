/** Writes the results of a shared job into files, at once and in the order of the input. */
import { existsSync, statSync } from "node:fs"
import type { JournalStoreError } from "@kimi-effect/core/JournalErrors"
import type { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Journal } from "../../../../journal/Journal.ts"
import * as damage from "../damage.ts"
import * as hostRecord from "../host/hostRecord.ts"
import { rangeOf } from "../input/inputRanges.ts"
import { Counts, type Status } from "../jobStatus.ts"
import { attempt, checkFile, newFile } from "../jobFiles.ts"
import { NewFile } from "../output/NewFile.ts"
import { startsAsOutput } from "../output/OutputForm.ts"
import * as temporaryFile from "../output/temporaryFile.ts"

/** What is recorded of a row: its line of the output, or of the reject file. */
export const RecordedRow = Schema.Struct({ to: Schema.Literals(["output", "rejects"]), text: Schema.String })

export type RecordedRow = typeof RecordedRow.Type

const decode = Schema.decodeUnknownSync(Schema.fromJsonString(RecordedRow))

const rejectsOf = (output: string): string => `${output}.rejects.jsonl`

/** Why a file is not the output of an earlier run of this job, which alone may be replaced. */
const otherOwner = (output: string): InvalidRequestError | undefined => {
  const record = damage.recordBy(output)
  if (record !== undefined) return damage.otherJob(output, record)
  const isOwn = !existsSync(output) || statSync(output).size === 0 || startsAsOutput(output)
  return isOwn ? undefined : damage.notAnOutput(output)
}

/** Also refuses the output of a job whose rows the host may run: they would be paid twice. */
const checkOwn = (output: string): Effect.Effect<void, InvalidRequestError | JournalStoreError> =>
  Effect.gen(function* () {
    yield* hostRecord.checkDamaged(output)
    yield* hostRecord.refuseWhileAtHost(output)
    const other = yield* attempt("open", () => otherOwner(output), output)
    if (other !== undefined) return yield* Effect.fail(other)
  })

export interface Written extends Status {
  /** Lines of the input that are no rows. */
  readonly rejected: number
}

/**
 * Fails for an output that cannot be written when the job is complete, before any
 * row is paid: its folder must take a new file, and the path must be no folder.
 */
export const checkOutput = (output: string): Effect.Effect<void, InvalidRequestError | JournalStoreError> =>
  Effect.gen(function* () {
    yield* checkFile(output)
    yield* checkOwn(output)
    const create = () => {
      for (const path of [output, rejectsOf(output)]) new NewFile(path, temporaryFile.shared).close()
    }
    yield* attempt("open", create, output)
  })

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
      // Each of several processes may write the same output.
      const lines = yield* newFile(output, temporaryFile.shared)
      const rejects = yield* newFile(rejectsOf(output), temporaryFile.shared)
      const counts = new Counts()
      let rejected = 0
      for (const { resource } of ranges) {
        const results = yield* journal.results(runId, resource)
        const write = () => {
          const rows = rowsOf(results)
          const textOf = (to: RecordedRow["to"]) => rows.flatMap((row) => (row.to === to ? [row.text] : []))
          const done = textOf("output")
          for (const line of done) counts.addLine(line)
          const bad = textOf("rejects")
          rejected += bad.length
          lines.append(Buffer.from(done.join("")))
          rejects.append(Buffer.from(bad.join("")))
        }
        yield* attempt("write", write, output)
      }
      const commit = () => {
        rejects.commit()
        lines.commit()
      }
      yield* attempt("write", commit, output)
      return { ...counts.status, rejected }
    })
  )
