import { type ChildProcess, spawn } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { assertEntry, bytesOf, keep, keyOf } from "@kimi-effect/testing/internal/CacheEntries"
import { Effect, Schema } from "effect"
import * as CacheStore from "../../src/node/CacheStore.ts"
import { databaseFile, folder, until } from "./support/files.ts"
import { runs, timeLimit } from "../../../../test/support/depth.ts"

const worker = join(import.meta.dirname, "support", "cache", "worker.ts")

const ReportJson = Schema.fromJsonString(
  Schema.Struct({ turns: Schema.Int, shared: Schema.Int, wrong: Schema.Array(Schema.String) })
)

interface Running {
  readonly child: ChildProcess
  readonly output: () => string
  readonly isOver: () => boolean
}

/** A separate process, killed with the scope. */
const processOn = (path: string, name: string, turns: number) =>
  Effect.acquireRelease(
    Effect.sync((): Running => {
      const child = spawn(process.execPath, [worker, path, name, `${turns}`], { stdio: ["ignore", "pipe", "pipe"] })
      let output = ""
      let isOver = false
      child.stdout.on("data", (data) => (output += `${data}`))
      child.stderr.on("data", (data) => (output += `${data}`))
      child.once("close", () => (isOver = true))
      return { child, output: () => output, isOver: () => isOver }
    }),
    ({ child }) => Effect.sync(() => child.kill("SIGKILL"))
  )

const reportOf = (running: Running) =>
  Effect.gen(function* () {
    yield* until(Effect.sync(running.isOver))
    const [last = ""] = running.output().split("\n").slice(-1)
    return yield* Schema.decodeUnknownEffect(ReportJson)(last).pipe(
      Effect.orElseSucceed(() => assert.fail(`no report: ${running.output()}`))
    )
  })

const check = (path: string) => {
  const db = new DatabaseSync(path)
  const result = db.prepare("PRAGMA integrity_check").get()?.["integrity_check"]
  db.close()
  return result
}

const startWorker = join(import.meta.dirname, "support", "cache", "startWorker.ts")

/** Processes that open the files of the paths that they are sent. */
const startingProcesses = (count: number) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      Array.from({ length: count }, () => {
        const child = spawn(process.execPath, [startWorker], { stdio: ["pipe", "pipe", "inherit"] })
        const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
        return {
          child,
          next: Effect.promise(async (): Promise<string> => (await lines.next()).value ?? "it has ended")
        }
      })
    ),
    (processes) => Effect.sync(() => processes.forEach(({ child }) => child.kill("SIGKILL")))
  )

/** Ways to damage a file of the cache, all of which leave the application id. */
const damages: Readonly<Record<string, (bytes: Buffer) => void>> = {
  "format mark": (bytes) => void bytes.fill(0xff, 0, 16),
  schema: (bytes) => void bytes.fill(0xff, 100, 4_096),
  contents: (bytes) => void bytes.fill(0xff, 4_096)
}

const turns = runs({ sample: 1_500, deep: 6_000 })

describe("processes on one SQLite file", () => {
  it.live(
    "never lose, corrupt or fail operations of each other",
    () =>
      Effect.gen(function* () {
        const path = yield* databaseFile
        // The file does not exist: both processes create it at the same time.
        const processes = yield* Effect.forEach(["one", "other"], (name) => processOn(path, name, turns))
        for (const each of processes) {
          const report = yield* reportOf(each)
          assert.deepStrictEqual(report.wrong, [])
          assert.strictEqual(report.turns, turns)
          assert.isAbove(report.shared, turns / 60)
        }
        assert.strictEqual(check(path), "ok")
      }),
    timeLimit(60_000)
  )

  it.live(
    "continue when others are killed repeatedly",
    () =>
      Effect.gen(function* () {
        const path = yield* databaseFile
        const survivor = yield* processOn(path, "survivor", turns)
        for (let round = 0; round < runs({ sample: 1, deep: 4 }); round++) {
          const victim = yield* processOn(path, `victim ${round}`, 1_000_000)
          yield* until(Effect.sync(() => victim.output().includes(".")))
          victim.child.kill("SIGKILL")
          yield* until(Effect.sync(victim.isOver))
        }
        const report = yield* reportOf(survivor)
        assert.deepStrictEqual(report.wrong, [])
        assert.strictEqual(check(path), "ok")
        const store = yield* CacheStore.makeSqlite({ path })
        yield* keep(store, keyOf("after"), bytesOf(10))
        assertEntry(yield* store.get(keyOf("after")), bytesOf(10))
      }),
    timeLimit(60_000)
  )

  for (const [part, damage] of Object.entries(damages)) {
    it.live(
      `all start on a file whose ${part} is damaged`,
      () =>
        Effect.gen(function* () {
          const root = yield* folder
          const processes = yield* startingProcesses(4)
          const answers = (path: string) =>
            Effect.gen(function* () {
              for (const { child } of processes) child.stdin.write(`${path}\n`)
              return yield* Effect.forEach(processes, ({ next }) => next)
            })
          yield* Effect.forEach(processes, ({ next }) => next)
          const seed = join(root, "seed.db")
          yield* answers(seed)
          for (let round = 0; round < runs({ sample: 12, deep: 100 }); round++) {
            const path = join(root, `${round}.db`)
            const bytes = readFileSync(seed)
            damage(bytes)
            writeFileSync(path, bytes)
            assert.deepStrictEqual(yield* answers(path), ["ok", "ok", "ok", "ok"])
            assert.isTrue(readFileSync(`${path}.damaged`).equals(bytes), "another file was put aside")
            assert.strictEqual(check(path), "ok")
          }
        }),
      60_000
    )
  }
})
