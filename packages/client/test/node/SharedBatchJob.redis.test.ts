/** Workers with separate clients that share a job through PostgreSQL, and the limits and the budget of one account through Redis. */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Admission from "@kimi-effect/core/Admission"
import * as Budget from "@kimi-effect/core/Budget"
import * as Redis from "@kimi-effect/core/Redis"
import { Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import { Effect, Layer, Redacted } from "effect"
import * as KimiNode from "../../src/node/KimiNode.ts"
import * as SharedBatchJob from "../../src/node/SharedBatchJob.ts"
import * as Journal from "../../src/postgres/Journal.ts"
import * as postgres from "../postgres/support/postgres.ts"
import { folder } from "./support/files.ts"
import type { Server } from "./support/kimi.ts"
import * as redis from "./support/redis.ts"

/** What each row is answered with: 93 tokens at $3 and 47 at $15 a million are 984 millionths of a dollar. */
const answer = Reply.chatResponse({ content: "yes", usage: { prompt_tokens: 93, completion_tokens: 47 } })

type Stores = Layer.Layer<never, unknown, Redis.Redis>

/** Long, as a worker without Redis has limits for itself alone. */
const timeout = "20 seconds"

/** Runs a job by three workers, each with a separate client and separate connections. */
const run = ({ options, schema }: Job, host: Server, stores: Stores) => {
  const worker = Effect.gen(function* () {
    const client = KimiNode.layer({ apiKey: Redacted.make("sk-test"), baseUrl: host.url }).pipe(
      Layer.provide(stores),
      Layer.provide(Layer.succeed(Redis.Redis, yield* redis.connect()))
    )
    const journal = Journal.layerPostgres({ url: Redacted.make(postgres.url), schema })
    return yield* Effect.provide(SharedBatchJob.run(options), Layer.merge(client, journal))
  }).pipe(Effect.scoped)
  return Effect.all([worker, worker, worker], { concurrency: "unbounded" })
}

interface Job {
  readonly options: SharedBatchJob.Options & { readonly output: string }
  readonly schema: string
  /** Of the keys in Redis. */
  readonly prefix: string
}

const makeJob = (rows: number) =>
  Effect.gen(function* () {
    const path = yield* folder
    const input = join(path, "in.jsonl")
    const lines = Array.from({ length: rows }, (_, index) => ({
      messages: [{ role: "user", content: `Row ${index + 1}` }],
      max_completion_tokens: 100
    }))
    writeFileSync(input, lines.map((line) => JSON.stringify(line)).join("\n"))
    const options = { id: "shared", input, output: join(path, "out.jsonl"), concurrency: 8, rangeRows: 10 }
    return { options, schema: yield* postgres.ownSchema, prefix: yield* redis.ownPrefix } satisfies Job
  })

const linesIn = (output: string): ReadonlyArray<number> =>
  readFileSync(output, "utf8")
    .trimEnd()
    .split("\n")
    .map((text) => (JSON.parse(text) as { readonly line: number }).line)

const upTo = (rows: number): ReadonlyArray<number> => Array.from({ length: rows }, (_, index) => index + 1)

describe.skipIf(!postgres.reachable || !redis.reachable)("a job of three workers with one account", () => {
  it.live(
    "keeps the limit of calls in flight",
    () =>
      Effect.gen(function* () {
        const rows = 90
        const limit = 4
        const host = yield* MockServer.make({ latency: "50 millis" })
        let most = 0
        yield* host.replyAlways(() => {
          const { entries } = Effect.runSync(host.ledger)
          // With the request that is answered here, which is entered after its reply was chosen.
          most = Math.max(most, entries.filter(({ outcome }) => outcome === "open").length + 1)
          return answer
        })
        const job = yield* makeJob(rows)
        const results = yield* run(
          job,
          host,
          Admission.layerRedis({ keyPrefix: job.prefix, timeout, limits: { concurrency: limit } })
        )
        for (const result of results) assert.deepInclude(result, { done: rows, isComplete: true })
        assert.deepStrictEqual(linesIn(job.options.output), upTo(rows))
        assert.strictEqual(most, limit)
        assert.strictEqual((yield* host.ledger).requested, rows)
      }).pipe(Effect.scoped),
    120_000
  )

  it.live(
    "spends no more than its budget until that is raised",
    () =>
      Effect.gen(function* () {
        const rows = 90
        const host = yield* MockServer.make()
        yield* host.replyAlways(answer)
        const job = yield* makeJob(rows)
        const capped = (amount: string) =>
          Budget.layerRedis({ keyPrefix: job.prefix, timeout, caps: [{ amount, currency: "USD" }] })
        const stopped = yield* run(job, host, capped("0.03"))
        const { billed, requested } = yield* host.ledger
        // The cap is 30,000 millionths of a dollar; the last of them are less than one row may cost.
        const spent = billed.prompt_tokens * 3 + billed.completion_tokens * 15
        assert.isAtMost(spent, 30_000)
        assert.isAbove(spent, 30_000 - 2 * 1_764)
        assert.isBelow(requested, rows)
        for (const result of stopped) {
          assert.deepInclude(result.stopped, { _tag: "Error", tag: "BudgetExceededError" })
          assert.isFalse(result.isComplete)
        }
        // Each row that was paid is recorded, whichever worker ended last.
        assert.strictEqual(Math.max(...stopped.map((result) => result.done)), requested)

        for (const result of yield* run(job, host, capped("1"))) {
          assert.deepInclude(result, { done: rows, isComplete: true, stopped: undefined })
          assert.deepInclude(result.written, { answered: rows, failed: 0, rejected: 0 })
        }
        assert.deepStrictEqual(linesIn(job.options.output), upTo(rows))
        assert.strictEqual((yield* host.ledger).requested, rows)
      }).pipe(Effect.scoped),
    120_000
  )
})
