import { assert, describe, it } from "@effect/vitest"
import { ErrorReply, Fault, Reply } from "@kimi-effect/testing"
import { Effect, Stream } from "effect"
import type * as Files from "../../src/files/Files.ts"
import { key, type Setting, withFiles } from "./support/files.ts"

const line = '{"custom_id":"a"}\n'

/** The error of an upload, and how many requests the host received. */
const refused = <E>(file: Files.Upload<E>, setting?: Setting) =>
  withFiles(
    (files, server) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(files.upload(file))
        return { error, requests: (yield* server.requests).length }
      }),
    setting
  )

describe("an upload that the host would refuse", () => {
  const cases: ReadonlyArray<readonly [name: string, file: Files.Upload, error: object, files?: Files.Options]> = [
    ["a text that is empty", { purpose: "batch", content: "" }, { _tag: "InvalidRequestError", parameter: "content" }],
    [
      "a blob that is empty",
      { purpose: "file-extract", filename: "a.txt", content: new Blob([]) },
      { _tag: "InvalidRequestError", parameter: "content" }
    ],
    [
      "bytes above the limit",
      { purpose: "batch", content: new Uint8Array(11) },
      { _tag: "RequestTooLargeError" },
      { maxFileBytes: 10 }
    ],
    [
      "a stream whose size is above the limit",
      { purpose: "batch", content: Stream.never, size: 11 },
      { _tag: "RequestTooLargeError" },
      { maxFileBytes: 10 }
    ],
    [
      "a batch with another suffix",
      { purpose: "batch", filename: "a.json", content: line },
      { _tag: "InvalidRequestError", parameter: "filename" }
    ],
    [
      "bytes to extract without a name",
      { purpose: "file-extract", content: new Uint8Array(1) },
      { _tag: "InvalidRequestError", parameter: "filename" }
    ],
    [
      "an SVG as an image",
      { purpose: "image", filename: "a.png", content: "<svg/>" },
      { _tag: "UnsupportedMediaError", parameter: "content" }
    ],
    [
      "an image as a video",
      { purpose: "video", content: Uint8Array.from([0xff, 0xd8, 0xff, 0xe0]) },
      { _tag: "UnsupportedMediaError", parameter: "content" }
    ],
    [
      "a stream of images with another suffix",
      { purpose: "image", filename: "a.svg", content: Stream.never },
      { _tag: "UnsupportedMediaError", parameter: "content" }
    ],
    [
      "an unknown purpose",
      { purpose: JSON.parse('"lambda"'), content: line },
      { _tag: "InvalidRequestError", parameter: "purpose" }
    ],
    [
      "a media type with a line break",
      { purpose: "batch", content: line, mimeType: "a/b\r\nx: y" },
      { _tag: "InvalidRequestError", parameter: "mimeType" }
    ],
    [
      "a size that is no number of bytes",
      { purpose: "batch", content: Stream.never, size: -1 },
      { _tag: "InvalidRequestError", parameter: "size" }
    ]
  ]

  for (const [name, file, expected, files] of cases) {
    it.live(`is not sent: ${name}`, () =>
      Effect.gen(function* () {
        const { error, requests } = yield* refused(file, files === undefined ? {} : { files })
        assert.deepInclude(error, expected)
        assert.strictEqual(requests, 0)
      })
    )
  }
})

for (const http of ["undici", "fetch"] as const) {
  describe(`the content of an upload over ${http}`, () => {
    it.live("fails the upload with its own error", () =>
      Effect.gen(function* () {
        const content = Stream.concat(Stream.make(new Uint8Array(10)), Stream.fail("disk failure" as const))
        const { error } = yield* refused({ purpose: "batch", content }, { http })
        assert.strictEqual(error, "disk failure")
      })
    )

    it.live("is not sent above the limit", () =>
      Effect.gen(function* () {
        const content = Stream.forever(Stream.make(new Uint8Array(10)))
        const { error, requests } = yield* refused({ purpose: "batch", content }, { http, files: { maxFileBytes: 35 } })
        assert.strictEqual(typeof error === "object" && error._tag, "RequestTooLargeError")
        assert.strictEqual(requests, 0)
      })
    )

    it.live("may have exactly the size of the limit", () =>
      withFiles(
        (files) =>
          Effect.gen(function* () {
            const content = Stream.fromIterable([new Uint8Array(20), new Uint8Array(15)])
            assert.strictEqual((yield* files.upload({ purpose: "batch", content })).bytes, 35)
          }),
        { http, files: { maxFileBytes: 35 } }
      )
    )

    it.live("must not be an empty stream", () =>
      Effect.gen(function* () {
        const { error, requests } = yield* refused({ purpose: "batch", content: Stream.empty }, { http })
        assert.deepInclude(error, { _tag: "InvalidRequestError", parameter: "content" })
        assert.strictEqual(requests, 0)
      })
    )

    for (const [name, bytes] of [
      ["more", 11],
      ["fewer", 9]
    ] as const) {
      it.live(`must not have ${name} bytes than its size`, () =>
        Effect.gen(function* () {
          const content = Stream.make(new Uint8Array(bytes))
          const { error, requests } = yield* refused({ purpose: "batch", content, size: 10 }, { http })
          assert.deepInclude(error, { _tag: "InvalidRequestError", parameter: "size" })
          assert.strictEqual(requests, 0)
        })
      )
    }
  })
}

