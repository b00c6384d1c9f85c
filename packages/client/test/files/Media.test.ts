import { assert, describe, it } from "@effect/vitest"
import { FileProcessingError } from "@kimi-effect/core/FileErrors"
import { Effect } from "effect"
import * as Files from "../../src/files/Files.ts"
import * as Media from "../../src/files/Media.ts"
import { RequestCheck } from "../../src/index.ts"
import { providers } from "../../src/Provider.ts"
import { withFiles } from "./support/files.ts"
import { accepted, pixel, refused } from "./support/media.ts"

const urlOf = (part: Media.MediaPart): string => {
  const media = part.type === "image_url" ? part.image_url : part.video_url
  return typeof media === "string" ? media : media.url
}

describe("Media.inline", () => {
  for (const [name, [mimeType, bytes]] of Object.entries(accepted)) {
    it.effect(`makes a data URL of ${name}`, () =>
      Effect.gen(function* () {
        const part = yield* Media.inline(bytes)
        assert.strictEqual(part.type, mimeType.startsWith("image/") ? "image_url" : "video_url")
        const [head, data = ""] = urlOf(part).split(",")
        assert.strictEqual(head, `data:${mimeType};base64`)
        assert.deepStrictEqual(Uint8Array.from(Buffer.from(data, "base64")), bytes)
      })
    )
  }

  for (const [name, bytes] of Object.entries(refused)) {
    it.effect(`fails with UnsupportedMediaError for ${name}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(Media.inline(bytes))
        assert.deepInclude(error, { _tag: "UnsupportedMediaError", parameter: "content" })
      })
    )
  }

  it.effect("reads a blob", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* Media.inline(new Blob([pixel])), yield* Media.inline(pixel))
    })
  )

  it.effect("fails with RequestTooLargeError above its limit", () =>
    Effect.gen(function* () {
      yield* Media.inline(pixel, { maxBytes: pixel.length })
      const error = yield* Effect.flip(Media.inline(pixel, { maxBytes: pixel.length - 1 }))
      assert.strictEqual(error._tag, "RequestTooLargeError")
      assert.include(error.hint, "Files")
    })
  )

  it.effect("makes a part that passes the check of requests", () =>
    Effect.gen(function* () {
      const content = [yield* Media.inline(pixel), { type: "text" as const, text: "What is it?" }]
      const request = { model: "kimi-k2.6", messages: [{ role: "user" as const, content }] }
      yield* RequestCheck.check(request, providers.moonshot, "reject")
    })
  )
})

describe("Media.upload", () => {
  it.live("deletes a file that does not become ready, since nothing refers to it", () =>
    withFiles((files) =>
      Effect.gen(function* () {
        const failure = new FileProcessingError({ message: "The file failed", fileId: "f1", state: "error" })
        const failing = Files.Files.of({ ...files, awaitReady: () => Effect.fail(failure) })
        const error = yield* Effect.flip(Effect.provideService(Media.upload(pixel), Files.Files, failing))
        assert.strictEqual(error, failure)
        assert.deepStrictEqual(yield* files.list(), [])
      })
    )
  )

  it.live("refers to the stored file", () =>
    withFiles((files) =>
      Effect.gen(function* () {
        const part = yield* Effect.provideService(Media.upload(pixel), Files.Files, files)
        const [file] = yield* files.list("image")
        assert.deepStrictEqual(part, Media.image(file?.id ?? ""))
      })
    )
  )

  it.live("stores a video as one", () =>
    withFiles((files) =>
      Effect.gen(function* () {
        const [, mp4] = accepted["an mp4"] ?? ["", pixel]
        const part = yield* Effect.provideService(Media.upload(mp4), Files.Files, files)
        const [file] = yield* files.list("video")
        assert.deepStrictEqual(part, Media.video(file?.id ?? ""))
      })
    )
  )

  it.live("sends nothing in another format", () =>
    withFiles((files, server) =>
      Effect.gen(function* () {
        const svg = refused["an svg"] ?? pixel
        const error = yield* Effect.flip(Effect.provideService(Media.upload(svg), Files.Files, files))
        assert.strictEqual(error._tag, "UnsupportedMediaError")
        assert.deepStrictEqual(yield* server.requests, [])
      })
    )
  )
})

describe("Media.attach", () => {
  const attached = (inlineUpTo: number) =>
    withFiles((files) => Effect.provideService(Media.attach(pixel, { inlineUpTo }), Files.Files, files))

  it.live("puts a small image into the message", () =>
    Effect.gen(function* () {
      assert.match(urlOf(yield* attached(pixel.length)), /^data:image\/png;base64,/)
    })
  )

  it.live("uploads a larger image", () =>
    Effect.gen(function* () {
      assert.match(urlOf(yield* attached(pixel.length - 1)), /^ms:\/\//)
    })
  )
})

describe("Media.fromFile", () => {
  it.effect("refers to an image", () =>
    Effect.gen(function* () {
      const part = yield* Media.fromFile({ id: "f", purpose: "image" })
      assert.deepStrictEqual(part, { type: "image_url", image_url: { url: "ms://f" } })
    })
  )

  it.effect("refers to a video", () =>
    Effect.gen(function* () {
      const part = yield* Media.fromFile({ id: "f", purpose: "video" })
      assert.deepStrictEqual(part, { type: "video_url", video_url: { url: "ms://f" } })
    })
  )

  it.effect("fails for a file with another purpose", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Media.fromFile({ id: "f", purpose: "file-extract" }))
      assert.deepInclude(error, { _tag: "UnsupportedMediaError", parameter: "purpose" })
    })
  )
})

describe("Media.formatOf", () => {
  it("names the format", () => {
    assert.deepStrictEqual(Media.formatOf(pixel), { kind: "image", mimeType: "image/png" })
  })
})

describe("content of a wrong type", () => {
  it.effect.each([undefined, null, "text", 7, {}])("is refused as %s", (content) =>
    Effect.gen(function* () {
      assert.strictEqual((yield* Effect.flip(Media.inline(content as never)))._tag, "UnsupportedMediaError")
    })
  )
})
