import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { readBody } from "../../src/internal/readBody.ts"
import { watched } from "./support/bodies.ts"
import { bytesOf, readsOf } from "./support/sse.ts"

const text = "é 你好 👋🏽 end"
const size = bytesOf(text).length

/** More than any limit of these tests, but little enough to read by mistake. */
const endless = function* (): Iterable<Uint8Array> {
  for (let piece = 0; piece < 1_000; piece++) yield bytesOf("x".repeat(10))
}

describe("readBody", () => {
  it.effect("reads a body in pieces that split characters", () =>
    Effect.gen(function* () {
      for (let length = 1; length <= size; length++) {
        const { response } = watched(readsOf(text, length))
        assert.deepStrictEqual(yield* readBody(response, 1_000), { text, isTruncated: false })
      }
    })
  )

  it.effect("reads a body with a declared length", () =>
    Effect.gen(function* () {
      for (const limit of [size, size + 1, 1_000]) {
        const { response } = watched(readsOf(text, 3), { headers: { "content-length": `${size}` } })
        assert.deepStrictEqual(yield* readBody(response, limit), { text, isTruncated: false })
      }
    })
  )

  it.effect("reads an empty body", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* readBody(watched([]).response, 10), { text: "", isTruncated: false })
    })
  )

  it.effect("does not read a body whose declared length exceeds the limit", () =>
    Effect.gen(function* () {
      const body = watched(endless(), { headers: { "content-length": "11" } })
      assert.deepStrictEqual(yield* readBody(body.response, 10), { text: "", isTruncated: true })
      assert.strictEqual(body.reads(), 0)
      assert.isTrue(body.isLeft())
    })
  )

  it.effect("reads a body of exactly the limit", () =>
    Effect.gen(function* () {
      for (const headers of [{}, { "content-length": `${size}` }]) {
        assert.isFalse((yield* readBody(watched(readsOf(text, 1), { headers }).response, size)).isTruncated)
        assert.isTrue((yield* readBody(watched(readsOf(text, 1), { headers }).response, size - 1)).isTruncated)
      }
    })
  )

  it.effect("truncates an endless body at the limit", () =>
    Effect.gen(function* () {
      for (const limit of [1, 9, 10, 15, 100]) {
        const body = watched(endless())
        assert.deepStrictEqual(yield* readBody(body.response, limit), { text: "x".repeat(limit), isTruncated: true })
        assert.strictEqual(body.reads(), Math.floor(limit / 10) + 1)
        assert.isTrue(body.isLeft())
      }
    })
  )

  it.effect("omits a character that the limit splits", () =>
    Effect.gen(function* () {
      for (const piece of [1, 2, size]) {
        for (let limit = 0; limit < size; limit++) {
          const cut = yield* readBody(watched(readsOf(text, piece)).response, limit)
          assert.isTrue(cut.isTruncated)
          assert.isTrue(text.startsWith(cut.text), `${cut.text} of ${limit} bytes`)
          assert.isAbove(bytesOf(cut.text).length, limit - 4)
        }
      }
    })
  )

  it.effect("counts the decoded bytes of an encoded body", () =>
    Effect.gen(function* () {
      const headers = { "content-length": "5", "content-encoding": "gzip" }
      const body = watched(endless(), { headers })
      assert.deepStrictEqual(yield* readBody(body.response, 15), { text: "x".repeat(15), isTruncated: true })
      const large = { "content-length": "5000", "content-encoding": "gzip" }
      assert.deepStrictEqual(yield* readBody(watched(readsOf(text, 4), { headers: large }).response, 100), {
        text,
        isTruncated: false
      })
    })
  )

  it.effect("counts the bytes of a body with an invalid length", () =>
    Effect.gen(function* () {
      for (const value of ["many", "-1", "1e1", "5, 5", "0x5", ""]) {
        const body = watched(endless(), { headers: { "content-length": value } })
        assert.deepStrictEqual(yield* readBody(body.response, 15), { text: "x".repeat(15), isTruncated: true })
      }
    })
  )

  it.effect("fails when the body fails", () =>
    Effect.gen(function* () {
      for (const headers of [{}, { "content-length": "100" }]) {
        const { response } = watched(readsOf(text, 3), { headers, breaks: new Error("terminated") })
        const error = yield* Effect.flip(readBody(response, 1_000))
        assert.strictEqual(error._tag, "HttpClientError")
      }
    })
  )

  it.effect("starts again each time it runs", () =>
    Effect.gen(function* () {
      const { response } = watched(readsOf(text, 3))
      const read = readBody(response, 1_000)
      assert.deepStrictEqual(yield* read, { text, isTruncated: false })
      // The body has been consumed; the second run must not contain anything of the first.
      const again = yield* Effect.option(read)
      assert.isTrue(again._tag === "None" || again.value.text === "")
    })
  )

  const Length = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 60 }))

  it.effect.prop(
    "never returns more than the limit",
    { pieces: Schema.Array(Length), limit: Length },
    ({ pieces, limit }) =>
      Effect.gen(function* () {
        const total = pieces.reduce((sum, length) => sum + length, 0)
        const { response } = watched(pieces.map((length) => bytesOf("x".repeat(length))))
        assert.deepStrictEqual(yield* readBody(response, limit), {
          text: "x".repeat(Math.min(total, limit)),
          isTruncated: total > limit
        })
      })
  )
})
