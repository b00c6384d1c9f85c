import { assert, describe, it } from "@effect/vitest"
import { ErrorReply, Reply } from "@kimi-effect/testing"
import { BigDecimal, Effect, Option, Stream } from "effect"
import * as HostBatch from "../../src/batch/HostBatch.ts"
import { stateOf } from "../support/money.ts"
import { type Ending, endsWith, fast, type Host, result, rowOf, textsOf, withHost } from "./support/hostBatch.ts"

const rows = [rowOf("a"), rowOf("b")]
const hostRows = rows.map(({ id }, index): HostBatch.HostRow => ({ id, line: index + 1 }))

const deletions = ({ server }: Host) =>
  Effect.map(server.requests, (requests) => requests.filter(({ method }) => method === "DELETE").length)

describe("rows that are given", () => {
  it.live("can be those of an iterator, which ends once", () =>
    withHost((host) =>
      Effect.gen(function* () {
        yield* endsWith(host, { status: "completed", output: [result("b"), result("a")] })
        const { batch } = yield* HostBatch.run(rows, fast)
        const { responses } = yield* HostBatch.resume(batch.id, { ...fast, rows: hostRows.values() })
        assert.deepStrictEqual(textsOf(responses), ["1 a: It is a", "2 b: It is b"])
      })
    )
  )

  it.live("are the same when the effect is run again", () =>
    withHost((host) =>
      Effect.gen(function* () {
        yield* endsWith(host, { status: "completed", output: [result("b"), result("a")] })
        const { batch } = yield* HostBatch.run(rows, fast)
        const resumed = HostBatch.resume(batch.id, { ...fast, rows: hostRows.values() })
        yield* resumed
        const { responses } = yield* resumed
        assert.deepStrictEqual(textsOf(responses), ["1 a: It is a", "2 b: It is b"])
      })
    )
  )

  it.live("are the same in each run of a stream of results", () =>
    withHost((host) =>
      Effect.gen(function* () {
        yield* endsWith(host, { status: "completed", output: [result("b"), result("a")] })
        const { batch } = yield* HostBatch.run(rows, fast)
        const results = (yield* HostBatch.HostBatch).results(batch, hostRows.values())
        const texts = Effect.map(Stream.runCollect(results), textsOf)
        assert.deepStrictEqual(yield* texts, yield* texts)
      })
    )
  )

  for (const [what, output] of [
    ["the result of a row that was not given", [result("a"), result("b")]],
    ["a line that cannot be read", [result("a"), result("b").slice(0, 40)]]
  ] as const) {
    it.live(`leave files with ${what} at the host`, () =>
      withHost((host) =>
        Effect.gen(function* () {
          yield* endsWith(host, { status: "completed", output })
          const { id } = (yield* HostBatch.run(rows, fast)).batch
          yield* HostBatch.resume(id, { ...fast, rows: hostRows.slice(0, 1), deleteFiles: true })
          assert.strictEqual(yield* deletions(host), 0)
        })
      )
    )
  }
})

describe("a batch of which only some rows are given", () => {
  it.live("is charged for all of them", () =>
    withHost((host) =>
      Effect.gen(function* () {
        const service = yield* HostBatch.HostBatch
        const { id, metadata = {} } = yield* service.submit(yield* service.prepare(rows))
        yield* endsWith(host, { status: "completed", output: [result("a"), result("b"), result("b")], metadata })
        const { responses, surplus } = yield* HostBatch.resume(id, { ...fast, rows: hostRows.slice(0, 1) })
        assert.deepStrictEqual(textsOf(responses), ["1 a: It is a"])
        assert.deepStrictEqual(surplus, { malformed: 0, duplicates: 1, unknown: 1 })
        // Two rows of ten tokens at $0.95 and five at $4 per million, times 0.6.
        assert.deepStrictEqual(yield* stateOf(host.budget), ["total 0.0000354+0/10"])
      })
    )
  )
})

