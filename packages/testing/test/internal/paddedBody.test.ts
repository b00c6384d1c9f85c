import { assert, describe, it } from "@effect/vitest"
import { ChatCompletion } from "@kimi-effect/core/ChatCompletion"
import { ChatCompletionChunk } from "@kimi-effect/core/ChatCompletionChunk"
import * as Schema from "effect/Schema"
import * as Padded from "../../src/internal/paddedBody.ts"

const isCompletion = Schema.is(ChatCompletion)
const isChunk = Schema.is(ChatCompletionChunk)

describe("padded", () => {
  it("has exactly the size asked for, around every block boundary", () => {
    for (const bytes of [300, 65_535, 65_536, 65_537, 131_072 + 250, 200_000]) {
      for (const padded of [Padded.event(bytes), Padded.completion(bytes)]) {
        const all = Buffer.concat([...padded])
        assert.strictEqual(padded.size, bytes)
        assert.strictEqual(all.length, bytes)
      }
    }
  })

  it("is well-formed, and can be made again", () => {
    const event = Padded.event(100_000)
    for (const text of [Buffer.concat([...event]).toString(), Buffer.concat([...event]).toString()]) {
      assert.isTrue(isChunk(JSON.parse(/^data: (.*)\n\n$/.exec(text)?.[1] ?? "null")))
    }
    assert.isTrue(isCompletion(JSON.parse(Buffer.concat([...Padded.completion(100_000)]).toString())))
  })

  it("is as small as it can be when asked for less", () => {
    for (const padded of [Padded.event(1), Padded.completion(1)]) {
      assert.strictEqual(Buffer.concat([...padded]).length, padded.size)
      assert.isBelow(padded.size, 300)
    }
    assert.isTrue(isCompletion(JSON.parse(Buffer.concat([...Padded.completion(0)]).toString())))
  })

  it("never holds more than a block", () => {
    for (const block of Padded.completion(10_000_000)) assert.isAtMost(block.length, 65_536)
  })
})
