/** Calls that are recorded in a SQLite file or in PostgreSQL, and the replay of the complete run. */
import { randomUUID } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as SqliteJournal from "@kimi-effect/client/node/Journal"
import * as Journal from "@kimi-effect/client/postgres/Journal"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { median } from "../../harness/Figure.ts"
import * as Postgres from "../postgres.ts"

export interface Result {
  /** Milliseconds of CPU per recorded call. */
  readonly cpu: number
  /** Seconds to replay the run, with opening the store. */
  readonly replay: number
}

const [store, where = "", ...counts] = process.argv.slice(2)
const [agents = 0, steps = 0, rounds = 0] = counts.map(Number)

const folder = mkdtempSync(join(tmpdir(), "kimi-effect-bench-"))
process.on("exit", () => rmSync(folder, { recursive: true, force: true }))
// Removes the file when the process is asked to end.
process.on("SIGTERM", () => process.exit(0))

const header = { kind: "bench", digest: "1" }
const body = "x".repeat(2_048)

/** Makes all calls of a run, and gives how many were not replayed. */
const work = (runId: string) =>
  Effect.gen(function* () {
    const lease = yield* (yield* Journal.Journal).run(runId, header)
    let made = 0
    const answer = Effect.sync(() => {
      made += 1
      return body
    })
    const agent = (name: number) =>
      Effect.forEach(
        Array.from({ length: steps }, (_, step) => `${name}/${step}/call/0`),
        (key) => lease.call({ key, digest: "d", codec: Schema.String }, answer),
        { discard: true }
      )
    const names = Array.from({ length: agents }, (_, name) => name)
    yield* Effect.forEach(names, agent, { concurrency: "unbounded", discard: true })
    yield* lease.complete
    return made
  })

const layer =
  store === "sqlite"
    ? SqliteJournal.layerSqlite({ filename: join(folder, "journal.db") })
    : Journal.layerPostgres({ url: where, schema: Postgres.schema })

const onStore = (runId: string): Promise<number> =>
  Effect.runPromise(Effect.scoped(work(runId)).pipe(Effect.provide(layer)))

const expect = (made: number, expected: number): void => {
  if (made !== expected) throw new Error(`${made} calls were made instead of ${expected}`)
}

if (process.send !== undefined) {
  const calls = agents * steps
  const cpu: Array<number> = []
  const replay: Array<number> = []
  for (let round = 0; round < rounds; round++) {
    // A run of an earlier measurement would be replayed.
    const runId = randomUUID()
    const used = process.cpuUsage()
    expect(await onStore(runId), calls)
    const { system, user } = process.cpuUsage(used)
    cpu.push((user + system) / 1_000 / calls)
    const start = performance.now()
    expect(await onStore(runId), 0)
    replay.push((performance.now() - start) / 1_000)
  }
  process.send({ cpu: median(cpu), replay: median(replay) } satisfies Result)
}
