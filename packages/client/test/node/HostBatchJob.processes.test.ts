import { type ChildProcess, fork } from "node:child_process"
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import { BigDecimal, Effect } from "effect"
import { runs, timeLimit } from "../../../../test/support/depth.ts"
import * as Budget from "../../src/node/Budget.ts"
import type { JobResult } from "../../src/node/HostBatchJob.ts"
import { folder } from "./support/files.ts"
import { lineOf } from "./support/hostJob/job.ts"

const worker = fileURLToPath(new URL("./support/hostJob/worker.ts", import.meta.url))

interface Report {
  readonly result: JobResult
  /** Rows in the accounting of the process. */
  readonly recorded: number
}

const rows = 400

/** The requests at which the process is killed, before it gets their responses. */
const phases = {
  "the upload": "POST /v1/files",
  "the creation": "POST /v1/batches",
  "the question for the state": "GET /v1/batches/batch-000001",
  "the download": "GET /v1/files/file-000002/content"
}

const spentIn = (path: string) =>
  Effect.gen(function* () {
    const budget = yield* Budget.Budget
    const [total] = yield* budget.state
    return total === undefined ? "" : `${BigDecimal.format(total.spent)}+${BigDecimal.format(total.reserved)}`
  }).pipe(Effect.provide(Budget.layerSqlite({ path, caps: [{ amount: "10", currency: "USD" }] })))

interface Life {
  readonly report: Report | undefined
  readonly child: ChildProcess
}

const live = (settings: object, onStart: (child: ChildProcess) => void) =>
  Effect.callback<Life>((resume) => {
    const child = fork(worker, [JSON.stringify(settings)], { execArgv: [] })
    onStart(child)
    let report: Report | undefined
    child.on("message", (message) => (report = message as Report))
    child.once("exit", () => resume(Effect.succeed({ report, child })))
  })

const withJob = (
  test: (job: {
    readonly server: MockServer.MockServer["Service"]
    readonly settings: {
      readonly baseUrl: string
      readonly budget: string
      readonly options: { readonly output: string }
    }
  }) => Effect.Effect<void, unknown>
) =>
  Effect.scoped(
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      yield* server.replyAlways(Reply.text("yes", { usage: { prompt_tokens: 1_000, completion_tokens: 500 } }))
      const path = yield* folder
      const input = join(path, "in.jsonl")
      const output = join(path, "out.jsonl")
      writeFileSync(input, Array.from({ length: rows }, (_, index) => lineOf(`row ${index + 1}`)).join("\n"))
      const options = { input, output, mode: "host", interval: "1 millis" }
      yield* test({ server, settings: { baseUrl: server.url, budget: join(path, "budget.db"), options } })
    })
  )

/** That the job is whole, and that the host and the budget have it once. */
const isOnce = (server: MockServer.MockServer["Service"], budget: string, output: string) =>
  Effect.gen(function* () {
    const lines = readFileSync(output, "utf8").trimEnd().split("\n")
    const ids = lines.map((text) => (JSON.parse(text) as { readonly id: string }).id)
    assert.deepStrictEqual([ids.length, new Set(ids).size], [rows, rows])
    const { batches, entries } = yield* server.ledger
    assert.strictEqual(batches.length, 1)
    assert.strictEqual(entries.filter(({ route }) => route === "POST /v1/files").length, 1)
    // 60 % of a thousand tokens at $0.95 and five hundred at $4 per million, for each row.
    assert.strictEqual(yield* spentIn(budget), "0.708+0")
  })

/** Kills the process at the requests to these routes, one after the other. */
const killAt = (
  server: MockServer.MockServer["Service"],
  routes: ReadonlyArray<string>,
  victim: () => ChildProcess | undefined
) => {
  let next = 0
  return Effect.forEach(
    new Set(routes),
    (route) =>
      server.replyAt(route, () => {
        if (routes[next] === route) {
          next += 1
          victim()?.kill("SIGKILL")
        }
        return Reply.defaultReply
      }),
    { discard: true }
  )
}

const untilItEnds = (settings: object, onStart: (child: ChildProcess) => void) =>
  Effect.gen(function* () {
    let kills = 0
    let recorded = 0
    for (;;) {
      const { child, report } = yield* live(settings, onStart)
      recorded += report?.recorded ?? 0
      if (report !== undefined) return { kills, recorded, result: report.result }
      assert.strictEqual(child.signalCode, "SIGKILL")
      kills += 1
    }
  })

const isWhole = (name: string, routes: ReadonlyArray<string>) =>
  it.live(
    name,
    () =>
      withJob(({ server, settings }) =>
        Effect.gen(function* () {
          let victim: ChildProcess | undefined
          yield* killAt(server, routes, () => victim)
          const { kills, recorded, result } = yield* untilItEnds(settings, (child) => (victim = child))
          assert.strictEqual(kills, routes.length)
          assert.deepInclude(result, { answered: rows, failed: 0, unanswered: 0 })
          assert.strictEqual(recorded, rows)
          yield* isOnce(server, settings.budget, settings.options.output)
        })
      ),
    timeLimit(120_000)
  )

describe("a job at the host whose process is killed", () => {
  isWhole("has each row once after a kill in each phase", Object.values(phases))

  for (const [name, route] of Object.entries(phases).slice(0, runs({ sample: 0, deep: 4 }))) {
    isWhole(`has each row once after a kill at ${name}`, [route])
  }

  for (const _ of Array.from({ length: runs({ sample: 0, deep: 5 }) })) {
    it.live(
      "has each row once after a kill in the middle of its results",
      () =>
        withJob(({ server, settings }) =>
          Effect.gen(function* () {
            const { output } = settings.options
            let watch: NodeJS.Timeout | undefined
            let isKilled = false
            const { recorded, result } = yield* untilItEnds(settings, (child) => {
              clearInterval(watch)
              if (isKilled) return
              watch = setInterval(() => {
                if (!existsSync(output) || statSync(output).size < 20_000) return
                isKilled = child.kill("SIGKILL")
              }, 1)
            })
            clearInterval(watch)
            assert.strictEqual(result.answered, rows)
            assert.strictEqual(recorded, rows)
            yield* isOnce(server, settings.budget, output)
          })
        ),
      120_000
    )
  }
})
