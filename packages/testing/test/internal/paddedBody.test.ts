import { assert, describe, it } from "@effect/vitest"
import { ChatCompletion } from "@kimi-effect/core/ChatCompletion"
import { ChatCompletionChunk } from "@kimi-effect/core/ChatCompletionChunk"
import * as Schema from "effect/Schema"
import * as Padded from "../../src/internal/paddedBody.ts"

const isCompletion = Schema.is(ChatCompletion)
const isChunk = Schema.is(ChatCompletionChunk)

describe("paddedBody", () => {
  it("has exactly the requested size at every block boundary", () => {
    for (const bytes of [300, 65_535, 65_536, 65_537, 131_072 + 250, 200_000]) {
      for (const padded of [Padded.event(bytes), Padded.completion(bytes)]) {
        const all = Buffer.concat([...padded])
        assert.strictEqual(padded.size, bytes)
        assert.strictEqual(all.length, bytes)
      }
    }
  })

  it("is a well-formed event", () => {
    const text = Buffer.concat([...Padded.event(100_000)]).toString()
    assert.isTrue(isChunk(JSON.parse(/^data: (.*)\n\n$/.exec(text)?.[1] ?? "null")))
  })

  it("can be iterated repeatedly", () => {
    const event = Padded.event(100_000)
    assert.deepStrictEqual(Buffer.concat([...event]), Buffer.concat([...event]))
  })

  it("is a well-formed completion", () => {
    assert.isTrue(isCompletion(JSON.parse(Buffer.concat([...Padded.completion(100_000)]).toString())))
  })

  it("has the smallest possible size when less is requested", () => {
    for (const padded of [Padded.event(1), Padded.completion(1)]) {
      assert.strictEqual(Buffer.concat([...padded]).length, padded.size)
      assert.isBelow(padded.size, 300)
    }
    assert.isTrue(isCompletion(JSON.parse(Buffer.concat([...Padded.completion(0)]).toString())))
  })

  it("is generated in blocks of at most 64 KiB", () => {
    for (const block of Padded.completion(10_000_000)) assert.isAtMost(block.length, 65_536)
  })
})
