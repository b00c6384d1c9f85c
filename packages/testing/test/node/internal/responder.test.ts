import { assert, describe, it } from "@effect/vitest"
import * as Fault from "../../../src/Fault.ts"
import * as Responder from "../../../src/node/internal/responder.ts"
import type { ReceivedRequest } from "../../../src/node/ReceivedRequest.ts"
import * as Reply from "../../../src/Reply.ts"
import { question } from "../support/RawClient.ts"

const make = () =>
  Responder.make({
    apiKey: undefined,
    validateRequests: true,
    maxRequestBytes: 1_000_000,
    models: undefined,
    pace: { latency: 0, writeDelay: 0, chunking: "whole" }
  })
const request = (members: object = {}): ReceivedRequest => ({
  method: "POST",
  path: "/v1/chat/completions",
  query: "",
  headers: { authorization: "Bearer a" },
  body: "",
  json: { ...question, ...members }
})

describe("responder", () => {
  it("plans a reply once for each form", () => {
    const responder = make()
    assert.strictEqual(responder.respond(request()), responder.respond(request()))
    assert.strictEqual(responder.respond(request({ stream: true })), responder.respond(request({ stream: true })))
    responder.replyAlways(Reply.chatResponse({ content: "a" }, { fault: Fault.EmptyBody() }))
    assert.strictEqual(responder.respond(request()), responder.respond(request()))
    assert.notStrictEqual(responder.respond(request()), responder.respond(request({ stream: true })))
  })

  for (const members of [{}, { stream: true }, { stream: true, stream_options: { include_usage: true } }]) {
    it(`answers for the requested model: ${JSON.stringify(members)}`, () => {
      const responder = make()
      const models = ["kimi-k3", "kimi-k2.6", "kimi-k3"].map((model) => {
        const { events } = responder.replyOf(responder.respond(request({ ...members, model })))
        return [...new Set(events.flatMap((event) => event.match(/(?<="model":")[^"]*/g) ?? []))]
      })
      assert.deepStrictEqual(models, [["kimi-k3"], ["kimi-k2.6"], ["kimi-k3"]])
    })
  }

  it("keeps a bounded number of plans of a reply", () => {
    const responder = make()
    responder.replyAlways(Reply.text("a"))
    const first = responder.respond(request({ model: "model-0" }))
    for (let model = 1; model < 64; model++) responder.respond(request({ model: `model-${model}` }))
    assert.strictEqual(responder.respond(request({ model: "model-0" })), first)
    responder.respond(request({ model: "model-64" }))
    assert.notStrictEqual(responder.respond(request({ model: "model-0" })), first)
  })

  it("applies a queued fault to one request only", () => {
    const responder = make()
    responder.enqueue([Reply.faulty(Fault.StallBeforeHeaders())])
    assert.strictEqual(responder.respond(request()).start, "stall")
    assert.strictEqual(responder.respond(request()).start, 0)
  })

  it("uses queued replies before the standing reply", () => {
    const responder = make()
    responder.replyAlways(() => Reply.json(1, { status: 202 }))
    responder.enqueue([Reply.json(1, { status: 201 })])
    assert.deepStrictEqual(
      [1, 2, 3].map(() => responder.respond(request()).status),
      [201, 202, 202]
    )
  })

  it("uses its default response for the default reply", () => {
    const responder = make()
    responder.replyAlways(Reply.json(1, { status: 202 }))
    responder.replyAlways(Reply.defaultReply)
    assert.strictEqual(responder.respond(request()).status, 200)
  })

  it("removes the standing reply on reset", () => {
    const responder = make()
    responder.replyAlways(Reply.json(1, { status: 202 }))
    responder.reset()
    assert.strictEqual(responder.respond(request()).status, 200)
  })
})
