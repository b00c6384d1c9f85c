import { assert, describe, it } from "@effect/vitest"
import { ErrorReply } from "@kimi-effect/testing"
import { Effect, Stream } from "effect"
import type * as Files from "../../src/files/Files.ts"
import { withFiles } from "./support/files.ts"

const line = '{"custom_id":"a"}\n'
const png = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 1, 2, 3])

const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes)

const piecesOf = (...texts: ReadonlyArray<string>): Stream.Stream<Uint8Array> =>
  Stream.fromIterable(texts.map((one) => new TextEncoder().encode(one)))

for (const http of ["undici", "fetch"] as const) {
  describe(`Files.upload over ${http}`, () => {
    const uploaded = <E>(file: Files.Upload<E>) =>
      withFiles(
        (files, server) =>
          Effect.gen(function* () {
            const stored = yield* files.upload(file)
            const [request] = yield* server.requests
            const part = (name: string) => request?.form?.find((one) => one.name === name)
            return { stored, request, file: part("file"), purpose: text(part("purpose")?.bytes) }
          }),
        { http }
      )

    it.live("stores a text", () =>
      Effect.gen(function* () {
        const { file, purpose, stored } = yield* uploaded({ purpose: "batch", content: line })
        assert.strictEqual(purpose, "batch")
        assert.strictEqual(text(file?.bytes), line)
        assert.deepInclude(stored, { bytes: line.length, filename: "batch.jsonl", purpose: "batch" })
      })
    )

    it.live("stores bytes", () =>
      Effect.gen(function* () {
        const { file } = yield* uploaded({ purpose: "image", content: png })
        assert.deepStrictEqual(Uint8Array.from(file?.bytes ?? []), png)
      })
    )

    it.live("stores a blob of several pieces", () =>
      Effect.gen(function* () {
        const content = new Blob(["x".repeat(100_000), "y".repeat(100_000)])
        const { file } = yield* uploaded({ purpose: "file-extract", filename: "a.txt", content })
        assert.strictEqual(text(file?.bytes), "x".repeat(100_000) + "y".repeat(100_000))
      })
    )

    it.live("stores a stream whose size is not known", () =>
      Effect.gen(function* () {
        const { file } = yield* uploaded({ purpose: "batch", content: piecesOf("one\n", "two\n") })
        assert.strictEqual(text(file?.bytes), "one\ntwo\n")
      })
    )

    it.live("stores a stream whose size is given", () =>
      Effect.gen(function* () {
        const { file } = yield* uploaded({ purpose: "batch", content: piecesOf("one\n", "two\n"), size: 8 })
        assert.strictEqual(text(file?.bytes), "one\ntwo\n")
      })
    )

    it.live("sends its API key", () =>
      Effect.gen(function* () {
        const { request } = yield* uploaded({ purpose: "batch", content: line })
        assert.match(request?.headers["authorization"] ?? "", /^Bearer sk-test-/)
      })
    )

    it.live("can use the service again after a failed upload", () =>
      withFiles(
        (files, server) =>
          Effect.gen(function* () {
            yield* server.replyAt("POST /v1/files", ErrorReply.table.fileTooLarge)
            yield* Effect.flip(files.upload({ purpose: "batch", content: "x".repeat(1_000_000) }))
            assert.deepStrictEqual(yield* files.list(), [])
          }),
        { http }
      )
    )
  })
}

describe("the name of an upload", () => {
  const named = <E>(file: Files.Upload<E>) =>
    withFiles((files, server) =>
      Effect.gen(function* () {
        yield* files.upload(file)
        const [request] = yield* server.requests
        return request?.form?.find(({ name }) => name === "file")
      })
    )

  it.live("is sent with quotes escaped", () =>
    Effect.gen(function* () {
      const part = yield* named({ purpose: "file-extract", filename: 'a "b".txt', content: "x" })
      assert.strictEqual(part?.filename, 'a "b".txt')
    })
  )

  it.live("cannot add a header", () =>
    Effect.gen(function* () {
      const part = yield* named({ purpose: "file-extract", filename: "a.txt\r\nX-Evil: 1", content: "x" })
      assert.strictEqual(part?.filename, "a.txt\r\nX-Evil: 1")
      assert.strictEqual(part?.contentType, "application/octet-stream")
    })
  )

  it.live("is that of a File by default", () =>
    Effect.gen(function* () {
      const content = new File(["x"], "report.pdf", { type: "application/pdf" })
      const part = yield* named({ purpose: "file-extract", content })
      assert.strictEqual(part?.filename, "report.pdf")
      assert.strictEqual(part?.contentType, "application/pdf")
    })
  )

  it.live("follows the format of an image by default", () =>
    Effect.gen(function* () {
      const part = yield* named({ purpose: "image", content: png })
      assert.strictEqual(part?.filename, "image.png")
      assert.strictEqual(part?.contentType, "image/png")
    })
  )
})

describe("the progress of an upload", () => {
  it.live("counts the bytes that the host has taken", () =>
    withFiles((files) =>
      Effect.gen(function* () {
        const seen: Array<Files.Progress> = []
        yield* files.upload({
          purpose: "file-extract",
          filename: "a.txt",
          content: new Uint8Array(150_000),
          onProgress: (progress) => Effect.sync(() => void seen.push(progress))
        })
        assert.deepStrictEqual(
          seen,
          [65_536, 131_072, 150_000].map((sent) => ({ sent, total: 150_000 }))
        )
      })
    )
  )

  it.live("may be counted by a listener that returns nothing", () =>
    withFiles((files) =>
      Effect.gen(function* () {
        const seen: Array<number> = []
        const onProgress = ({ sent }: Files.Progress) => void seen.push(sent)
        yield* files.upload({
          purpose: "file-extract",
          filename: "a.txt",
          content: new Uint8Array(3),
          onProgress: onProgress as unknown as () => Effect.Effect<void>
        })
        assert.deepStrictEqual(seen, [3])
      })
    )
  )

  it.live("has no total for a stream without a size", () =>
    withFiles((files) =>
      Effect.gen(function* () {
        const seen: Array<Files.Progress> = []
        yield* files.upload({
          purpose: "batch",
          content: piecesOf("one\n", "two\n"),
          onProgress: (progress) => Effect.sync(() => void seen.push(progress))
        })
        assert.deepStrictEqual(seen, [
          { sent: 4, total: undefined },
          { sent: 8, total: undefined }
        ])
      })
    )
  )
})

describe("an upload of a wrong type", () => {
  it.live.each([
    ["nothing", undefined, "file"],
    ["null as content", { purpose: "batch", content: null }, "content"],
    ["a list as content", { purpose: "batch", content: [1, 2] }, "content"],
    ["a number as filename", { purpose: "batch", content: "{}", filename: 7 }, "filename"]
  ] as const)("fails for %s", ([, upload, parameter]) =>
    withFiles((files, server) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(files.upload(upload as never))
        assert(error._tag === "InvalidRequestError")
        assert.strictEqual(error.parameter, parameter)
        assert.lengthOf(yield* server.requests, 0)
      })
    )
  )
})
