import { assert, describe, it } from "@effect/vitest"
import { chunkingOf, render } from "../../src/internal/rendering.ts"
import * as Reply from "../../src/Reply.ts"

const plain = { isStream: false, hasUsage: false, hasTools: false }
const streamed = { ...plain, isStream: true }

describe("rendering", () => {
  it("sends JSON, text and events as they are, whatever the request asks", () => {
    for (const asked of [plain, streamed]) {
      assert.deepStrictEqual(render(Reply.json({ a: 1 }, { status: 201 }), asked).events, ['{"a":1}'])
      assert.strictEqual(render(Reply.json({ a: 1 }, { status: 201 }), asked).status, 201)
      assert.deepStrictEqual(render(Reply.text("a"), asked).events, ["a"])
      assert.deepStrictEqual(render(Reply.text(""), asked).events, [])
      assert.deepStrictEqual(render(Reply.sse(["1"]), asked).events, ["data: 1\n\n"])
      assert.isTrue(render(Reply.sse(["1"]), asked).isStream)
    }
  })

  it("sends a completion as the request asks", () => {
    const reply = Reply.chatResponse({ content: "a" })
    const whole = render(reply, plain)
    assert.deepStrictEqual(whole.events, [JSON.stringify(reply.body)])
    assert.strictEqual(whole.headers["content-type"], "application/json; charset=utf-8")
    assert.isFalse(whole.isStream)
    const stream = render(reply, streamed)
    assert.strictEqual(stream.headers["content-type"], "text/event-stream; charset=utf-8")
    assert.strictEqual(stream.headers["msh-request-id"], reply.headers["msh-request-id"])
    assert.strictEqual(stream.events.length, 4)
    assert.strictEqual(render(reply, { ...streamed, hasUsage: true }).events.length, 5)
  })

  it("finds the chunking of a reply", () => {
    assert.strictEqual(chunkingOf(Reply.sse("", { chunking: "whole" })), "whole")
    assert.strictEqual(chunkingOf(Reply.chatResponse({}, { chunking: "whole" })), "whole")
    assert.isUndefined(chunkingOf(Reply.json({})))
  })
})
