/** Writes the whole rows of a damaged output into another one, with which the job continues. */
import { createReadStream, createWriteStream, existsSync, readFileSync, rmSync } from "node:fs"
import { pipeline } from "node:stream/promises"
import { createGunzip } from "node:zlib"
import type { BatchJobLockedError } from "@kimi-effect/core/BatchErrors"
import type { JournalStoreError } from "@kimi-effect/core/JournalErrors"
import type { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Struct from "effect/Struct"
import { CostSums } from "../../../batch/internal/CostSums.ts"
import * as FileFailure from "../FileFailure.ts"
import * as changedRows from "./changedRows.ts"
import * as damage from "./damage.ts"
import * as hostRecord from "./host/hostRecord.ts"
import { attempt, checkFile, newFile, storeFailure } from "./jobFiles.ts"
import { rowFiles } from "./output/forms.ts"
import * as jobRecord from "./jobRecord.ts"
import { Counts } from "./jobStatus.ts"
import type { NewFile } from "./output/NewFile.ts"
import { followed } from "./followed.ts"
import { lock } from "./openJob.ts"
import { createFile } from "./replaceFile.ts"
import * as salvage from "./output/salvage.ts"
import * as unlistedCost from "./unlistedCost.ts"

/**
 * What a repair has kept of an output.
 *
 * @category models
 * @since 0.1.0
 */
export interface Repaired {
  /** Rows that the new output has. */
  readonly rows: number
  /** Whole rows that it does not have, since the input was changed during the run that has written them. */
  readonly leftOut: number
  /** What is lost. */
  readonly lost: {
    /** Rows that are missing, at least: the last run had recorded more. Zero if there is no record. */
    readonly rows: number
    /** Lines that are no whole row, and members of a compressed output that cannot be decompressed. */
    readonly places: number
    /** Bytes of them in their files; of lines of a compressed output, without compression. */
    readonly bytes: number
  }
  /** Whether the new output has the record of the job. Without it, the error of the next run has the line that replaces it. */
  readonly hasRecord: boolean
}

const lineEnd = Buffer.from("\n")

const copyRows = (
  output: string,
  decompressed: string | undefined,
  to: NewFile,
  { changed, unlisted = unlistedCost.none }: Pick<jobRecord.JobRecord, "changed" | "unlisted">
) => {
  const isKept = changed === undefined ? () => true : changedRows.isBefore(changed)
  const all = new Counts()
  const removed = new CostSums()
  let rows = 0
  let leftOut = 0
  const skipped = salvage.eachWholeRow(output, decompressed, ({ bytes, head }) => {
    all.add(head)
    if (isKept(head.line)) {
      rows += 1
      return to.append(Buffer.concat([bytes, lineEnd]))
    }
    leftOut += 1
    if (head.currency !== undefined) removed.add(head.currency, head.cost)
  })
  const settled = unlistedCost.settle(unlisted, all.status.failedByTag)
  all.addUnlisted(settled)
  return { rows, leftOut, skipped, cost: all.exactCost, unlisted: unlistedCost.addAll(settled, removed) }
}

interface Records {
  readonly job: jobRecord.JobRecord | undefined
  /** As it is. */
  readonly host: string | undefined
}

const readRecords = (output: string): Effect.Effect<Records, JournalStoreError> =>
  Effect.gen(function* () {
    // A damaged one fails, as it does when the job continues.
    const host = yield* hostRecord.readAlone(output)
    return yield* attempt(
      "read",
      () => {
        const path = jobRecord.pathOf(output)
        return {
          job: existsSync(path) ? Option.getOrUndefined(jobRecord.read(path)) : undefined,
          host: Option.isSome(host) ? readFileSync(hostRecord.pathOf(output), "utf8") : undefined
        }
      },
      output
    )
  })

/** On the disk before the rows have their name: without them, a batch at the host would be sent again. */
const writeRecords = (to: string, { host, job }: Records): void => {
  if (host !== undefined) createFile(hostRecord.pathOf(to), host)
  if (job !== undefined) createFile(jobRecord.pathOf(to), `${JSON.stringify(job)}\n`)
}

/** The lines of an output that another program has compressed, in a file that is removed with the scope. */
const decompressed = (output: string, to: string) => {
  // The lock of the new output is held: what a killed process has left is replaced.
  const path = `${to}.lines.tmp`
  const write = async () => {
    try {
      rmSync(path, { force: true })
      const to = createWriteStream(path, { flags: "wx", mode: 0o600 })
      await pipeline(createReadStream(output), createGunzip(), to)
    } catch (error) {
      // What is before the damage is there.
      if (FileFailure.codeOf(error)?.startsWith("Z_") !== true) throw error
    }
    return path
  }
  return Effect.andThen(
    Effect.addFinalizer(() => Effect.sync(() => rmSync(path, { force: true }))),
    Effect.tryPromise({ try: write, catch: (cause) => storeFailure("write", cause, to) })
  )
}

const checkOutput = (output: string): Effect.Effect<void, InvalidRequestError> =>
  Effect.gen(function* () {
    yield* checkFile(output)
    yield* damage.refuseRescued(output)
    if (!existsSync(output) && rowFiles(output).length === 0) return yield* Effect.fail(damage.missingOutput(output))
  })

const checkNew = (to: string): Effect.Effect<void, InvalidRequestError> =>
  Effect.suspend(() => {
    const taken = damage.takenBy(to)
    return taken === undefined ? Effect.void : Effect.fail(damage.takenOutput(to, taken))
  })

/** The record of the new output. */
const recordOf = (
  job: jobRecord.JobRecord,
  done: number,
  cost: NonNullable<jobRecord.JobRecord["cost"]>,
  unlisted: unlistedCost.UnlistedCost
): jobRecord.JobRecord => ({
  ...Struct.omit(job, ["changed", "unlisted"]),
  done,
  ...(job.cost === undefined ? {} : { cost }),
  ...(unlistedCost.isNone(unlisted) ? {} : { unlisted })
})

/** Names the new output when its records are there. */
const commit = (file: NewFile, to: string, records: Records): void => {
  try {
    file.commit(() => writeRecords(to, records))
  } catch (error) {
    for (const path of [hostRecord.pathOf(to), jobRecord.pathOf(to)]) rmSync(path, { force: true })
    throw error
  }
}

export const repair = (
  path: string,
  to: string
): Effect.Effect<Repaired, BatchJobLockedError | InvalidRequestError | JournalStoreError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const output = followed(path)
      yield* checkOutput(output)
      yield* checkFile(to)
      yield* checkNew(to)
      yield* lock(output)
      yield* lock(to)
      // A job that was running may have noticed it meanwhile.
      yield* damage.refuseRescued(output)
      // Another process may have begun a job with it.
      yield* checkNew(to)
      const records = yield* readRecords(output)
      const lines = salvage.isForeign(output) ? yield* decompressed(output, to) : undefined
      const file = yield* newFile(to)
      const { job } = records
      const { cost, leftOut, rows, skipped, unlisted } = yield* attempt(
        "write",
        () => copyRows(output, lines, file, job ?? {}),
        to
      )
      if (rows === 0) return yield* Effect.fail(leftOut > 0 ? damage.onlyChanged(output) : damage.noWholeRow(output))
      const left = job === undefined ? undefined : recordOf(job, rows, cost, unlisted)
      yield* attempt("write", () => commit(file, to, { ...records, job: left }), to)
      return {
        rows,
        leftOut,
        lost: { ...skipped, rows: Math.max(0, (job?.done ?? 0) - rows - leftOut) },
        hasRecord: job !== undefined
      }
    })
  )
