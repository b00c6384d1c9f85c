import { assert, describe, it } from "@effect/vitest"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import { ErrorReply, Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import { Context, Effect, Layer, Redacted, Stream } from "effect"
import * as BatchApi from "../../src/batch/BatchApi.ts"
import * as Files from "../../src/files/Files.ts"
import * as HostApi from "../../src/HostApi.ts"
import * as UndiciHttpClient from "../../src/node/UndiciHttpClient.ts"
import { providers } from "../../src/Provider.ts"

const lineOf = (id: string, model = "kimi-k2.6", content = "Hello"): string =>
  JSON.stringify({
    custom_id: id,
    method: "POST",
    url: "/v1/chat/completions",
    body: { model, messages: [{ role: "user", content }] }
  })

interface Host {
  readonly batches: BatchApi.BatchApi["Service"]
  readonly files: Files.Files["Service"]
  readonly server: MockServer.MockServer["Service"]
}

const withHost = <A, E>(test: (host: Host) => Effect.Effect<A, E>, options?: MockServer.Options) =>
  Effect.scoped(
    Effect.gen(function* () {
      const server = yield* MockServer.make(options)
      const context = yield* Layer.mergeAll(BatchApi.layer(), Files.layer()).pipe(
        Layer.provide(HostApi.layerHttp),
        Layer.provide(UndiciHttpClient.layer),
        Layer.provide(KimiConfig.layer({ apiKey: Redacted.make("sk-test-0123456789abcdef"), baseUrl: server.url })),
        Layer.build
      )
      return yield* test({
        batches: Context.get(context, BatchApi.BatchApi),
        files: Context.get(context, Files.Files),
        server
      })
    })
  )

const start = ({ batches, files }: Host, ...lines: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const { id } = yield* files.upload({ purpose: "batch", content: lines.join("\n") })
    return yield* batches.create({ inputFileId: id })
  })

/** The statuses until the batch has ended, and its last state. */
const follow = ({ batches }: Host, id: string) =>
  Effect.gen(function* () {
    const statuses: Array<string> = []
    for (;;) {
      const batch = yield* batches.get(id)
      statuses.push(batch.status)
      if (BatchApi.isFinal(batch)) return { batch, statuses }
    }
  })

const idsOf = (text: string): ReadonlyArray<string> =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).custom_id)

