import { assert, describe, it } from "@effect/vitest"
import { ErrorReply, Reply } from "@kimi-effect/testing"
import { Effect, Layer, Stream } from "effect"
import * as Files from "../../src/files/Files.ts"
import * as HostApi from "../../src/HostApi.ts"
import { providers } from "../../src/Provider.ts"
import { withFiles } from "./support/files.ts"

const line = '{"custom_id":"a"}\n'
const png = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 1, 2, 3])

const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes)

describe("Files.list", () => {
  const two = (test: (files: Files.Files["Service"]) => Effect.Effect<void, unknown>) =>
    withFiles((files) =>
      Effect.gen(function* () {
        yield* files.upload({ purpose: "batch", content: line })
        yield* files.upload({ purpose: "image", content: png })
        yield* test(files)
      })
    )

  it.live("returns every file", () =>
    two((files) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(
          (yield* files.list()).map(({ purpose }) => purpose),
          ["batch", "image"]
        )
      })
    )
  )

  it.live("returns the files of one purpose", () =>
    two((files) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(
          (yield* files.list("image")).map(({ purpose }) => purpose),
          ["image"]
        )
      })
    )
  )
})

describe("the content of a file", () => {
  it.live("is the extracted text", () =>
    withFiles((files) =>
      Effect.gen(function* () {
        const { id } = yield* files.upload({ purpose: "file-extract", content: "Grüße" })
        assert.strictEqual(yield* files.text(id), "Grüße")
      })
    )
  )

  it.live("is the bytes of a batch", () =>
    withFiles((files) =>
      Effect.gen(function* () {
        const { id } = yield* files.upload({ purpose: "batch", content: line })
        const pieces = yield* Stream.runCollect(files.content(id))
        assert.strictEqual(text(Buffer.concat(pieces)), line)
      })
    )
  )

  it.live("ends with an error above the limit", () =>
    withFiles((files) =>
      Effect.gen(function* () {
        const { id } = yield* files.upload({ purpose: "batch", content: line.repeat(10) })
        const error = yield* Effect.flip(Stream.runDrain(files.content(id, { maxBytes: 20 })))
        assert.deepInclude(error, { _tag: "ResponseTooLargeError", limit: 20 })
      })
    )
  )

  it.live("is refused for an image", () =>
    withFiles((files) =>
      Effect.gen(function* () {
        const { id } = yield* files.upload({ purpose: "image", content: png })
        assert.strictEqual((yield* Effect.flip(files.text(id)))._tag, "InvalidRequestError")
      })
    )
  )
})

describe("a file that does not exist", () => {
  const missing = "file of nobody/../x"

  for (const [name, run] of [
    ["get", (files) => files.get(missing)],
    ["text", (files) => files.text(missing)],
    ["content", (files) => Stream.runDrain(files.content(missing))],
    ["awaitReady", (files) => files.awaitReady(missing)],
    ["delete", (files) => files.delete(missing)]
  ] as ReadonlyArray<readonly [string, (files: Files.Files["Service"]) => Effect.Effect<unknown, unknown>]>) {
    it.live(`fails with FileNotFoundError: ${name}`, () =>
      withFiles((files) =>
        Effect.gen(function* () {
          assert.deepInclude(yield* Effect.flip(run(files)), {
            _tag: "FileNotFoundError",
            fileId: missing,
            status: 404
          })
        })
      )
    )
  }

  it.live("can be ignored when it is deleted", () =>
    withFiles((files) => files.delete(missing, { ignoreMissing: true }))
  )
})

describe("Files.delete", () => {
  it.live("removes the file", () =>
    withFiles((files) =>
      Effect.gen(function* () {
        const { id } = yield* files.upload({ purpose: "batch", content: line })
        yield* files.delete(id)
        assert.deepStrictEqual(yield* files.list(), [])
      })
    )
  )
})

describe("Files.deleteAll", () => {
  it.live("removes the selected files", () =>
    withFiles((files) =>
      Effect.gen(function* () {
        yield* files.upload({ purpose: "batch", content: line })
        yield* files.upload({ purpose: "image", content: png })
        const deleted = yield* files.deleteAll(({ purpose }) => purpose === "batch")
        assert.strictEqual(deleted.length, 1)
        assert.deepStrictEqual(
          (yield* files.list()).map(({ purpose }) => purpose),
          ["image"]
        )
      })
    )
  )

  it.live("ignores a file that has gone", () =>
    withFiles((files, server) =>
      Effect.gen(function* () {
        const { id } = yield* files.upload({ purpose: "batch", content: line })
        yield* server.replyAt(`DELETE /v1/files/${id}`, ErrorReply.make(404, "resource_not_found_error", "no file"))
        assert.strictEqual((yield* files.deleteAll(() => true)).length, 1)
      })
    )
  )
})

describe("Files.awaitReady", () => {
  const file = { id: "f", object: "file", bytes: 1, created_at: 1, filename: "a.pdf", purpose: "file-extract" }

  it.live("asks until the file is ready", () =>
    withFiles((files, server) =>
      Effect.gen(function* () {
        const statuses = ["pending", "parsing", "ready"]
        yield* server.replyAt("GET /v1/files/f", () => Reply.json({ ...file, status: statuses.shift() ?? "ready" }))
        assert.strictEqual((yield* files.awaitReady("f", { interval: "1 millis" })).status, "ready")
        assert.strictEqual((yield* server.requests).length, 3)
      })
    )
  )

  it.live("fails when the host could not process the file", () =>
    withFiles((files, server) =>
      Effect.gen(function* () {
        yield* server.replyAt("GET /v1/files/f", Reply.json({ ...file, status: "error" }))
        const error = yield* Effect.flip(files.awaitReady("f"))
        assert.deepInclude(error, { _tag: "FileProcessingError", fileId: "f", state: "error" })
      })
    )
  )
})

describe("a host without files", () => {
  const unsupported = Files.layer().pipe(
    Layer.provide(Layer.succeed(HostApi.HostApi, HostApi.unsupported(providers.together)))
  )

  it.effect("fails with UnsupportedOperationError", () =>
    Effect.gen(function* () {
      const files = yield* Files.Files
      assert.strictEqual((yield* Effect.flip(files.list()))._tag, "UnsupportedOperationError")
      const error = yield* Effect.flip(files.upload({ purpose: "batch", content: line }))
      assert.strictEqual(error._tag, "UnsupportedOperationError")
    }).pipe(Effect.provide(unsupported))
  )
})

describe("the options of Files", () => {
  it.effect("are checked when the layer is built", () =>
    Effect.gen(function* () {
      const error = yield* Files.make({ idleTimeout: 0, maxFileBytes: 1.5 }).pipe(
        Effect.provideService(HostApi.HostApi, HostApi.unsupported(providers.moonshot)),
        Effect.flip
      )
      assert.strictEqual(error._tag, "ConfigurationError")
      assert.include(error.message, "Files idleTimeout")
      assert.include(error.message, "Files maxFileBytes")
    })
  )
})

describe("the id of a file", () => {
  // An empty one would be the path of all files.
  it.live.each(["", undefined, 7])("is refused as %s", (id) =>
    withFiles((files, server) =>
      Effect.gen(function* () {
        for (const call of [files.get, files.text, files.delete]) {
          const error = yield* Effect.flip<unknown, { readonly _tag: string }, never>(call(id as never))
          assert.strictEqual(error._tag, "InvalidRequestError")
        }
        assert.lengthOf(yield* server.requests, 0)
      })
    )
  )
})
