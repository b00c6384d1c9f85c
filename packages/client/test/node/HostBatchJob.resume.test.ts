import { readFileSync, truncateSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Budget from "@kimi-effect/core/Budget"
import * as BudgetStore from "@kimi-effect/core/BudgetStore"
import { BudgetStoreError } from "@kimi-effect/core/MoneyErrors"
import { ErrorReply, Reply } from "@kimi-effect/testing"
import { Context, Effect, Layer, Schema } from "effect"
import type * as HostBatch from "../../src/batch/HostBatch.ts"
import type * as KimiClient from "../../src/KimiClient.ts"
import * as HostBatchJob from "../../src/node/HostBatchJob.ts"
import { endsWith, type Host, result } from "../batch/support/hostBatch.ts"
import { stateOf } from "../support/money.ts"
import { type Job, layerOf, lineOf, outcomesIn, uploads, withJob } from "./support/hostJob/job.ts"

describe("a job that is continued by a client with another default model", () => {
  for (const [step, route, failure] of [
    ["its upload", "POST /v1/batches", ErrorReply.table.badGateway],
    ["its creation", "GET /v1/batches/batch-000001", ErrorReply.table.invalidRequest]
  ] as const) {
    it.live(`is collected after ${step}`, () =>
      withJob([lineOf("a"), lineOf("b")], ({ files, server }) =>
        Effect.gen(function* () {
          let isBroken = true
          yield* server.replyAlways(Reply.text("yes"))
          yield* server.replyAt(route, () => (isBroken ? failure : Reply.defaultReply))
          yield* Effect.flip(HostBatchJob.run({ ...files, mode: "host" }))
          isBroken = false
          const { answered } = yield* HostBatchJob.resume(files.output, { interval: "1 millis" }).pipe(
            Effect.provide(layerOf(server.url, "kimi-k3"))
          )
          assert.strictEqual(answered, 2)
          assert.deepStrictEqual(outcomesIn(files.output), ["1 a: yes", "2 b: yes"])
          assert.strictEqual((yield* uploads(server)).length, 1)
        })
      )
    )
  }
})

describe("a job with a schema", () => {
  const schema = Schema.Struct({ a: Schema.Number })

  /** Leaves a batch that has ended and was not read. */
  const leave = ({ files, server }: Job) =>
    Effect.gen(function* () {
      yield* server.replyAt("GET /v1/batches/batch-000001", ErrorReply.table.invalidRequest)
      yield* Effect.flip(HostBatchJob.run({ ...files, mode: "host", schema }))
      yield* endsWith({ server }, { status: "completed", output: [result("a", '{"a":1}')] })
    })

  it.live("is not continued without it", () =>
    withJob([lineOf("a")], (job) =>
      Effect.gen(function* () {
        yield* leave(job)
        const error = yield* Effect.flip(HostBatchJob.resume(job.files.output))
        assert.deepInclude(error, { _tag: "InvalidRequestError", parameter: "output" })
        assert.include(error.message, "was started with a schema")
        assert.include(error.hint, "HostBatchJob.resume")
      })
    )
  )

  it.live("is continued with it", () =>
    withJob([lineOf("a")], (job) =>
      Effect.gen(function* () {
        yield* leave(job)
        const { output } = job.files
        assert.deepInclude(yield* HostBatchJob.resume(output, { interval: "1 millis", schema }), { answered: 1 })
        assert.deepInclude(JSON.parse(readFileSync(output, "utf8")), { id: "a", value: { a: 1 } })
      })
    )
  )
})

describe("results that lack answers which the host has counted", () => {
  for (const status of ["completed", "expired", "cancelled"]) {
    it.live(`of a batch that is ${status} are read again without another batch`, () =>
      withJob(
        ["a", "b", "c"].map((id) => lineOf(id)),
        ({ files, server }) =>
          Effect.gen(function* () {
            const counts = { completed: 3, failed: 0, total: 3 }
            yield* endsWith({ server }, { status, output: [result("b"), result("c").slice(0, 20)], counts })
            const error = yield* Effect.flip(HostBatchJob.run({ ...files, mode: "host" }))
            assert.strictEqual(error._tag, "InvalidResponseError")
            assert.include(error.message, "at least 2 answers are missing")
            assert.match(error.hint, /^Make the same call again: .*sends nothing.*HostBatchJob\.abandon/)
            yield* endsWith({ server }, { status, output: ["a", "b", "c"].map((id) => result(id)), counts })
            const second = yield* HostBatchJob.run({ ...files, mode: "host" })
            assert.deepInclude(second, { answered: 3, failed: 0, unanswered: 0, resumed: 1 })
            assert.deepStrictEqual(yield* uploads(server), [["a", "b", "c"]])
          })
      )
    )
  }
})

describe("an output of answers of the host that is lost", () => {
  it.live("is read again by the id of its batch", () =>
    withJob([lineOf("a")], ({ files, server }) =>
      Effect.gen(function* () {
        yield* server.replyAlways(Reply.text("yes"))
        yield* HostBatchJob.run({ ...files, mode: "host" })
        truncateSync(files.output)
        const error = yield* Effect.flip(HostBatchJob.run({ ...files, mode: "host" }))
        const collected = `${files.output}.collected.jsonl`
        assert.strictEqual(error._tag, "InvalidRequestError")
        assert.include(error.hint, `HostBatchJob.collect("batch-000001", ${JSON.stringify(collected)})`)
        yield* HostBatchJob.collect("batch-000001", collected)
        assert.deepStrictEqual(outcomesIn(collected), ["1 a: yes"])
        assert.strictEqual((yield* uploads(server)).length, 1)
      })
    )
  )
})

const unreachable = new BudgetStoreError({
  message: "The store cannot be reached",
  store: "memory",
  operation: "settle"
})

describe("a job whose cost is not settled in the budget", () => {
  for (const [cause, settlement] of [
    ["it was ended before", Effect.interrupt],
    ["the store could not be reached", Effect.fail(unreachable)]
  ] as const) {
    it.live(`settles it when it is run again because ${cause}`, () =>
      withJob([lineOf("a"), lineOf("b")], ({ files, server }) =>
        Effect.gen(function* () {
          yield* server.replyAlways(Reply.text("yes", { usage: { prompt_tokens: 1_000, completion_tokens: 500 } }))
          const money = Budget.layerStore({ caps: [{ amount: "10", currency: "USD" }] })
          const budget = Context.get(yield* Layer.build(Layer.provide(money, BudgetStore.layerMemory())), Budget.Budget)
          const runWith = (service: Budget.Budget["Service"]) =>
            HostBatchJob.run({ ...files, mode: "host", deleteFiles: true }).pipe(
              Effect.provide(Layer.provide(layerOf(server.url), Layer.succeed(Budget.Budget, service)))
            )
          yield* Effect.exit(runWith({ ...budget, settleHold: () => settlement }))
          const [reserved = ""] = yield* stateOf(budget)
          assert.match(reserved, /^total 0\+0\.\d+\/10$/)
          const { answered, resumed } = yield* runWith(budget)
          assert.deepStrictEqual([answered, resumed], [2, 2])
          // 60 % of a thousand tokens at $0.95 and five hundred at $4 per million, for each row.
          assert.deepStrictEqual(yield* stateOf(budget), ["total 0.00354+0/10"])
          assert.strictEqual((yield* uploads(server)).length, 1)
        }).pipe(Effect.scoped)
      )
    )
  }
})

describe("a batch that has used nothing", () => {
  const ended = { status: "failed", counts: { completed: 0, failed: 0, total: 1 } }

  /** Leaves a job when its batch was created, with its money. */
  const withMoney = (
    test: (
      output: string,
      server: Host["server"]
    ) => Effect.Effect<unknown, unknown, HostBatch.HostBatch | KimiClient.KimiClient>
  ) =>
    withJob([lineOf("a")], ({ files, server }) =>
      Effect.gen(function* () {
        const money = Budget.layerStore({ caps: [{ amount: "10", currency: "USD" }] })
        const budget = Context.get(yield* Layer.build(Layer.provide(money, BudgetStore.layerMemory())), Budget.Budget)
        yield* Effect.gen(function* () {
          yield* server.replyAt("GET /v1/batches/batch-000001", ErrorReply.table.invalidRequest)
          yield* Effect.flip(HostBatchJob.run({ ...files, mode: "host" }))
          const [reserved = ""] = yield* stateOf(budget)
          assert.match(reserved, /^total 0\+0\.\d+\/10$/)
          yield* test(files.output, server)
          assert.deepStrictEqual(yield* stateOf(budget), ["total 0+0/10"])
        }).pipe(Effect.provide(Layer.provide(layerOf(server.url), Layer.succeed(Budget.Budget, budget))))
      }).pipe(Effect.scoped)
    )

  it.live("releases its money when it is forgotten", () =>
    withMoney((output, server) => Effect.andThen(endsWith({ server }, ended), HostBatchJob.forget(output)))
  )

  it.live("releases its money when it is collected by its id", () =>
    withMoney((output, server) =>
      Effect.gen(function* () {
        const { submission } = JSON.parse(readFileSync(`${output}.host.json`, "utf8")) as {
          readonly submission: { readonly id: string }
        }
        yield* endsWith({ server }, { ...ended, metadata: { kimi_effect_submission: submission.id } })
        const error = yield* Effect.flip(HostBatchJob.collect("batch-000001", `${output}.2`))
        assert.strictEqual(error._tag, "BatchFailedError")
      })
    )
  )
})
