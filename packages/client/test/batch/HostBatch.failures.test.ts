import { assert, describe, it } from "@effect/vitest"
import { ErrorReply, Fault, Reply } from "@kimi-effect/testing"
import { Deferred, Effect, Fiber } from "effect"
import * as HostBatch from "../../src/batch/HostBatch.ts"
import { stateOf } from "../support/money.ts"
import { type Ending, endsWith, fast, result, rowOf, textsOf, withHost } from "./support/hostBatch.ts"

const rows = [rowOf("a"), rowOf("b"), rowOf("c")]

describe("a batch that the host ends", () => {
  const refused = JSON.stringify({
    custom_id: "c",
    response: { status_code: 400, body: { error: { type: "content_filter", message: "high risk" } } },
    error: null
  })
  const noResponse = JSON.stringify({
    custom_id: "c",
    response: null,
    error: { code: "server_error", message: "oops" }
  })
  const cases: ReadonlyArray<readonly [name: string, Ending, expected: ReadonlyArray<string>]> = [
    [
      "expired has the rows that were run",
      { status: "expired", output: [result("b")] },
      ["1 a: BatchExpiredError", "2 b: It is b", "3 c: BatchExpiredError"]
    ],
    [
      "cancelled has the rows that were run",
      { status: "cancelled", output: [result("b"), result("a")] },
      ["1 a: It is a", "2 b: It is b", "3 c: BatchFailedError"]
    ],
    ["expired before any row", { status: "expired" }, rows.map(({ id }, i) => `${i + 1} ${id}: BatchExpiredError`)],
    [
      "completed with a failed row",
      { status: "completed", output: [result("b"), result("a")], errors: [refused] },
      ["1 a: It is a", "2 b: It is b", "3 c: ContentFilterError"]
    ],
    [
      "completed with a row that has no response",
      { status: "completed", output: [result("b"), result("a"), noResponse] },
      ["1 a: It is a", "2 b: It is b", "3 c: ServerError"]
    ],
    [
      "completed with an error of a form that is not known",
      { status: "completed", output: [result("b"), result("a")], errors: ['{"custom_id":"c","status":"bad"}'] },
      ["1 a: It is a", "2 b: It is b", "3 c: InvalidResponseError"]
    ],
    [
      "completed without a result for a row",
      { status: "completed", output: [result("c"), result("a")] },
      ["1 a: It is a", "2 b: InvalidResponseError", "3 c: It is c"]
    ],
    [
      "completed without files",
      { status: "completed" },
      rows.map(({ id }, i) => `${i + 1} ${id}: InvalidResponseError`)
    ],
    [
      "completed with a body that is no completion",
      {
        status: "completed",
        output: [
          result("b"),
          result("a"),
          JSON.stringify({ custom_id: "c", response: { status_code: 200, body: "soup" } })
        ]
      },
      ["1 a: It is a", "2 b: It is b", "3 c: InvalidResponseError"]
    ]
  ]
  for (const [name, ending, expected] of cases) {
    it.live(name, () =>
      withHost((host) =>
        Effect.gen(function* () {
          yield* endsWith(host, ending)
          const { responses } = yield* HostBatch.run(rows, fast)
          assert.deepStrictEqual(textsOf(responses), expected)
        })
      )
    )
  }

  it.live("as a whole fails with BatchFailedError", () =>
    withHost((host) =>
      Effect.gen(function* () {
        yield* endsWith(host, { status: "failed" })
        const error = yield* Effect.flip(HostBatch.run(rows, fast))
        assert.deepInclude(error, { _tag: "BatchFailedError", state: "failed", batchId: "batch-000001" })
        assert.deepStrictEqual(yield* stateOf(host.budget), ["total 0+0/10"])
      })
    )
  )

  it.live("charges what was run before it expired", () =>
    withHost((host) =>
      Effect.gen(function* () {
        yield* endsWith(host, { status: "expired", output: [result("b")] })
        yield* HostBatch.run(rows, fast)
        // Ten tokens at $0.95 and five at $4 per million, times 0.6.
        assert.deepStrictEqual(yield* stateOf(host.budget), ["total 0.0000177+0/10"])
      })
    )
  )

  it.live("counts lines that no row has", () =>
    withHost((host) =>
      Effect.gen(function* () {
        const torn = result("c").slice(0, 40)
        const output = [result("a"), result("a", "again"), "{", result("b"), result("z"), result("c"), torn]
        yield* endsWith(host, { status: "completed", output })
        const { responses, surplus } = yield* HostBatch.run(rows, fast)
        assert.deepStrictEqual(textsOf(responses), ["1 a: It is a", "2 b: It is b", "3 c: It is c"])
        assert.deepStrictEqual(surplus, { malformed: 2, duplicates: 1, unknown: 1 })
      })
    )
  )

  it.live("charges nothing for results that lack answers which the host has counted", () =>
    withHost((host) =>
      Effect.gen(function* () {
        const counts = { completed: 3, failed: 0, total: 3 }
        yield* endsWith(host, { status: "completed", output: [result("b")], counts })
        const error = yield* Effect.flip(HostBatch.run(rows, fast))
        assert.strictEqual(error._tag, "InvalidResponseError")
        assert.include(error.message, "batch-000001")
        // The reservation stays.
        assert.deepStrictEqual(yield* stateOf(host.budget), ["total 0+0.00073026/10"])
        yield* endsWith(host, { status: "completed", output: ["a", "b", "c"].map((id) => result(id)), counts })
        const { responses } = yield* HostBatch.resume("batch-000001", fast)
        assert.strictEqual(responses.length, 3)
      })
    )
  )

  it.live("joins a large output in any order", () =>
    withHost((host) =>
      Effect.gen(function* () {
        const many = Array.from({ length: 2_000 }, (_, index) => rowOf(`row ${index}`))
        const long = "x".repeat(5_000)
        yield* endsWith(host, {
          status: "completed",
          output: many.map(({ id }) => result(id, `${id} ${long}`)).toReversed()
        })
        const { responses } = yield* HostBatch.run(many, fast)
        const wrong = responses.filter(
          (row, index) => row._tag === "Failed" || row.value !== `row ${index} ${long}` || row.line !== index + 1
        )
        assert.deepStrictEqual([responses.length, wrong], [2_000, []])
      })
    )
  )
})