describe("a batch", () => {
  it.live("goes through the states of the host", () =>
    withHost((host) =>
      Effect.gen(function* () {
        const created = yield* start(host, lineOf("a"), lineOf("b"))
        const { batch, statuses } = yield* follow(host, created.id)
        assert.deepStrictEqual(
          [created.status, ...statuses],
          ["validating", "in_progress", "in_progress", "finalizing", "completed"]
        )
        assert.deepStrictEqual(batch.request_counts, { completed: 2, failed: 0, total: 2 })
      })
    )
  )

  it.live("has the results of its lines in another order", () =>
    withHost((host) =>
      Effect.gen(function* () {
        const created = yield* start(host, lineOf("a"), lineOf("b"), lineOf("c"))
        const { batch } = yield* follow(host, created.id)
        const output = yield* host.files.text(batch.output_file_id ?? "")
        assert.deepStrictEqual(idsOf(output), ["c", "b", "a"])
        assert.deepInclude(JSON.parse(output.split("\n")[0] ?? "").response, { status_code: 200 })
      })
    )
  )

  it.live("has the lines that failed in a separate file", () =>
    withHost((host) =>
      Effect.gen(function* () {
        yield* host.server.reply(Reply.text("one"), ErrorReply.table.contentFilter)
        const created = yield* start(host, lineOf("a"), lineOf("b"))
        const { batch } = yield* follow(host, created.id)
        assert.deepStrictEqual(batch.request_counts, { completed: 1, failed: 1, total: 2 })
        assert.deepStrictEqual(idsOf(yield* host.files.text(batch.output_file_id ?? "")), ["a"])
        assert.deepStrictEqual(idsOf(yield* host.files.text(batch.error_file_id ?? "")), ["b"])
      })
    )
  )

  for (const [name, lines] of [
    ["two models", [lineOf("a"), lineOf("b", "kimi-k2.7-code")]],
    ["a model without batches", [lineOf("a", "kimi-k3")]],
    ["the same id twice", [lineOf("a"), lineOf("a")]],
    ["a line that is no JSON", [lineOf("a"), "{"]],
    ["a fixed parameter", [lineOf("a").replace('"messages"', '"temperature":1,"messages"')]]
  ] as ReadonlyArray<readonly [string, ReadonlyArray<string>]>) {
    it.live(`fails as a whole for ${name}`, () =>
      withHost((host) =>
        Effect.gen(function* () {
          const created = yield* start(host, ...lines)
          const { batch, statuses } = yield* follow(host, created.id)
          assert.deepStrictEqual(statuses, ["failed"])
          assert.isUndefined(batch.output_file_id)
        })
      )
    )
  }

  it.live("has the results so far when it is cancelled", () =>
    withHost((host) =>
      Effect.gen(function* () {
        const { id } = yield* start(host, lineOf("a"), lineOf("b"))
        yield* host.batches.get(id)
        yield* host.batches.get(id)
        assert.strictEqual((yield* host.batches.cancel(id)).status, "cancelling")
        const { batch } = yield* follow(host, id)
        assert.strictEqual(batch.status, "cancelled")
        assert.deepStrictEqual(idsOf(yield* host.files.text(batch.output_file_id ?? "")), ["a"])
      })
    )
  )

  it.live("is billed at the price of batches", () =>
    withHost((host) =>
      Effect.gen(function* () {
        yield* host.server.replyAlways(Reply.text("yes", { usage: { prompt_tokens: 10, completion_tokens: 5 } }))
        const { id } = yield* start(host, lineOf("a"), lineOf("b"))
        yield* follow(host, id)
        const { batches, billed } = yield* host.server.ledger
        assert.deepStrictEqual(batches, [
          {
            id,
            model: "kimi-k2.6",
            status: "completed",
            billed: { prompt_tokens: 20, cached_tokens: 0, completion_tokens: 10 },
            priceFactor: 0.6
          }
        ])
        assert.strictEqual(billed.prompt_tokens, 0)
      })
    )
  )
})

describe("BatchApi.create", () => {
  it.live("sends the window in hours", () =>
    withHost((host) =>
      Effect.gen(function* () {
        const { id } = yield* host.files.upload({ purpose: "batch", content: lineOf("a") })
        const metadata = { job: "nightly" }
        const batch = yield* host.batches.create({ inputFileId: id, completionWindow: "3 days", metadata })
        assert.strictEqual(batch.completion_window, "72h")
        assert.deepStrictEqual(batch.metadata, metadata)
      })
    )
  )

  for (const [name, options, parameter] of [
    ["a window that is too short", { completionWindow: "11 hours" }, "completionWindow"],
    ["a window that is too long", { completionWindow: "169 hours" }, "completionWindow"],
    ["a window with minutes", { completionWindow: "750 minutes" }, "completionWindow"],
    ["too much metadata", { metadata: { a: "x".repeat(513) } }, "metadata"],
    ["metadata that is no text", { metadata: { a: null as never } }, "metadata"]
  ] as ReadonlyArray<readonly [string, Omit<BatchApi.CreateOptions, "inputFileId">, string]>) {
    it.live(`refuses ${name} without a request`, () =>
      withHost(({ batches, server }) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(batches.create({ inputFileId: "f", ...options }))
          assert.deepInclude(error, { _tag: "InvalidRequestError", parameter })
          assert.deepStrictEqual(yield* server.requests, [])
        })
      )
    )
  }

  it.live("fails for a file that does not exist", () =>
    withHost(({ batches }) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(batches.create({ inputFileId: "no-such-file" }))
        assert.deepInclude(error, { _tag: "InvalidRequestError", status: 400 })
      })
    )
  )
})

describe("a batch that does not exist", () => {
  for (const operation of ["get", "cancel"] as const) {
    it.live(`is a BatchNotFoundError: ${operation}`, () =>
      withHost(({ batches }) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(batches[operation]("no/../batch"))
          assert.deepInclude(error, { _tag: "BatchNotFoundError", batchId: "no/../batch", status: 404 })
        })
      )
    )
  }
})

