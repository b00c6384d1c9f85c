import { assert, describe, it } from "@effect/vitest"
import * as Accounting from "@kimi-effect/core/Accounting"
import { ErrorReply, Reply } from "@kimi-effect/testing"
import { BigDecimal, Effect, Option, Schema } from "effect"
import * as HostBatch from "../../src/batch/HostBatch.ts"
import { stateOf } from "../support/money.ts"
import { endsWith, fast, result, rowOf, textsOf, withHost } from "./support/hostBatch.ts"

const usage = { prompt_tokens: 1_000, completion_tokens: 500 }

describe("HostBatch.run", () => {
  it.live("returns the outcomes in the order of the rows", () =>
    withHost(({ server }) =>
      Effect.gen(function* () {
        yield* server.reply(Reply.text("one"), Reply.text("two"), Reply.text("three"))
        const { batch, progress, responses } = yield* HostBatch.run([rowOf("a"), rowOf("b"), rowOf("c")], fast)
        assert.strictEqual(batch.status, "completed")
        assert.deepStrictEqual(textsOf(responses), ["1 a: one", "2 b: two", "3 c: three"])
        assert.deepInclude(progress, { done: 3, failed: 0, total: 3, isFinal: true })
      })
    )
  )

  it.live("reports its steps", () =>
    withHost(() =>
      Effect.gen(function* () {
        const steps: Array<string> = []
        yield* HostBatch.run([rowOf("a"), rowOf("b")], {
          ...fast,
          onEvent: (event) =>
            Effect.sync(() => void steps.push(event._tag === "State" ? event.batch.status : event._tag))
        })
        assert.deepStrictEqual(steps, [
          "Checked",
          "Uploaded",
          "Created",
          "in_progress",
          "in_progress",
          "finalizing",
          "completed"
        ])
      })
    )
  )

  it.live("completes with a listener that returns nothing", () =>
    withHost(() =>
      Effect.gen(function* () {
        let events = 0
        const onEvent = () => void (events += 1)
        const { responses } = yield* HostBatch.run([rowOf("a")], {
          ...fast,
          onEvent: onEvent as unknown as () => Effect.Effect<void>
        })
        assert.deepStrictEqual([responses.length, events > 2], [1, true])
      })
    )
  )

  it.live("prices each row at 60 %", () =>
    withHost(({ server }) =>
      Effect.gen(function* () {
        yield* server.replyAlways(Reply.text("yes", { usage }))
        const { responses } = yield* HostBatch.run([rowOf("a")], fast)
        const costs = responses.map(({ cost }) => Option.map(cost, ({ total }) => BigDecimal.format(total)))
        // 60 % of a thousand tokens at $0.95 and five hundred at $4 per million.
        assert.deepStrictEqual(costs, [Option.some("0.00177")])
      })
    )
  )

  it.live("counts the tokens of rows that failed", () =>
    withHost(({ server }) =>
      Effect.gen(function* () {
        yield* server.reply(
          Reply.text("yes", { usage }),
          Reply.chatResponse({ finish_reason: "content_filter", usage })
        )
        const { progress } = yield* HostBatch.run([rowOf("a"), rowOf("b")], fast)
        const counts = { failed: 1, promptTokens: 2_000, completionTokens: 1_000, cost: { USD: 0.00354 } }
        assert.deepInclude(progress, counts)
      })
    )
  )

  it.live("enters the usage of all rows once in the accounting", () =>
    withHost(({ accounting, server }) =>
      Effect.gen(function* () {
        yield* server.replyAlways(Reply.text("yes", { usage }))
        const { batch } = yield* HostBatch.run([rowOf("a"), rowOf("b")], { ...fast, job: "night" })
        yield* HostBatch.resume(batch.id, fast)
        const entries = yield* accounting.entries
        assert.strictEqual(entries.length, 1)
        assert.deepInclude(entries[0], { isBatch: true, attempts: 2, outcome: "succeeded", job: "night" })
        const { costs } = Accounting.total(entries)
        assert.strictEqual(BigDecimal.format(costs.get("USD") ?? BigDecimal.fromBigInt(0n)), "0.00354")
      })
    )
  )

  it.live("reserves the worst case before the upload", () =>
    withHost(({ budget, server }) =>
      Effect.gen(function* () {
        let atUpload: ReadonlyArray<string> = []
        yield* server.replyAlways(Reply.text("yes", { usage }))
        yield* HostBatch.run([rowOf("a", { max_completion_tokens: 200_000 })], {
          ...fast,
          onEvent: (event) =>
            event._tag === "Uploaded" ? Effect.map(stateOf(budget), (state) => void (atUpload = state)) : Effect.void
        })
        assert.match(atUpload[0] ?? "", /^total 0\+0\.48\d*\/10$/)
        assert.deepStrictEqual(yield* stateOf(budget), ["total 0.00177+0/10"])
      })
    )
  )

  it.live("charges a batch once that several processes collect", () =>
    withHost(({ another, budget, server }) =>
      Effect.gen(function* () {
        yield* server.replyAlways(Reply.text("yes", { usage }))
        const { batch } = yield* HostBatch.run([rowOf("a")], fast)
        const other = yield* another
        yield* HostBatch.resume(batch.id, fast).pipe(Effect.provideService(HostBatch.HostBatch, other))
        assert.deepStrictEqual(yield* stateOf(budget), ["total 0.00177+0/10"])
      })
    )
  )

  it.live("sends nothing that the budget does not allow", () =>
    withHost(({ server }) =>
      Effect.gen(function* () {
        const rows = Array.from({ length: 200 }, (_, index) => rowOf(`${index}`, { max_completion_tokens: 32_000 }))
        const error = yield* Effect.flip(HostBatch.run(rows, fast))
        assert.strictEqual(error._tag, "BudgetExceededError")
        assert.deepStrictEqual(yield* server.requests, [])
      })
    )
  )

  it.live("decodes responses by a schema", () =>
    withHost(({ server }) =>
      Effect.gen(function* () {
        yield* server.reply(Reply.text('{"n":1}'), Reply.text("no JSON"))
        const schema = Schema.Struct({ n: Schema.Finite })
        const { responses } = yield* HostBatch.run([rowOf("a"), rowOf("b")], { ...fast, schema })
        assert.deepStrictEqual(
          responses.map((row) => (row._tag === "Answered" ? row.value : row.error._tag)),
          [{ n: 1 }, "StructuredOutputError"]
        )
      })
    )
  )

  it.live("counts what a failed row generated", () =>
    withHost((host) =>
      Effect.gen(function* () {
        const empty = result("a", "")
        yield* endsWith(host, { status: "completed", output: [empty] })
        const { responses } = yield* HostBatch.run([rowOf("a")], fast)
        assert.deepStrictEqual(textsOf(responses), ["1 a: EmptyResponseError"])
        assert.isTrue(Option.isSome(responses[0]?.cost ?? Option.none()))
        assert.deepInclude((yield* host.accounting.entries)[0], { outcome: "failed", attempts: 1 })
      })
    )
  )

  it.live("has no text of a prompt in the error of a row", () =>
    withHost(({ server }) =>
      Effect.gen(function* () {
        const content = "my secret diagnosis of this morning"
        yield* server.reply(ErrorReply.make(400, "invalid_request_error", `cannot read "${content}"`))
        const { responses } = yield* HostBatch.run([rowOf("a", { messages: [{ role: "user", content }] })], fast)
        assert.strictEqual(responses[0]?._tag, "Failed")
        assert.notInclude(JSON.stringify(responses), content)
      })
    )
  )

  it.live("deletes the files at the host if asked", () =>
    withHost(({ server }) =>
      Effect.gen(function* () {
        yield* HostBatch.run([rowOf("a")], { ...fast, deleteFiles: true })
        const deleted = (yield* server.requests).filter(({ method }) => method === "DELETE").map(({ path }) => path)
        assert.deepStrictEqual(deleted, ["/v1/files/file-000001", "/v1/files/file-000002"])
      })
    )
  )
})

