import { assert, describe, it } from "@effect/vitest"
import { chunkingOf, render } from "../../src/internal/rendering.ts"
import * as Reply from "../../src/Reply.ts"

const plain = { isStream: false, hasUsage: false, hasTools: false }
const streamed = { ...plain, isStream: true }

describe("rendering", () => {
  it("does not change replies with a fixed form", () => {
    for (const form of [plain, streamed]) {
      assert.deepStrictEqual(render(Reply.json({ a: 1 }, { status: 201 }), form).events, ['{"a":1}'])
      assert.strictEqual(render(Reply.json({ a: 1 }, { status: 201 }), form).status, 201)
      assert.deepStrictEqual(render(Reply.body("a"), form).events, ["a"])
      assert.deepStrictEqual(render(Reply.body(""), form).events, [])
      assert.deepStrictEqual(render(Reply.sse(["1"]), form).events, ["data: 1\n\n"])
      assert.isTrue(render(Reply.sse(["1"]), form).isStream)
    }
  })

  const reply = Reply.chatResponse({ content: "a" })

  it("renders a completion as one body", () => {
    const whole = render(reply, plain)
    assert.deepStrictEqual(whole.events, [JSON.stringify(reply.body)])
    assert.strictEqual(whole.headers["content-type"], "application/json; charset=utf-8")
    assert.isFalse(whole.isStream)
  })

  it("renders a completion as a stream", () => {
    const stream = render(reply, streamed)
    assert.strictEqual(stream.headers["content-type"], "text/event-stream; charset=utf-8")
    assert.strictEqual(stream.headers["msh-request-id"], reply.headers["msh-request-id"])
    assert.strictEqual(stream.events.length, 4)
  })

  it("adds the usage to a stream when it is requested", () => {
    assert.strictEqual(render(reply, { ...streamed, hasUsage: true }).events.length, 5)
  })

  it("returns the chunking of a reply", () => {
    assert.strictEqual(chunkingOf(Reply.sse("", { chunking: "whole" })), "whole")
    assert.strictEqual(chunkingOf(Reply.chatResponse({}, { chunking: "whole" })), "whole")
    assert.isUndefined(chunkingOf(Reply.json({})))
  })
})
