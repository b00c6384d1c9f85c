import { readFileSync, writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { ErrorReply, Reply } from "@kimi-effect/testing"
import { Effect, Option } from "effect"
import type { HostBatchEvent } from "../../src/batch/HostBatchEvent.ts"
import * as HostBatchJob from "../../src/node/HostBatchJob.ts"
import { endsWith, result } from "../batch/support/hostBatch.ts"
import { type Job, lineOf, outcomesIn, uploads, withJob } from "./support/hostJob/job.ts"

const three = ["a", "b", "c"].map((id) => lineOf(id))

describe("HostBatchJob.run with the mode host", () => {
  it.live("writes the lines of a job", () =>
    withJob(three, ({ files, server }) =>
      Effect.gen(function* () {
        yield* server.reply(Reply.text("one"), Reply.text("two"), ErrorReply.table.contentFilter)
        const done = yield* HostBatchJob.run({ ...files, mode: "host" })
        assert.deepInclude(done, { answered: 2, failed: 1, resumed: 0, unanswered: 0, mode: "host" })
        assert.isAbove(done.cost.USD ?? 0, 0)
        assert.deepStrictEqual(outcomesIn(files.output), ["1 a: one", "2 b: two", "3 c: ContentFilterError"])
      })
    )
  )

  it.live("sends nothing when every row is done", () =>
    withJob(three, ({ files, server }) =>
      Effect.gen(function* () {
        yield* HostBatchJob.run({ ...files, mode: "host" })
        const again = yield* HostBatchJob.run({ ...files, mode: "host" })
        assert.deepInclude(again, { answered: 3, resumed: 3 })
        assert.strictEqual((yield* uploads(server)).length, 1)
      })
    )
  )

  it.live("sends only the rows again that an expired batch has not run", () =>
    withJob(three, ({ files, server }) =>
      Effect.gen(function* () {
        yield* endsWith({ server }, { status: "expired", output: [result("b")] })
        const first = yield* HostBatchJob.run({ ...files, mode: "host" })
        assert.deepInclude(first, { answered: 1, failed: 0, unanswered: 2 })
        const second = yield* HostBatchJob.run({ ...files, mode: "host" })
        assert.deepInclude(second, { answered: 3, failed: 0, unanswered: 0, resumed: 1 })
        assert.deepStrictEqual(yield* uploads(server), [
          ["a", "b", "c"],
          ["a", "c"]
        ])
      })
    )
  )

  it.live("sends only failed rows again that are selected", () =>
    withJob(three, ({ files, server }) =>
      Effect.gen(function* () {
        yield* server.reply(Reply.text("one"), ErrorReply.table.contentFilter, Reply.text("three"))
        yield* HostBatchJob.run({ ...files, mode: "host" })
        yield* HostBatchJob.run({ ...files, mode: "host", rerun: ["ContentFilterError"] })
        assert.deepStrictEqual((yield* uploads(server))[1], ["b"])
        assert.strictEqual(outcomesIn(files.output).length, 3)
      })
    )
  )

  it.live("starts again after a batch that the host refused", () =>
    withJob(three, ({ files, server }) =>
      Effect.gen(function* () {
        yield* endsWith({ server }, { status: "failed" })
        const error = yield* Effect.flip(HostBatchJob.run({ ...files, mode: "host" }))
        assert.strictEqual(error._tag, "BatchFailedError")
        assert.deepInclude(yield* HostBatchJob.run({ ...files, mode: "host" }), { answered: 3 })
      })
    )
  )

  describe("with a batch that the host has lost", () => {
    const lose = ({ files, server }: Job) =>
      Effect.gen(function* () {
        yield* endsWith({ server }, { status: "cancelled" })
        yield* HostBatchJob.run({ ...files, mode: "host" })
        const path = `${files.output}.host.json`
        const record = JSON.parse(readFileSync(path, "utf8"))
        record.submission.batchId = "batch-lost"
        writeFileSync(path, JSON.stringify({ ...record, state: "open" }))
      })

    it.live("fails with its id", () =>
      withJob(three, (job) =>
        Effect.gen(function* () {
          yield* lose(job)
          const error = yield* Effect.flip(HostBatchJob.run({ ...job.files, mode: "host" }))
          assert.deepInclude(error, { _tag: "BatchNotFoundError", batchId: "batch-lost" })
        })
      )
    )

    it.live("sends the rows again when it was forgotten", () =>
      withJob(three, (job) =>
        Effect.gen(function* () {
          yield* lose(job)
          const forgotten = yield* HostBatchJob.forget(job.files.output)
          assert.deepInclude(Option.getOrThrow(forgotten), { batchId: "batch-lost" })
          assert.deepInclude(yield* HostBatchJob.run({ ...job.files, mode: "host" }), { answered: 3 })
        })
      )
    )
  })

  it.live("has nothing to forget after its batch has ended", () =>
    withJob(three, ({ files }) =>
      Effect.gen(function* () {
        yield* HostBatchJob.run({ ...files, mode: "host" })
        assert.isTrue(Option.isNone(yield* HostBatchJob.forget(files.output)))
        assert.isTrue(Option.isSome(yield* HostBatchJob.status(files.output)))
      })
    )
  )

  it.live("lists every line that the host would refuse", () =>
    withJob([lineOf("a"), lineOf("a"), lineOf("c", "Hi", "kimi-k2.7-code")], ({ files, server }) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(HostBatchJob.run({ ...files, mode: "host" }))
        assert.deepInclude(error, {
          _tag: "InvalidBatchError",
          issues: [
            { line: 2, id: "a", reason: "Line 1 has the same id", parameter: "id" },
            { line: 3, id: "c", reason: "The first row has the model kimi-k2.6", parameter: "model" }
          ]
        })
        assert.deepStrictEqual(yield* server.requests, [])
      })
    )
  )

  it.live("has no text of a prompt in the error of a row", () => {
    const secret = "my secret diagnosis of this morning"
    return withJob([lineOf("a", secret)], ({ files, server }) =>
      Effect.gen(function* () {
        yield* server.reply(ErrorReply.make(400, "invalid_request_error", `cannot read "${secret}"`))
        assert.deepInclude(yield* HostBatchJob.run({ ...files, mode: "host" }), { failed: 1 })
        assert.notInclude(readFileSync(files.output, "utf8"), secret)
      })
    )
  })

  it.live("refuses the order of the input", () =>
    withJob(three, ({ files }) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(HostBatchJob.run({ ...files, mode: "host", order: "input" }))
        assert.deepInclude(error, { _tag: "InvalidRequestError", parameter: "order" })
      })
    )
  )
})

