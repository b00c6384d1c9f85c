import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { ErrorReply, Reply } from "@kimi-effect/testing"
import { Effect, Option } from "effect"
import * as BatchJob from "../../src/node/BatchJob.ts"
import * as HostBatchJob from "../../src/node/HostBatchJob.ts"
import { endsWith, result } from "../batch/support/hostBatch.ts"
import { lineOf, outcomesIn, uploads, withJob } from "./support/hostJob/job.ts"
import { canMount, volume } from "./support/volumes.ts"

const three = ["a", "b", "c"].map((id) => lineOf(id))

describe("a job that the host has refused", () => {
  for (const [step, route] of Object.entries({ upload: "POST /v1/files", batch: "POST /v1/batches" })) {
    it.live(`for its ${step} can run in this program`, () =>
      withJob(three, ({ files, server }) =>
        Effect.gen(function* () {
          yield* server.replyAt(route, ErrorReply.table.invalidRequest)
          yield* Effect.flip(HostBatchJob.run({ ...files, mode: "host" }))
          assert.isTrue(Option.isNone(yield* HostBatchJob.status(files.output)))
          assert.deepInclude(yield* HostBatchJob.run({ ...files, mode: "local" }), { answered: 3, mode: "local" })
        })
      )
    )
  }

  it.live("is over before its file is deleted", () =>
    withJob(three, ({ files, server }) =>
      Effect.gen(function* () {
        const states: Array<boolean> = []
        yield* server.replyAt("POST /v1/batches", ErrorReply.table.invalidRequest)
        yield* server.replyAt("DELETE /v1/files/file-000001", () => {
          states.push(existsSync(`${files.output}.host.json`))
          return Reply.defaultReply
        })
        yield* Effect.flip(HostBatchJob.run({ ...files, mode: "host" }))
        // A program that is killed now uploads the rows again, and names no file that is gone.
        assert.deepStrictEqual(states, [false])
      })
    )
  )

  it.live("keeps the record of the batch before", () =>
    withJob(three, ({ files, server }) =>
      Effect.gen(function* () {
        yield* endsWith({ server }, { status: "expired", output: [result("b")] })
        yield* HostBatchJob.run({ ...files, mode: "host" })
        yield* server.replyAt("POST /v1/batches", ErrorReply.table.invalidRequest)
        yield* Effect.flip(HostBatchJob.run({ ...files, mode: "host" }))
        const status = Option.getOrThrow(yield* HostBatchJob.status(files.output))
        assert.deepInclude(status, { batchId: "batch-000001", state: "ended", status: "expired" })
      })
    )
  )
})

describe("HostBatchJob.resume of a batch that has ended", () => {
  it.live("sends nothing again", () =>
    withJob(three, ({ files, server }) =>
      Effect.gen(function* () {
        yield* endsWith({ server }, { status: "expired", output: [result("b")] })
        yield* HostBatchJob.run({ ...files, mode: "host" })
        const error = yield* Effect.flip(HostBatchJob.resume(files.output))
        assert.deepInclude(error, { _tag: "InvalidRequestError", parameter: "output" })
        assert.include(error.message, "2 rows")
        assert.lengthOf(yield* uploads(server), 1)
      })
    )
  )
})

describe("BatchJob.run of a job that is at the host", () => {
  it.live("requests no row", () =>
    withJob(three, ({ files, server }) =>
      Effect.gen(function* () {
        yield* server.replyAt("GET /v1/batches/batch-000001", ErrorReply.table.invalidRequest)
        yield* Effect.flip(HostBatchJob.run({ ...files, mode: "host" }))
        const error = yield* Effect.flip(BatchJob.run({ input: files.input, output: files.output }))
        assert.deepInclude(error, { _tag: "InvalidRequestError", parameter: "mode" })
        assert.isFalse((yield* server.requests).some(({ path }) => path.endsWith("/chat/completions")))
      })
    )
  )
})

