import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { MockServer } from "@kimi-effect/testing/node"
import { Effect, Random } from "effect"
import { runs, seedOf } from "../../../../test/support/depth.ts"
import type { SharedResult } from "../../src/node/SharedBatchJob.ts"
import { ownSchema, query, reachable, url } from "../postgres/support/postgres.ts"
import { folder } from "./support/files.ts"

const script = fileURLToPath(new URL("./support/batch/sharedWorker.ts", import.meta.url))

interface Worker {
  readonly child: ChildProcess
  readonly done: () => number
  readonly result: () => SharedResult | undefined
}

const start = (settings: object) =>
  Effect.acquireRelease(
    Effect.sync((): Worker => {
      const child = fork(script, [JSON.stringify(settings)], { execArgv: [] })
      let done = 0
      let result: SharedResult | undefined
      child.on("message", (message: { readonly done?: number; readonly result?: SharedResult }) => {
        done = message.done ?? done
        result = message.result ?? result
      })
      return { child, done: () => done, result: () => result }
    }),
    ({ child }) => Effect.sync(() => child.kill("SIGKILL"))
  )

const hasDone = ({ child, done }: Worker, rows: number) =>
  Effect.repeat(Effect.sleep("2 millis"), { until: () => done() >= rows || child.exitCode !== null })

const ended = ({ child }: Worker) =>
  child.exitCode === null && child.signalCode === null
    ? Effect.promise(() => once(child, "exit"))
    : Effect.succeed(undefined)

describe.skipIf(!reachable)("a job of three processes, of which one is killed and one is frozen", () => {
  it.live(
    "has one line for each row",
    () =>
      Effect.gen(function* () {
        const rows = runs({ sample: 600, deep: 5_000 })
        const concurrency = 8
        const host = yield* MockServer.make({ latency: "5 millis", maxRecordedRequests: 1 })
        const schema = yield* ownSchema
        const path = yield* folder
        const input = join(path, "in.jsonl")
        const contents = Array.from({ length: rows }, (_, index) => `Row ${index + 1}`)
        writeFileSync(
          input,
          contents.map((content) => JSON.stringify({ request: { messages: [{ role: "user", content }] } })).join("\n")
        )
        const options = { id: "shared", input, output: join(path, "out.jsonl"), concurrency, rangeRows: 50 }
        const settings = { baseUrl: host.url, url, schema, options }

        const killed = yield* start(settings)
        const frozen = yield* start(settings)
        const living = yield* start(settings)
        const at = () => Random.nextIntBetween(10, rows / 10)
        yield* hasDone(killed, yield* at())
        killed.child.kill("SIGKILL")
        yield* hasDone(frozen, yield* at())
        frozen.child.kill("SIGSTOP")
        yield* ended(living)
        // Its lease is over, and the job is complete without it.
        frozen.child.kill("SIGCONT")
        yield* ended(frozen)

        for (const worker of [living, frozen]) {
          assert.deepInclude(worker.result(), { done: rows, lines: rows, isComplete: true })
          assert.deepInclude(worker.result()?.written, { answered: rows, failed: 0, rejected: 0 })
        }
        const lines = readFileSync(options.output, "utf8")
          .trimEnd()
          .split("\n")
          .map((text) => (JSON.parse(text) as { readonly line: number }).line)
        assert.deepStrictEqual(
          lines,
          contents.map((_, index) => index + 1)
        )
        // A claim and its end are an epoch each. On a busy machine, the third process may lose a range too.
        const { rows: again } = yield* query(
          `SELECT ((sum(epoch) - 2 * count(*)))::int AS lost FROM ${schema}.journal_resource`
        )
        const lost = Number(again[0]?.["lost"])
        assert.isAbove(lost, 0)
        const { requested } = yield* host.ledger
        assert.isAtMost(requested, rows + Math.max(2, lost) * concurrency)
      }).pipe(Random.withSeed(seedOf("shared batch")), Effect.scoped),
    1_200_000
  )
})
