import { assert, describe, it } from "@effect/vitest"
import { decode } from "./support/sse.ts"

describe("a document of JSON in answer to a stream", () => {
  const text = JSON.stringify({ choices: [{ index: 0, message: { content: "x" }, finish_reason: "stop" }] })
  // A character of text takes two bytes in memory.
  const options = { bounds: { maxContentBytes: 2 * text.length }, isMoonshot: false }

  it("may be as large as the content that is allowed", () => {
    assert.isUndefined(decode(text, options).failure)
  })

  it("fails before it is whole when it is larger", () => {
    const { failure } = decode(`${text.slice(0, -1)}  `, options)
    assert.strictEqual(failure?._tag, "ResponseTooLargeError")
    assert.strictEqual(failure?.message, "The content of the stream is larger than allowed")
  })
})