describe("a line that is no row", () => {
  it.live("is reported once when the rows run in this program", () =>
    withJob([...three, "{"], ({ files }) =>
      Effect.gen(function* () {
        const lines: Array<number> = []
        yield* HostBatchJob.run({
          ...files,
          stop: { deadline: "1 hour" },
          onReject: ({ line }) => Effect.sync(() => void lines.push(line))
        })
        assert.deepStrictEqual(lines, [4])
      })
    )
  )
})

describe("a batch whose file the host has refused", () => {
  const refusal = {
    object: "list",
    data: [
      { code: "invalid_model", message: "The model is not known", line: 1, param: "body.model" },
      { message: 7, line: 2 },
      { code: "too_long", message: "x".repeat(400), line: 2 }
    ]
  }

  it.live("has what the host lists, at the lines of the input", () =>
    withJob([three[0] ?? "", "", ...three.slice(1)], ({ files, server }) =>
      Effect.gen(function* () {
        yield* endsWith({ server }, { status: "completed", output: [result("a")] })
        yield* HostBatchJob.run({ ...files, mode: "host" })
        yield* endsWith({ server }, { status: "failed", refusal })
        // Of an earlier version, which does not record the lines of the batch.
        const { lines: _, ...record } = JSON.parse(readFileSync(`${files.output}.host.json`, "utf8"))
        writeFileSync(`${files.output}.host.json`, JSON.stringify({ ...record, state: "open" }))
        const error = yield* Effect.flip(HostBatchJob.run({ ...files, mode: "host" }))
        assert.strictEqual(error._tag, "BatchFailedError")
        assert.include(error.message, "line 3: The model is not known (invalid_model)")
        assert.deepInclude(error, {
          count: 3,
          issues: [
            { line: 3, id: "b", reason: "The model is not known (invalid_model)", parameter: "body.model" },
            { line: 4, id: "c", reason: `${"x".repeat(300)}… (too_long)` }
          ]
        })
      })
    )
  )

  for (const [name, listed] of [
    ["a text", "bad file"],
    ["another form", { data: 3 }],
    ["nothing", null]
  ] as const) {
    it.live(`fails as refused when the host lists ${name}`, () =>
      withJob(three, ({ files, server }) =>
        Effect.gen(function* () {
          yield* endsWith({ server }, { status: "failed", refusal: listed })
          const error = yield* Effect.flip(HostBatchJob.run({ ...files, mode: "host" }))
          assert.strictEqual(error._tag, "BatchFailedError")
          assert.include(error.message, typeof listed === "string" ? listed : "refused the batch as a whole")
        })
      )
    )
  }

  it.live("can be sent again from an input that was corrected", () =>
    withJob(three, ({ files, server }) =>
      Effect.gen(function* () {
        yield* endsWith({ server }, { status: "failed" })
        yield* Effect.flip(HostBatchJob.run({ ...files, mode: "host" }))
        writeFileSync(files.input, three.slice(1).join("\n"))
        assert.deepInclude(yield* HostBatchJob.run({ ...files, mode: "host" }), { answered: 2 })
      })
    )
  )
})

describe("HostBatchJob.run with a deadline before the end of the shortest window", () => {
  it.live("is refused in the mode host", () =>
    withJob(three, ({ files, server }) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(HostBatchJob.run({ ...files, mode: "host", stop: { deadline: "11 hours" } }))
        assert.strictEqual(error._tag, "ConfigurationError")
        assert.include(error.message, "HostBatchJob stop.deadline: expected at least 12 hours")
        assert.deepStrictEqual(yield* server.requests, [])
      })
    )
  )

  it.live("is kept by the window from 12 hours", () =>
    withJob(three, ({ files }) =>
      Effect.gen(function* () {
        const { batch } = yield* HostBatchJob.run({ ...files, mode: "host", stop: { deadline: "750 minutes" } })
        assert.strictEqual(batch?.completion_window, "12h")
      })
    )
  )

  it.live("continues a batch that is there", () =>
    withJob([lineOf("a")], ({ files, server }) =>
      Effect.gen(function* () {
        let isBroken = true
        yield* server.replyAlways(Reply.text("yes"))
        yield* server.replyAt("GET /v1/batches/batch-000001", () =>
          isBroken ? ErrorReply.table.invalidRequest : Reply.defaultReply
        )
        yield* Effect.flip(HostBatchJob.run({ ...files, mode: "host" }))
        isBroken = false
        const resumed = HostBatchJob.resume(files.output, { interval: "1 millis", stop: { deadline: "1 hour" } })
        assert.deepInclude(yield* resumed, { answered: 1 })
      })
    )
  )
})