describe("HostBatch.resume", () => {
  it.live("collects the batch of another process by its id", () =>
    withHost(({ another, server }) =>
      Effect.gen(function* () {
        yield* server.reply(Reply.text("one"), ErrorReply.table.contentFilter)
        const first = yield* HostBatch.HostBatch
        const { id } = yield* first.submit(yield* first.prepare([rowOf("a"), rowOf("b")]))
        const other = yield* another
        const { responses } = yield* Effect.provideService(HostBatch.resume(id, fast), HostBatch.HostBatch, other)
        assert.deepStrictEqual(textsOf(responses), ["1 a: one", "2 b: ContentFilterError"])
      })
    )
  )

  it.live("prices rows by the model of their batch", () =>
    withHost(({ another, server }) =>
      Effect.gen(function* () {
        yield* server.replyAlways(Reply.text("yes", { usage }))
        const first = yield* HostBatch.HostBatch
        const { id } = yield* first.submit(yield* first.prepare([rowOf("a")]))
        const other = yield* another
        const { responses } = yield* Effect.provideService(HostBatch.resume(id, fast), HostBatch.HostBatch, other)
        // The model of the configuration costs more.
        const costs = responses.map(({ cost }) => Option.map(cost, ({ total }) => BigDecimal.format(total)))
        assert.deepStrictEqual(costs, [Option.some("0.00177")])
      })
    )
  )

  it.live("fails for a batch that the host does not have", () =>
    withHost(() =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(HostBatch.resume("batch-9", fast))
        assert.deepInclude(error, { _tag: "BatchNotFoundError", batchId: "batch-9" })
      })
    )
  )
})