describe("a request that fails once", () => {
  const routes = {
    upload: "POST /v1/files",
    creation: "POST /v1/batches",
    state: "GET /v1/batches/batch-000001",
    download: "GET /v1/files/file-000002/content"
  }
  const failures = {
    "status 429": ErrorReply.table.limitRpm,
    "status 500": ErrorReply.make(500, "server_error", "oops"),
    "a lost response": Reply.withFault(Fault.ResetBeforeHeaders())(Reply.defaultReply)
  }
  for (const [step, route] of Object.entries(routes)) {
    for (const [failure, reply] of Object.entries(failures)) {
      it.live(`is repeated without a second ${step}: ${failure}`, () =>
        withHost(({ budget, server }) =>
          Effect.gen(function* () {
            let count = 0
            yield* server.replyAt(route, () => ((count += 1) === 1 ? reply : Reply.defaultReply))
            const { responses } = yield* HostBatch.run(rows, fast)
            assert.isAbove(count, step === "upload" || step === "creation" ? 0 : 1)
            assert.isTrue(responses.every(({ _tag }) => _tag === "Answered"))
            const { batches, entries } = yield* server.ledger
            assert.strictEqual(batches.length, 1)
            const uploads = entries.filter((entry) => entry.route === routes.upload && entry.outcome !== "rejected")
            assert.isAtMost(uploads.length, 1)
            assert.match((yield* stateOf(budget))[0] ?? "", /\+0\/10$/)
          })
        )
      )
    }
  }

  it.live("continues a download behind the lines that it has", () =>
    withHost((host) =>
      Effect.gen(function* () {
        yield* endsWith(host, { status: "completed" })
        const many = Array.from({ length: 300 }, (_, index) => rowOf(`${index}`))
        const body = Reply.body(many.map(({ id }) => `${result(id)}\n`).join(""))
        yield* endsWith(host, { status: "completed", output: [] })
        let count = 0
        yield* host.server.replyAt("GET /v1/files/out/content", () =>
          (count += 1) < 3 ? Reply.withFault(Fault.ResetMidBody({ afterBytes: 20_000 }))(body) : body
        )
        const { responses, surplus } = yield* HostBatch.run(many, fast)
        assert.strictEqual(count, 3)
        assert.isTrue(responses.every(({ _tag }) => _tag === "Answered"))
        assert.deepStrictEqual(surplus, { malformed: 0, duplicates: 0, unknown: 0 })
      })
    )
  )

  it.live("is not repeated when the host refuses it", () =>
    withHost(({ budget, server }) =>
      Effect.gen(function* () {
        yield* server.replyAt(routes.creation, ErrorReply.table.invalidRequest)
        const error = yield* Effect.flip(HostBatch.run(rows, fast))
        assert.strictEqual(error._tag, "InvalidRequestError")
        assert.deepStrictEqual(yield* stateOf(budget), ["total 0+0/10"])
      })
    )
  )

  it.live("leaves no file at a host that refuses the batch", () =>
    withHost(({ server }) =>
      Effect.gen(function* () {
        yield* server.replyAt(routes.creation, ErrorReply.table.invalidRequest)
        yield* Effect.flip(HostBatch.run(rows, fast))
        const requests = yield* server.requests
        assert.deepStrictEqual(
          requests.slice(-1).map(({ method, path }) => `${method} ${path}`),
          ["DELETE /v1/files/file-000001"]
        )
      })
    )
  )

  it.live("releases its money when its file was not uploaded", () =>
    withHost(({ budget, server }) =>
      Effect.gen(function* () {
        yield* server.replyAt(routes.upload, ErrorReply.make(500, "server_error", "oops"))
        const error = yield* Effect.flip(HostBatch.run(rows, fast))
        assert.strictEqual(error._tag, "ServerError")
        assert.deepStrictEqual(yield* stateOf(budget), ["total 0+0/10"])
      })
    )
  )

  it.live("releases its money when its upload is interrupted", () =>
    withHost(({ budget, server }) =>
      Effect.gen(function* () {
        const isAsked = yield* Deferred.make<void>()
        yield* server.replyAt(routes.upload, () => {
          Deferred.doneUnsafe(isAsked, Effect.void)
          return Reply.withFault(Fault.StallBeforeHeaders())(Reply.defaultReply)
        })
        const running = yield* Effect.forkChild(HostBatch.run(rows, fast))
        yield* Deferred.await(isAsked)
        yield* Fiber.interrupt(running)
        assert.deepStrictEqual(yield* stateOf(budget), ["total 0+0/10"])
      })
    )
  )

  it.live("keeps its money when the search for its batch is refused", () =>
    withHost(({ budget, server }) =>
      Effect.gen(function* () {
        yield* server.replyAt(routes.creation, Reply.withFault(Fault.ResetBeforeHeaders())(Reply.defaultReply))
        yield* server.replyAt("GET /v1/batches", ErrorReply.table.invalidRequest)
        const error = yield* Effect.flip(HostBatch.run(rows, fast))
        assert.strictEqual(error._tag, "InvalidRequestError")
        assert.match((yield* stateOf(budget))[0] ?? "", /^total 0\+0\.000\d+\/10$/)
      })
    )
  )

  it.live("finds its batch behind any number of others when another process continues", () =>
    withHost(({ server }) =>
      Effect.gen(function* () {
        const host = yield* HostBatch.HostBatch
        const prepared = yield* host.prepare(rows)
        const steps: Array<HostBatch.Submission> = []
        const batch = yield* host.submit(prepared, { onStep: (step) => Effect.sync(() => void steps.push(step)) })
        const first = { ...(JSON.parse(JSON.stringify(batch)) as { readonly [name: string]: string }) }
        const page = (from: number) =>
          Array.from({ length: 100 }, (_, index) => ({ ...first, id: `other-${from + index}`, input_file_id: "other" }))
        const pages = [page(0), page(100), page(200), [first]]
        let asked = 0
        yield* server.replyAt("GET /v1/batches", () =>
          Reply.json({ object: "list", data: pages[asked++] ?? [], has_more: asked < pages.length })
        )
        const uploaded = steps.find(({ batchId, fileId }) => fileId !== undefined && batchId === undefined)
        const found = yield* host.submit(prepared, { continued: uploaded })
        assert.deepStrictEqual([found.id, (yield* server.ledger).batches.length], [batch.id, 1])
      })
    )
  )

  it.live("has its outcomes though its files could not be deleted", () =>
    withHost(({ server }) =>
      Effect.gen(function* () {
        yield* server.replyAt("DELETE /v1/files/file-000002", ErrorReply.table.invalidRequest)
        const { responses } = yield* HostBatch.run(rows, { ...fast, deleteFiles: true })
        assert.isTrue(responses.every(({ _tag }) => _tag === "Answered"))
      })
    )
  )

  it.live("keeps its money when the batch may exist", () =>
    withHost(({ budget, server }) =>
      Effect.gen(function* () {
        yield* server.replyAt(routes.creation, ErrorReply.make(500, "server_error", "oops"))
        const error = yield* Effect.flip(HostBatch.run(rows, fast))
        assert.strictEqual(error._tag, "ServerError")
        assert.match((yield* stateOf(budget))[0] ?? "", /^total 0\+0\.000\d+\/10$/)
      })
    )
  )
})
