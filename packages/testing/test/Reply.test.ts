import { assert, describe, it } from "@effect/vitest"
import * as Fault from "../src/Fault.ts"
import * as Fixtures from "../src/node/Fixtures.ts"
import * as ErrorReply from "../src/ErrorReply.ts"
import * as Reply from "../src/Reply.ts"

describe("Reply", () => {
  it("replays an exchange without the headers of the recorded connection", () => {
    const reply = Reply.fromExchange(Fixtures.exchange("error-429-rpm-retry-after"))
    assert.strictEqual(reply.status, 429)
    assert.deepStrictEqual(reply.body, Fixtures.exchange("error-429-rpm-retry-after").body)
    assert.deepStrictEqual(reply.headers, {
      "content-type": "application/json; charset=utf-8",
      "msh-cooldown-seconds": "1",
      "retry-after": "1",
      "x-retry-after": "1",
      "msh-request-id": "666a5359-a660-11f1-b705-00163e1dadc2",
      "msh-trace-mode": "on",
      vary: "Origin",
      "x-msh-trace-id": "29cc6d00f98c3f2f3bd4cc165c1408c1",
      "strict-transport-security": "max-age=31536000; includeSubDomains",
      "cf-cache-status": "DYNAMIC",
      server: "cloudflare"
    })
  })

  it("puts errors in Kimi's form, with or without a type", () => {
    assert.deepStrictEqual(ErrorReply.make(429, "a_type", "slow", { "retry-after": "3" }).body, {
      error: { message: "slow", type: "a_type" }
    })
    assert.strictEqual(ErrorReply.make(429, "a_type", "slow", { "retry-after": "3" }).headers["retry-after"], "3")
    assert.deepStrictEqual(ErrorReply.make(413, undefined, "big").body, { error: { message: "big" } })
  })

  it("has a reply for every error row", () => {
    assert.strictEqual(ErrorReply.names.length, Object.keys(ErrorReply.table).length)
    assert.isAbove(ErrorReply.names.length, 50)
    for (const name of ErrorReply.names) assert.isAtLeast(ErrorReply.table[name].status, 400, name)
    assert.strictEqual(ErrorReply.table.gatewayTimeout._tag, "Text")
    assert.strictEqual(ErrorReply.table.gatewayTimeout.headers["content-type"], "text/html")
    assert.include(ErrorReply.table.gatewayTimeout.body, "<h1>504 Gateway Time-out</h1>")
    assert.strictEqual(ErrorReply.table.serverUnavailableEmpty.body, "")
  })

  it("takes a stream as raw text or as data", () => {
    const text = Fixtures.sse("stream-02-usage-in-choice-turbo-tail")
    assert.strictEqual(Reply.sse(text).events.join(""), text)
    assert.deepStrictEqual(Reply.sse(["{}", "[DONE]"]).events, ["data: {}\n\n", "data: [DONE]\n\n"])
    assert.deepStrictEqual(Reply.sse("", { chunking: { bytes: 3 } }).chunking, { bytes: 3 })
    assert.strictEqual(Reply.sse("").headers["cache-control"], "no-cache")
  })

  it("writes text and pages with their content types", () => {
    assert.strictEqual(Reply.text("a").headers["content-type"], "text/plain; charset=utf-8")
    assert.strictEqual(Reply.html("a").headers["content-type"], "text/html; charset=utf-8")
    assert.strictEqual(Reply.html("a", { headers: { "content-type": "x/y" } }).headers["content-type"], "x/y")
    assert.strictEqual(Reply.text("a", { status: 500 }).status, 500)
  })

  it("writes a completion from what the model says", () => {
    const calls = [
      { name: "add", arguments: "{}" },
      { name: "add", arguments: "[]" }
    ]
    const usage = { prompt_tokens: 10, completion_tokens: 5, cached_tokens: 4, reasoning_tokens: 2 }
    const { completion } = Reply.chatResponse({ reasoning_content: "hm", tool_calls: calls, usage })
    assert.strictEqual(completion.choices[0]?.finish_reason, "tool_calls")
    assert.deepStrictEqual(
      completion.choices[0]?.message.tool_calls?.map((call) => call.id),
      ["add_0", "add_1"]
    )
    assert.deepStrictEqual(completion.usage, {
      prompt_tokens: 10,
      completion_tokens: 5,
      total_tokens: 15,
      cached_tokens: 4,
      prompt_tokens_details: { cached_tokens: 4 },
      completion_tokens_details: { reasoning_tokens: 2 }
    })
    const plain = Reply.chatResponse({ content: "hello" }).completion
    assert.strictEqual(plain.choices[0]?.finish_reason, "stop")
    assert.deepStrictEqual(plain.choices[0]?.message, { content: "hello" })
    assert.deepStrictEqual(plain.usage, { prompt_tokens: 88, completion_tokens: 40, total_tokens: 128 })
  })

  it("refuses a body that is no completion", () => {
    assert.throws(() => Reply.completion({ choices: 1 }))
  })

  it("adds a fault and keeps the rest", () => {
    const reply = Reply.json({ a: 1 })
    const fault = Fault.EmptyBody()
    assert.deepStrictEqual(Reply.withFault(fault)(reply), { ...reply, fault })
    assert.deepStrictEqual(Reply.faulty(fault), { _tag: "Default", fault })
  })
})