describe("the error of a refused upload", () => {
  for (const [name, expected] of [
    ["fileTooLarge", { _tag: "RequestTooLargeError", status: 400 }],
    ["requestTooLarge", { _tag: "RequestTooLargeError", status: 413 }],
    ["fileEmpty", { _tag: "InvalidRequestError", status: 400 }],
    ["invalidPurpose", { _tag: "InvalidRequestError", status: 400 }],
    ["tooManyFiles", { _tag: "FileLimitError", limit: 1_000, status: 400 }],
    ["fileExtraction", { _tag: "ServerError", status: 500, isRetryable: true }],
    ["incorrectApiKey", { _tag: "AuthenticationError" }],
    ["limitRpm", { _tag: "RateLimitError" }],
    ["modelNotFound", { _tag: "InvalidRequestError" }]
  ] as const) {
    it.live(`is that of its meaning: ${name}`, () =>
      withFiles((files, server) =>
        Effect.gen(function* () {
          yield* server.replyAt("POST /v1/files", ErrorReply.table[name])
          assert.deepInclude(yield* Effect.flip(files.upload({ purpose: "batch", content: line })), expected)
        })
      )
    )
  }

  it.live("is FileLimitError when the account is full", () =>
    withFiles(
      (files) =>
        Effect.gen(function* () {
          yield* files.upload({ purpose: "batch", content: line })
          const error = yield* Effect.flip(files.upload({ purpose: "batch", content: line }))
          assert.deepInclude(error, { _tag: "FileLimitError", limit: 1 })
        }),
      { server: { maxFiles: 1 } }
    )
  )

  it.live("contains no API key", () =>
    withFiles((files, server) =>
      Effect.gen(function* () {
        yield* server.replyAt("POST /v1/files", ErrorReply.make(400, "invalid_request_error", `bad ${key}`))
        const error = yield* Effect.flip(files.upload({ purpose: "batch", content: line }))
        assert.notInclude(JSON.stringify(error), key)
      })
    )
  )
})

describe("a hostile response", () => {
  for (const [name, reply] of [
    ["HTML", Reply.html("<html></html>")],
    ["another object", Reply.json({ id: 7 })],
    ["a list in place of an object", Reply.json([])],
    ["no body", Reply.body("")]
  ] as const) {
    it.live(`to an upload is InvalidResponseError: ${name}`, () =>
      withFiles((files, server) =>
        Effect.gen(function* () {
          yield* server.replyAt("POST /v1/files", reply)
          const error = yield* Effect.flip(files.upload({ purpose: "batch", content: line }))
          assert.strictEqual(error._tag, "InvalidResponseError")
        })
      )
    )
  }

  it.live("of any size is bounded", () =>
    withFiles(
      (files, server) =>
        Effect.gen(function* () {
          yield* server.replyAt("GET /v1/files", Reply.faulty(Fault.HugeBody({ bytes: 100_000, contentLength: false })))
          assert.strictEqual((yield* Effect.flip(files.list()))._tag, "ResponseTooLargeError")
        }),
      { client: { maxResponseBytes: 10_000 } }
    )
  )

  it.live("that ends in the middle of a content is ConnectionLostError", () =>
    withFiles((files, server) =>
      Effect.gen(function* () {
        const { id } = yield* files.upload({ purpose: "batch", content: line.repeat(100) })
        const whole = Reply.body(line.repeat(100), { fault: Fault.TruncatedBody({ afterBytes: 50 }) })
        yield* server.replyAt(`GET /v1/files/${id}/content`, whole)
        const error = yield* Effect.flip(Stream.runDrain(files.content(id)))
        assert.strictEqual(error._tag, "ConnectionLostError")
      })
    )
  )
})