describe("HostBatchJob.run with the mode auto", () => {
  const choiceOf = (options: Partial<HostBatchJob.Options>, lines = three) =>
    withJob(lines, ({ files }) =>
      Effect.gen(function* () {
        const events: Array<HostBatchEvent> = []
        const done = yield* HostBatchJob.run({
          ...files,
          ...options,
          onEvent: (event) => Effect.sync(() => void events.push(event))
        })
        const [chosen] = events
        assert.deepStrictEqual(chosen?._tag === "Chosen" ? chosen.choice : undefined, done.choice)
        return { mode: done.mode, reason: done.choice?.reason ?? "", answered: done.answered }
      })
    )

  it.live("runs at the host, which costs less", () =>
    Effect.gen(function* () {
      const { answered, mode, reason } = yield* choiceOf({})
      assert.deepStrictEqual([mode, answered], ["host", 3])
      assert.match(reason, /^The host costs at most \$0\.000\d+ instead of \$0\.00\d+, and ends within 1d$/)
    })
  )

  for (const [name, options, lines, expected] of [
    ["a deadline before the end of the window", { stop: { deadline: "11 hours" } }, three, /shortest window/],
    ["a model without batches", { model: "kimi-k3" }, three, /runs no batches of kimi-k3/],
    ["the order of the input", { order: "input" }, three, /in no order/],
    ["rows with the same id", {}, [lineOf("a"), lineOf("a"), lineOf("c")], /line 2: Line 1 has the same id/]
  ] as ReadonlyArray<readonly [string, Partial<HostBatchJob.Options>, ReadonlyArray<string>, RegExp]>) {
    it.live(`runs in this program for ${name}`, () =>
      Effect.gen(function* () {
        const { answered, mode, reason } = yield* choiceOf(options, [...lines])
        assert.deepStrictEqual([mode, answered], ["local", 3])
        assert.match(reason, expected)
      })
    )
  }

  it.live("sends the same model in this program", () =>
    withJob([lineOf("a")], ({ files, server }) =>
      Effect.gen(function* () {
        yield* HostBatchJob.run({ ...files, model: "kimi-k3" })
        const [chat] = yield* server.requests
        assert.deepInclude(chat?.json, { model: "kimi-k3" })
      })
    )
  )

  it.live("creates the batch with a window that ends before the deadline", () =>
    withJob(three, ({ files }) =>
      Effect.gen(function* () {
        const { batch } = yield* HostBatchJob.run({ ...files, stop: { deadline: "870 minutes" } })
        assert.strictEqual(batch?.completion_window, "14h")
      })
    )
  )
})