describe("the id of a batch", () => {
  it.effect.each(["", "..", "%2e", undefined] as ReadonlyArray<string>)("is refused if it is %j", (id) =>
    withHost(({ batches, server }) =>
      Effect.gen(function* () {
        for (const call of [batches.get(id), batches.cancel(id)]) {
          assert.deepInclude(yield* Effect.flip(call), { _tag: "InvalidRequestError", parameter: "batchId" })
        }
        const created = yield* Effect.flip(batches.create({ inputFileId: (id === ".." ? 7 : "") as string }))
        assert.deepInclude(created, { _tag: "InvalidRequestError", parameter: "inputFileId" })
        assert.lengthOf(yield* server.requests, 0)
      })
    )
  )
})

describe("BatchApi.cancel", () => {
  it.live("fails for a batch that has ended", () =>
    withHost((host) =>
      Effect.gen(function* () {
        const { id } = yield* start(host, lineOf("a"))
        yield* follow(host, id)
        assert.deepInclude(yield* Effect.flip(host.batches.cancel(id)), { _tag: "InvalidRequestError", status: 400 })
      })
    )
  )
})

describe("the list of batches", () => {
  const three = (test: (host: Host, ids: ReadonlyArray<string>) => Effect.Effect<void, unknown>) =>
    withHost((host) =>
      Effect.gen(function* () {
        const ids: Array<string> = []
        for (const name of ["a", "b", "c"]) ids.unshift((yield* start(host, lineOf(name))).id)
        yield* test(host, ids)
      })
    )

  it.live("is returned in pages", () =>
    three(({ batches }, [newest, middle, oldest]) =>
      Effect.gen(function* () {
        const first = yield* batches.list({ limit: 2 })
        assert.deepStrictEqual([first.batches.map(({ id }) => id), first.hasMore], [[newest, middle], true])
        const second = yield* batches.list({ limit: 2, after: middle })
        assert.deepStrictEqual([second.batches.map(({ id }) => id), second.hasMore], [[oldest], false])
      })
    )
  )

  it.live("is read to its end", () =>
    three(({ batches, server }, ids) =>
      Effect.gen(function* () {
        // The host allows small pages only.
        yield* server.replyAt("GET /v1/batches", ({ query }) => {
          const after = new URLSearchParams(query).get("after")
          const next = ids[after === null ? 0 : ids.indexOf(after) + 1] ?? ""
          const data = [{ id: next, endpoint: "e", input_file_id: "f", completion_window: "24h", status: "completed" }]
          return Reply.json({ object: "list", data, has_more: next !== ids.at(-1) })
        })
        const all = yield* Stream.runCollect(batches.listAll)
        assert.deepStrictEqual(
          all.map(({ id }) => id),
          ids
        )
      })
    )
  )

  for (const count of [1, 2, 3, 7]) {
    it.live(`fails when ${count === 1 ? "a page repeats" : `${count} pages repeat`}`, () =>
      withHost(({ batches, server }) =>
        Effect.gen(function* () {
          let asked = 0
          yield* server.replyAt("GET /v1/batches", () => {
            asked += 1
            const id = asked < 4 ? `first-${asked}` : `${asked % count}`
            const batch = { id, endpoint: "e", input_file_id: "f", completion_window: "24h", status: "completed" }
            return Reply.json({ object: "list", data: [batch], has_more: true })
          })
          const error = yield* Effect.flip(Stream.runDrain(batches.listAll))
          assert.strictEqual(error._tag, "InvalidResponseError")
          assert.isBelow(asked, 30)
        })
      )
    )
  }
})

describe("a host without batches", () => {
  it.effect("fails with UnsupportedOperationError", () =>
    Effect.gen(function* () {
      const batches = yield* BatchApi.make()
      assert.strictEqual((yield* Effect.flip(batches.get("b")))._tag, "UnsupportedOperationError")
    }).pipe(Effect.provideService(HostApi.HostApi, HostApi.unsupported(providers.together)))
  )
})
