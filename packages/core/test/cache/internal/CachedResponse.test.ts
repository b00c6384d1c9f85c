import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import * as CachedResponse from "../../../src/cache/internal/CachedResponse.ts"
import { ChatResponse } from "../../../src/models/ChatResponse.ts"
import { response } from "../support/cache.ts"

const answer = response("Grüße \ud800 中文", {
  requestId: "r",
  choices: [
    {
      index: 0,
      message: {
        role: "assistant",
        content: "text",
        reasoning_content: "thought",
        tool_calls: [{ id: "1", type: "function", function: { name: "look", arguments: "{}" } }]
      },
      finish_reason: "stop"
    }
  ]
})
const body: CachedResponse.CachedContent = { response: answer, tags: ["a", "b"], recording: [1, 2, 3] }

const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))

describe("CachedResponse", () => {
  it("is decoded as it was encoded", () => {
    const copied = CachedResponse.copy(body)
    assert.deepStrictEqual(Option.getOrThrow(CachedResponse.decode(CachedResponse.encode(copied))), copied)
    assert.deepStrictEqual(copied.response, answer)
    assert.instanceOf(copied.response, ChatResponse)
    assert.deepStrictEqual(copied.tags, ["a", "b"])
    assert.deepStrictEqual(copied.recording, [1, 2, 3])
  })

  it("is an immutable copy", () => {
    const copied = CachedResponse.copy(body)
    assert.notStrictEqual(copied.response.choices, answer.choices)
    const visit = (value: unknown): void => {
      if (typeof value !== "object" || value === null) return
      assert.isTrue(Object.isFrozen(value))
      for (const member of Object.values(value)) visit(member)
    }
    visit(copied)
    assert.isFalse(Object.isFrozen(answer))
  })

  it("drops the statuses (rate, cache) of the original", () => {
    const marked = CachedResponse.withCacheStatus(response("a", { rateStatus: { remaining: 1 } }), {
      level: "memory",
      age: 1,
      isStale: false
    })
    const { response: answer } = CachedResponse.copy({ response: marked, tags: [] })
    assert.isUndefined(answer.cached)
    assert.isUndefined(answer.rateStatus)
  })

  it("decodes nothing from bytes of another form", () => {
    for (const other of [
      new Uint8Array(),
      new Uint8Array([0xff, 0xfe]),
      bytes(null),
      bytes([]),
      bytes({ tags: [] }),
      bytes({ tags: [], answer: { id: "1" } }),
      bytes({ tags: [1], answer }),
      bytes({ tags: [], answer: { ...answer, choices: [] } })
    ]) {
      assert.isTrue(Option.isNone(CachedResponse.decode(other)))
    }
  })

  it("is marked with its status without a change to the cached object", () => {
    const marked = CachedResponse.withCacheStatus(answer, { level: "store", age: 5, isStale: true })
    assert.instanceOf(marked, ChatResponse)
    assert.strictEqual(marked.text, "text")
    assert.deepStrictEqual(marked.cached, { level: "store", age: 5, isStale: true })
    assert.isUndefined(answer.cached)
  })
})