describe("a job that moves", () => {
  it.live("runs the rest in this program that an expired batch has not run", () =>
    withJob(three, ({ files, server }) =>
      Effect.gen(function* () {
        yield* endsWith({ server }, { status: "expired", output: [result("b")] })
        yield* HostBatchJob.run({ ...files, mode: "host" })
        const rest = yield* HostBatchJob.run({ ...files, mode: "local" })
        assert.deepInclude(rest, { answered: 3, resumed: 1, mode: "local" })
        const chats = (yield* server.requests).filter(({ path }) => path.endsWith("/chat/completions"))
        assert.strictEqual(chats.length, 2)
      })
    )
  )

  it.live("is refused in this program while a batch is at the host", () =>
    withJob(three, ({ files, server }) =>
      Effect.gen(function* () {
        yield* server.replyAt("GET /v1/batches/batch-000001", ErrorReply.table.invalidRequest)
        yield* Effect.flip(HostBatchJob.run({ ...files, mode: "host" }))
        const error = yield* Effect.flip(HostBatchJob.run({ ...files, mode: "local" }))
        assert.deepInclude(error, { _tag: "InvalidRequestError", parameter: "mode" })
      })
    )
  )
})

describe("a job that was left", () => {
  const left = ({ files, server }: Parameters<Parameters<typeof withJob>[1]>[0], options = {}) =>
    Effect.gen(function* () {
      let isBroken = true
      yield* server.replyAt("GET /v1/batches/batch-000001", () =>
        isBroken ? ErrorReply.table.invalidRequest : Reply.defaultReply
      )
      yield* Effect.flip(HostBatchJob.run({ ...files, ...options, mode: "host" }))
      isBroken = false
    })

  it.live("is known by its record", () =>
    withJob(three, (job) =>
      Effect.gen(function* () {
        assert.isTrue(Option.isNone(yield* HostBatchJob.status(job.files.output)))
        yield* left(job)
        const open = { batchId: "batch-000001", model: "kimi-k2.6", rows: 3, status: undefined, state: "open" as const }
        assert.deepStrictEqual(yield* HostBatchJob.status(job.files.output), Option.some(open))
        yield* HostBatchJob.run(job.files)
        const ended = { ...open, status: "completed", state: "ended" as const, completed: 3, failed: 0 }
        assert.deepStrictEqual(yield* HostBatchJob.status(job.files.output), Option.some(ended))
      })
    )
  )

  it.live("is continued without its options", () =>
    withJob(
      ["question", "why", "how"],
      (job) =>
        Effect.gen(function* () {
          yield* left(job, { prompts: { template: "Answer: {question}" } })
          const done = yield* HostBatchJob.resume(job.files.output, { interval: "1 millis" })
          assert.deepInclude(done, { answered: 2, mode: "host", choice: undefined })
          assert.strictEqual((yield* uploads(job.server)).length, 1)
        }),
      "in.csv"
    )
  )

  it.live("needs its options if its template is a function", () =>
    withJob([JSON.stringify({ text: "Hi" })], (job) =>
      Effect.gen(function* () {
        yield* left(job, { prompts: { column: "text", template: (text: string) => text } })
        const error = yield* Effect.flip(HostBatchJob.resume(job.files.output))
        assert.deepInclude(error, { _tag: "InvalidRequestError", parameter: "output" })
      })
    )
  )

  it.live("is cancelled by its output", () =>
    withJob(three, (job) =>
      Effect.gen(function* () {
        yield* left(job)
        assert.strictEqual((yield* HostBatchJob.cancel(job.files.output)).status, "cancelling")
        assert.deepInclude(yield* HostBatchJob.run(job.files), { answered: 0, unanswered: 3 })
        const error = yield* Effect.flip(HostBatchJob.cancel(job.files.output))
        assert.deepInclude(error, { _tag: "InvalidRequestError", parameter: "output" })
      })
    )
  )

  it.live("fails when its record is damaged", () =>
    withJob(three, ({ files, server }) =>
      Effect.gen(function* () {
        writeFileSync(`${files.output}.host.json`, "{")
        const error = yield* Effect.flip(HostBatchJob.run(files))
        assert.deepInclude(error, { _tag: "JournalStoreError", operation: "read" })
        assert.include(error.message, `${files.output}.host.json`)
        assert.include(error.message, "it is damaged")
        assert.deepStrictEqual(yield* server.requests, [])
      })
    )
  )
})