describe("HostBatchJob.run with a window that the host does not have", () => {
  it.live("fails before the rows are read", () =>
    withJob(three, ({ files, server }) =>
      Effect.gen(function* () {
        const events: Array<string> = []
        const error = yield* Effect.flip(
          HostBatchJob.run({
            ...files,
            mode: "host",
            completionWindow: "1 hour",
            onEvent: ({ _tag }) => Effect.sync(() => events.push(_tag))
          })
        )
        assert.deepInclude(error, {
          _tag: "ConfigurationError",
          issues: [{ name: "HostBatchJob completionWindow", expected: "whole hours from 12 hours to 7 days" }]
        })
        assert.deepStrictEqual(events, [])
        assert.isFalse(existsSync(`${files.output}.job.json`))
        assert.deepStrictEqual(yield* server.requests, [])
      })
    )
  )
})

describe.skipIf(!canMount)("a host batch whose disk is full", () => {
  it.live("names its record", () =>
    withJob(three, ({ files }) =>
      Effect.gen(function* () {
        const disk = yield* volume(64)
        const output = `${disk.path}/out.jsonl`
        const onEvent = ({ _tag }: { readonly _tag: string }) =>
          Effect.sync(() => (_tag === "Checked" ? disk.fill() : undefined))
        const error = yield* Effect.flip(HostBatchJob.run({ ...files, output, mode: "host", onEvent }))
        assert.include(error.message, `The record ${JSON.stringify(`${output}.host.json`)} of the batch at the host`)
        assert.include(error.message, "the disk is full")
      }).pipe(Effect.scoped)
    )
  )

  it.live("names the output of a batch by its id", () =>
    withJob(three, ({ files, server }) =>
      Effect.gen(function* () {
        yield* endsWith({ server }, { status: "completed", output: ["a", "b", "c"].map((id) => result(id)) })
        yield* HostBatchJob.run({ ...files, mode: "host" })
        const disk = yield* volume(64)
        const output = `${disk.path}/out.jsonl`
        const onEvent = () => Effect.sync(() => disk.fill())
        const error = yield* Effect.flip(HostBatchJob.collect("batch-000001", output, { onEvent }))
        assert.include(error.message, `with the output ${JSON.stringify(output)} cannot be used: the disk is full`)
      }).pipe(Effect.scoped)
    )
  )
})

describe("HostBatchJob.collect", () => {
  it.live("does not replace an output that was written while it waited", () =>
    withJob(three, ({ files, server }) =>
      Effect.gen(function* () {
        yield* endsWith({ server }, { status: "completed", output: ["a", "b", "c"].map((id) => result(id)) })
        yield* HostBatchJob.run({ ...files, mode: "host" })
        const output = `${files.output}.2`
        const error = yield* Effect.flip(
          HostBatchJob.collect("batch-000001", output, {
            onEvent: () => Effect.sync(() => writeFileSync(output, "mine"))
          })
        )
        assert.deepInclude(error, { _tag: "InvalidRequestError", parameter: "output" })
      })
    )
  )

  it.live("is refused while another program writes the output", () =>
    withJob(three, ({ files, server }) =>
      Effect.gen(function* () {
        yield* endsWith({ server }, { status: "completed", output: ["a", "b", "c"].map((id) => result(id)) })
        yield* HostBatchJob.run({ ...files, mode: "host" })
        const output = `${files.output}.2`
        let second: unknown
        yield* HostBatchJob.collect("batch-000001", output, {
          onEvent: () =>
            Effect.map(
              Effect.flip(HostBatchJob.collect("batch-000001", output)),
              (error) => (second = error._tag)
            ).pipe(Effect.ignore)
        })
        assert.strictEqual(second, "BatchJobLockedError")
        assert.lengthOf(outcomesIn(output), 3)
      })
    )
  )
})
