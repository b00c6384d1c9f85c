/** Fuzzes the files of journals: each is read, or refused with an error of the journal. */
import { readFileSync, rmSync, writeFileSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as Journal from "../../packages/client/src/node/Journal.ts"
import { scratchFile } from "./scratch.ts"
import { expect, type Target, toBytes } from "./Target.ts"

const filename = scratchFile("journal.db")
const header = { kind: "fuzz", digest: "1" }
const Answer = Schema.Struct({ text: Schema.String })
const answer = { text: "An answer." }
const runId = "run-1"

const removeFiles = (): void => {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(`${filename}${suffix}`, { force: true })
}

/** Resumes a run of two calls, the first of which is recorded. */
const resume = Effect.gen(function* () {
  const journal = yield* Journal.makeSqlite({ filename })
  yield* journal.status(runId)
  const lease = yield* journal.run(runId, header)
  const call = (key: string) => lease.call({ key, digest: "d", codec: Answer }, Effect.succeed(answer))
  return [yield* call("first"), yield* call("second")]
}).pipe(Effect.scoped)

const errors: ReadonlySet<string> = new Set([
  "JournalStoreError",
  "JournalMismatchError",
  "BatchJobLockedError",
  "UncertainToolResultError",
  "LeaseLostError"
])

const run = async (input: Uint8Array): Promise<void> => {
  removeFiles()
  writeFileSync(filename, input)
  const exit = await Effect.runPromiseExit(resume)
  if (Exit.isSuccess(exit)) {
    for (const { text } of exit.value) expect(typeof text === "string", () => "a result that does not conform")
    return
  }
  const error = Cause.squash(exit.cause)
  expect(
    error instanceof Error && "_tag" in error && errors.has(String(error._tag)),
    () => `not an error of the journal: ${Cause.pretty(exit.cause)}`
  )
}

/** A journal in small pages, so that inputs contain all of its tables. */
const makeSample = async (): Promise<Uint8Array> => {
  await Effect.runPromise(resume)
  const db = new DatabaseSync(filename)
  db.exec("UPDATE journal_resource SET until = 0, completed = 0")
  db.exec("DELETE FROM journal_entry WHERE key = 'second'")
  db.exec("PRAGMA journal_mode = DELETE; PRAGMA page_size = 512; VACUUM")
  db.close()
  return new Uint8Array(readFileSync(filename))
}

export const journals: Target = {
  name: "journals",
  samples: [await makeSample(), toBytes("")],
  tokens: [
    "SQLite format 3\u0000",
    "KJRN",
    "Result",
    "Intent",
    "Retry",
    '{"text":1}',
    '{"text":',
    "fuzz",
    "\u0000\u0000"
  ],
  run
}
