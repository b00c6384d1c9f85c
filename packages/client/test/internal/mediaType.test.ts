import { assert, describe, it } from "@effect/vitest"
import * as Headers from "effect/http/Headers"
import { mediaTypeOf } from "../../src/internal/mediaType.ts"

const read = (value: string) => mediaTypeOf(Headers.fromInput({ "content-type": value }))

describe("mediaTypeOf", () => {
  for (const type of ["text/html", "application/json; charset=utf-8", "application/problem+json", "image/png"]) {
    it(`reads ${type}`, () => assert.strictEqual(read(type), type))
  }

  it("leaves out parameters that it does not know", () => {
    assert.strictEqual(read("text/html; boundary=tell-me-a-joke"), "text/html")
  })

  for (const value of ["", "tell me a joke", "text/joke", "text/html joke", "application/vnd.a.joke"]) {
    it(`omits ${JSON.stringify(value)}`, () => assert.isUndefined(read(value)))
  }

  it("is absent without a header", () => assert.isUndefined(mediaTypeOf(Headers.empty)))
})
