import { type ChildProcess, spawn } from "node:child_process"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Random } from "effect"
import { allLines, filesOf, until, wholeLines } from "./support/audit/files.ts"
import { folder } from "./support/files.ts"
import { runs, seedOf, timeLimit } from "../../../../test/support/depth.ts"

const worker = join(import.meta.dirname, "support", "audit", "worker.ts")

interface Running {
  readonly child: ChildProcess
  /** The number of recorded calls that it has printed. */
  readonly recorded: () => number
  readonly ended: () => boolean
}

const auditing = (...args: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync((): Running => {
      const child = spawn(process.execPath, [worker, ...args], { stdio: ["ignore", "pipe", "inherit"] })
      let output = ""
      let isOver = false
      child.stdout.on("data", (data) => (output += `${data}`))
      child.once("close", () => (isOver = true))
      return { child, recorded: () => output.split("\n").length - 1, ended: () => isOver }
    }),
    ({ child }) => Effect.sync(() => child.kill("SIGKILL"))
  )

const jobsIn = (path: string, read = allLines) =>
  Effect.map(read(path), (lines) => lines.map((line) => String(line["job"])))

const upTo = (name: string, count: number) => Array.from({ length: count }, (_, i) => `${name} ${i}`)

describe("processes that audit into one file", () => {
  it.live(
    "lose no line while each of them rotates the file",
    () =>
      Effect.gen(function* () {
        const path = join(yield* folder, "audit.jsonl")
        const names = ["a", "b", "c", "d"]
        const running = yield* Effect.forEach(names, (name) => auditing(path, name, "400", "written", "8192", "close"))
        for (const { child, ended } of running) {
          yield* until(ended)
          assert.strictEqual(child.exitCode, 0)
        }
        assert.isAbove((yield* filesOf(path)).length, 50)
        assert.deepStrictEqual((yield* jobsIn(path)).toSorted(), names.flatMap((name) => upTo(name, 400)).toSorted())
      }),
    timeLimit(60_000)
  )

  it.live(
    "lose nothing that was recorded when they are killed, where it is written before",
    () =>
      Effect.gen(function* () {
        const path = join(yield* folder, "audit.jsonl")
        for (let round = 0; round < runs({ sample: 1, deep: 6 }); round++) {
          const { child, ended, recorded } = yield* auditing(path, `${round}`, "1000000", "written", "65536", "close")
          const enough = yield* Random.nextIntBetween(20, 200)
          yield* until(() => recorded() >= enough)
          child.kill("SIGKILL")
          yield* until(ended)
          const jobs = new Set(yield* jobsIn(path, wholeLines))
          for (const job of upTo(`${round}`, recorded())) assert.isTrue(jobs.has(job), `${job} is lost`)
        }
      }).pipe(Random.withSeed(seedOf("killed processes"))),
    timeLimit(60_000)
  )

  it.live(
    "lose no more than what was gathered for a moment when they are killed, where it is written together",
    () =>
      Effect.gen(function* () {
        const path = join(yield* folder, "audit.jsonl")
        const { child, ended, recorded } = yield* auditing(path, "x", "1000000", "batched", "1000000", "close")
        // Some batches are over by then.
        yield* until(() => recorded() >= 20_000)
        child.kill("SIGKILL")
        yield* until(ended)
        const jobs = yield* jobsIn(path, wholeLines)
        assert.deepStrictEqual(jobs.toSorted(), upTo("x", jobs.length).toSorted())
        assert.isAtLeast(jobs.length, recorded() - 10_000)
      }),
    timeLimit(60_000)
  )

  it.live("write what is left when they end by themselves, in the middle of everything", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "audit.jsonl")
      const { child, ended } = yield* auditing(path, "x", "1000", "batched", "8192", "exit")
      yield* until(ended)
      assert.strictEqual(child.exitCode, 0)
      assert.deepStrictEqual([...new Set(yield* jobsIn(path))].toSorted(), upTo("x", 1_000).toSorted())
    })
  )
})
