import { assert, describe, it } from "@effect/vitest"
import { chunkingOf, render } from "../../src/internal/rendering.ts"
import * as Reply from "../../src/Reply.ts"

const plain = { isStream: false, hasUsage: false, hasTools: false, model: undefined }
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
  const completion = { choices: [{ index: 0, message: { role: "assistant", content: "a" }, finish_reason: "stop" }] }

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

  const modelsOf = (events: ReadonlyArray<string>) =>
    new Set(events.flatMap((event) => event.match(/(?<="model":")[^"]*/g) ?? []))

  for (const form of [plain, streamed, { ...streamed, hasUsage: true }]) {
    const kind = form.hasUsage ? "stream with usage" : form.isStream ? "stream" : "body"

    it(`names the requested model in the ${kind} of a completion without one`, () => {
      assert.deepStrictEqual([...modelsOf(render(reply, { ...form, model: "kimi-k2.6" }).events)], ["kimi-k2.6"])
    })

    it(`keeps the model of a completion in its ${kind}`, () => {
      for (const named of [
        Reply.text("a", { model: "kimi-k2.5" }),
        Reply.completion({ ...completion, model: "kimi-k2.5" })
      ]) {
        assert.deepStrictEqual([...modelsOf(render(named, { ...form, model: "kimi-k2.6" }).events)], ["kimi-k2.5"])
      }
    })
  }

  it("names the requested model in every event of a stream that echoes it", () => {
    const events = ['{"model":"kimi-k3","choices":[{"delta":{"content":"\\"model\\":\\"x\\""}}]}', "[DONE]"]
    const echoing = { ...Reply.sse(events), echoesModel: true }
    assert.deepStrictEqual(render(echoing, { ...streamed, model: "$&" }).events, [
      'data: {"model":"$&","choices":[{"delta":{"content":"\\"model\\":\\"x\\""}}]}\n\n',
      "data: [DONE]\n\n"
    ])
    assert.include(render(Reply.sse(events), { ...streamed, model: "other" }).events[0], '"model":"kimi-k3"')
  })

  it("returns the chunking of a reply", () => {
    assert.strictEqual(chunkingOf(Reply.sse("", { chunking: "whole" })), "whole")
    assert.strictEqual(chunkingOf(Reply.chatResponse({}, { chunking: "whole" })), "whole")
    assert.isUndefined(chunkingOf(Reply.json({})))
  })
})