describe("rows that a batch does not have", () => {
  const given = [...hostRows, { id: "x", line: 3 }, { id: "y", line: 4 }]

  const resumed = (count: number, { status = "completed", ...ending }: Partial<Ending> = {}) =>
    withHost((host) =>
      Effect.gen(function* () {
        const service = yield* HostBatch.HostBatch
        const { id, metadata = {} } = yield* service.submit(yield* service.prepare(rows))
        yield* endsWith(host, { status, output: [result("a"), result("b")], metadata, ...ending })
        const rowsOfAnother = given.slice(0, count)
        const exit = yield* Effect.result(HostBatch.resume(id, { ...fast, rows: rowsOfAnother }))
        return { exit, money: yield* stateOf(host.budget) }
      })
    )

  const counts = { completed: 2, failed: 0, total: 2 }

  for (const [what, ending] of [
    ["that has counted its rows", { counts: { completed: 2, failed: 0, total: 3 } }],
    ["that has no counts", {}]
  ] as const) {
    it.live(`fail for a batch ${what}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(Effect.fromResult((yield* resumed(3, ending)).exit))
        assert.deepInclude(error, {
          _tag: "InvalidRequestError",
          message: 'The batch batch-000001 has no row with the id "x"',
          parameter: "rows"
        })
        assert.include(error.hint, "Check that the rows are those of the batch with this id")
      })
    )
  }

  it.live("are counted", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Effect.fromResult((yield* resumed(4, { counts })).exit))
      const message =
        'The batch batch-000001 does not have 2 of the rows that were given, the first of them with the id "x"'
      assert.strictEqual(error.message, message)
    })
  )

  it.live("leave the cost of the batch unsettled", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual((yield* resumed(3)).money, ["total 0+0.00048684/10"])
    })
  )

  it.live("are not those without a result, whose hint is to send them again", () =>
    Effect.gen(function* () {
      const { responses } = yield* Effect.fromResult((yield* resumed(2, { output: [result("b")] })).exit)
      const hints = responses.flatMap((row) => (row._tag === "Failed" ? [row.error.hint] : []))
      assert.deepStrictEqual(hints, ["Send the row again, in another batch or as a single call."])
    })
  )

  it.live("are not those that the host has not run", () =>
    Effect.gen(function* () {
      const { responses } = yield* Effect.fromResult(
        (yield* resumed(2, { status: "expired", output: [result("b")] })).exit
      )
      assert.deepStrictEqual(textsOf(responses), ["1 a: BatchExpiredError", "2 b: It is b"])
    })
  )
})

describe("a batch whose files were deleted", () => {
  for (const options of [{}, { rows: hostRows }]) {
    it.live(`has no results any more, with the options ${JSON.stringify(options)}`, () =>
      withHost(() =>
        Effect.gen(function* () {
          const { batch } = yield* HostBatch.run(rows, { ...fast, deleteFiles: true })
          const error = yield* Effect.flip(HostBatch.resume(batch.id, { ...fast, ...options }))
          assert.deepInclude(error, { _tag: "FileNotFoundError", fileId: `${batch.output_file_id}`, status: 404 })
          assert.include(error.message, `The results of the batch ${batch.id} were deleted at the host`)
          assert.include(error.hint, "Use the outcomes that were collected before the deletion")
        })
      )
    )
  }
})

describe("a file at the host with two lines of one id", () => {
  it.live("has one row for both", () =>
    withHost(({ server }) =>
      Effect.gen(function* () {
        const service = yield* HostBatch.HostBatch
        const batch = yield* service.submit(yield* service.prepare(rows))
        const lines = ["a", "b", "a"].map((id) => JSON.stringify({ custom_id: id, body: {} }))
        yield* server.replyAt("GET /v1/files/file-000001/content", Reply.body(lines.join("\n")))
        const known = (yield* service.rows(batch)).map(({ id, line }) => ({ id, line }))
        assert.deepStrictEqual(known, hostRows)
      })
    )
  )
})

describe("failed rows of a batch", () => {
  const downloads = ({ server }: Host) =>
    Effect.map(
      server.requests,
      (requests) => requests.filter(({ path }) => path === "/v1/files/file-000001/content").length
    )

  const refused = (id: string, message: string): string =>
    JSON.stringify({
      custom_id: id,
      response: { status_code: 400, body: { error: { type: "content_filter", message } } },
      error: null
    })

  /** The downloads of the input for the ids, and for the requests of failed rows. */
  const downloadsFor = (count: number, message: string) =>
    withHost((host) =>
      Effect.gen(function* () {
        const many = Array.from({ length: count }, (_, index) => rowOf(`row ${index}`))
        const service = yield* HostBatch.HostBatch
        const { id } = yield* service.submit(yield* service.prepare(many))
        yield* endsWith(host, { status: "completed", errors: many.map((row) => refused(row.id, message)) })
        const { progress } = yield* HostBatch.resume(id, fast)
        assert.deepInclude(progress, { done: count, failed: count })
        return yield* downloads(host)
      })
    )

  it.live("need one download of the input for their requests", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* downloadsFor(2_500, "high risk"), 2)
    })
  )

  it.live("need another one when they would not fit into memory", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* downloadsFor(3, "x".repeat(9 * 1024 * 1024)), 3)
    })
  )
})

describe("a batch whose input was deleted at the host", () => {
  const notFound = ErrorReply.make(404, "resource_not_found_error", "not found")

  const collected = (ending: Ending) =>
    withHost((host) =>
      Effect.gen(function* () {
        const service = yield* HostBatch.HostBatch
        const { id } = yield* service.submit(yield* service.prepare([rowOf("a"), rowOf("b"), rowOf("c")]))
        yield* endsWith(host, ending)
        yield* host.server.replyAt("GET /v1/files/file-000001/content", notFound)
        return yield* HostBatch.resume(id, fast)
      })
    )

  const refused = JSON.stringify({ custom_id: "c", response: null, error: { code: "server_error", message: "oops" } })

  it.live("has the rows with a result, in the order of the results", () =>
    Effect.gen(function* () {
      const output = [result("b"), result("b", "again"), result("a")]
      const { responses, surplus } = yield* collected({ status: "completed", output, errors: [refused] })
      assert.deepStrictEqual(textsOf(responses), ["1 b: It is b", "2 a: It is a", "3 c: ServerError"])
      assert.deepStrictEqual(surplus, { malformed: 0, duplicates: 1, unknown: 0 })
    })
  )

  it.live("prices its rows by the model of the results", () =>
    Effect.gen(function* () {
      const { responses } = yield* collected({ status: "completed", output: [result("a")] })
      // Ten tokens at $0.95 and five at $4 per million, times 0.6. The model of the configuration costs more.
      const costs = responses.map(({ cost }) => Option.map(cost, ({ total }) => BigDecimal.format(total)))
      assert.deepStrictEqual(costs, [Option.some("0.0000177")])
    })
  )

  it.live("fails while its results lack answers that the host has counted", () =>
    Effect.gen(function* () {
      const counts = { completed: 3, failed: 0, total: 3 }
      const error = yield* Effect.flip(collected({ status: "completed", output: [result("a")], counts }))
      assert.strictEqual(error._tag, "InvalidResponseError")
      assert.include(error.message, "at least 2 answers are missing")
      assert.notInclude(error.hint, "HostBatchJob")
    })
  )

  it.live("fails if it has no results either", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(collected({ status: "expired" }))
      assert.deepInclude(error, { _tag: "FileNotFoundError", fileId: "file-000001" })
      assert.include(error.hint, "HostBatch.resume with the option rows")
    })
  )
})
