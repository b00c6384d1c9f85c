import { existsSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { ErrorReply, Fault, Reply } from "@kimi-effect/testing"
import { Effect } from "effect"
import * as HostBatchJob from "../../src/node/HostBatchJob.ts"
import { type Job, lineOf, uploads, withJob } from "./support/hostJob/job.ts"

const two = ["a", "b"].map((id) => lineOf(id))

const creation = "POST /v1/batches"
const listing = "GET /v1/batches"
const lost = Reply.withFault(Fault.ResetBeforeHeaders())(Reply.defaultReply)
const empty = Reply.json({ object: "list", data: [], has_more: false })
const notFound = ErrorReply.make(404, "resource_not_found_error", "not found")

const run = ({ files }: Job) => HostBatchJob.run({ ...files, mode: "host" })

const isKept = ({ files }: Job): boolean => existsSync(`${files.output}.host.json`)

/** The rows are sent once, regardless of what came before. */
const isSentOnce = (job: Job) =>
  Effect.gen(function* () {
    for (const route of [creation, listing, "POST /v1/files", "GET /v1/files", "GET /v1/files/file-000001"]) {
      yield* job.server.replyAt(route, () => Reply.defaultReply)
    }
    assert.deepInclude(yield* run(job), { answered: 2 })
    assert.lengthOf(yield* uploads(job.server), 1)
    assert.lengthOf((yield* job.server.ledger).batches, 1)
  })

/** The host accepts the creation, and this program does not get to know. */
const begin = (job: Job) =>
  Effect.gen(function* () {
    yield* job.server.replyAt(creation, lost)
    yield* job.server.replyAt(listing, ErrorReply.table.invalidAuthentication)
    yield* Effect.flip(run(job))
    assert.isTrue(isKept(job))
  })

const creations = ({ server }: Job) =>
  Effect.map(
    server.requests,
    (requests) => requests.filter(({ method, path }) => `${method} ${path}` === creation).length
  )

describe("a submission whose batch may have been created", () => {
  it.live("is kept when it is continued with the key of another account", () =>
    withJob(two, (job) =>
      Effect.gen(function* () {
        yield* begin(job)
        const before = yield* creations(job)
        yield* job.server.replyAt(listing, empty)
        yield* job.server.replyAt("GET /v1/files/file-000001", notFound)
        yield* job.server.replyAt(creation, notFound)
        const error = yield* Effect.flip(run(job))
        assert.strictEqual(error._tag, "InvalidRequestError")
        assert.include(error.message, "probably of another account")
        assert.strictEqual(yield* creations(job), before)
        assert.isTrue(isKept(job))
        yield* isSentOnce(job)
      })
    )
  )

  it.live("is kept when the host refuses the batch that another process has begun", () =>
    withJob(two, (job) =>
      Effect.gen(function* () {
        yield* begin(job)
        yield* job.server.replyAt(listing, empty)
        yield* job.server.replyAt(creation, ErrorReply.table.invalidRequest)
        yield* Effect.flip(run(job))
        assert.isTrue(isKept(job))
        yield* isSentOnce(job)
      })
    )
  )

  it.live("is kept when the host refuses a second creation", () =>
    withJob(two, (job) =>
      Effect.gen(function* () {
        let count = 0
        yield* job.server.replyAt(listing, empty)
        yield* job.server.replyAt(creation, () => ((count += 1) === 1 ? lost : ErrorReply.table.quotaSuspended))
        const error = yield* Effect.flip(run(job))
        assert.strictEqual(error._tag, "QuotaExceededError")
        assert.isTrue(isKept(job))
        yield* isSentOnce(job)
      })
    )
  )

  const page = Reply.body("<html>blocked</html>", { status: 403, headers: { "content-type": "text/html" } })
  for (const [name, reply] of [
    ["a redirect", Reply.json({}, { status: 302 })],
    ["a proxy that demands authentication", Reply.json({}, { status: 407 })],
    ["a page of a gateway", page]
  ] as const) {
    it.live(`is kept after ${name}`, () =>
      withJob(two, (job) =>
        Effect.gen(function* () {
          yield* job.server.replyAt(creation, reply)
          yield* Effect.flip(run(job))
          assert.isTrue(isKept(job))
          yield* isSentOnce(job)
        })
      )
    )
  }
})

describe("a submission whose file may have been uploaded", () => {
  it.live("is kept when the search for it fails", () =>
    withJob(two, (job) =>
      Effect.gen(function* () {
        yield* job.server.replyAt("POST /v1/files", lost)
        yield* job.server.replyAt("GET /v1/files", ErrorReply.table.badGateway)
        yield* Effect.flip(run(job))
        assert.isTrue(isKept(job))
        yield* isSentOnce(job)
      })
    )
  )
})
