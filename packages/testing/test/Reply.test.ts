import { assert, describe, it } from "@effect/vitest"
import { DateTime, Schema } from "effect"
import * as Fault from "../src/Fault.ts"
import * as Fixtures from "../src/node/Fixtures.ts"
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

  it("splits the raw text of a stream into events", () => {
    const text = Fixtures.sse("stream-02-usage-in-choice-turbo-tail")
    assert.strictEqual(Reply.sse(text).events.join(""), text)
  })

  it("formats the data of events", () => {
    assert.deepStrictEqual(Reply.sse(["{}", "[DONE]"]).events, ["data: {}\n\n", "data: [DONE]\n\n"])
  })

  it("has the headers of an event stream", () => {
    assert.deepInclude(Reply.sse("").headers, {
      "cache-control": "no-cache",
      "content-type": "text/event-stream; charset=utf-8"
    })
  })

  it("keeps the chunking of a stream", () => {
    assert.deepStrictEqual(Reply.sse("", { chunking: { bytes: 3 } }).chunking, { bytes: 3 })
  })

  it("sets the content type of text", () => {
    assert.strictEqual(Reply.body("a").headers["content-type"], "text/plain; charset=utf-8")
  })

  it("sets the content type of a page", () => {
    assert.strictEqual(Reply.html("a").headers["content-type"], "text/html; charset=utf-8")
  })

  it("prefers the content type of the options", () => {
    assert.strictEqual(Reply.html("a", { headers: { "content-type": "x/y" } }).headers["content-type"], "x/y")
  })

  it("sets the status of the options", () => {
    assert.strictEqual(Reply.body("a", { status: 500 }).status, 500)
  })

  it("makes a completion with tool calls", () => {
    const calls = [
      { name: "add", arguments: "{}" },
      { name: "add", arguments: "[]" }
    ]
    const { completion } = Reply.chatResponse({ reasoning_content: "hm", tool_calls: calls })
    assert.strictEqual(completion.choices[0]?.finish_reason, "tool_calls")
    assert.deepStrictEqual(
      completion.choices[0]?.message.tool_calls?.map((call) => call.id),
      ["add_0", "add_1"]
    )
  })

  it("makes a completion with detailed usage", () => {
    const usage = { prompt_tokens: 10, completion_tokens: 5, cached_tokens: 4, reasoning_tokens: 2 }
    assert.deepStrictEqual(Reply.chatResponse({ usage }).completion.usage, {
      prompt_tokens: 10,
      completion_tokens: 5,
      total_tokens: 15,
      cached_tokens: 4,
      prompt_tokens_details: { cached_tokens: 4 },
      completion_tokens_details: { reasoning_tokens: 2 }
    })
  })

  it("makes a completion with defaults", () => {
    const { choices, usage } = Reply.chatResponse({ content: "hello" }).completion
    assert.strictEqual(choices[0]?.finish_reason, "stop")
    assert.deepStrictEqual(choices[0]?.message, { content: "hello" })
    assert.deepStrictEqual(usage, { prompt_tokens: 88, completion_tokens: 40, total_tokens: 128 })
  })

  it("throws for a body that is not a completion", () => {
    assert.throws(() => Reply.completion({ choices: 1 }))
  })

  it("adds a fault to a reply", () => {
    const reply = Reply.json({ a: 1 })
    const fault = Fault.EmptyBody()
    assert.deepStrictEqual(Reply.withFault(fault)(reply), { ...reply, fault })
  })

  it("adds a fault to the default reply", () => {
    const fault = Fault.EmptyBody()
    assert.deepStrictEqual(Reply.faulty(fault), { _tag: "Default", fault })
  })

  it("encodes an object by its schema", () => {
    const Day = Schema.Struct({ at: Schema.DateTimeUtc, hot: Schema.Boolean })
    const { completion } = Reply.object(Day, { at: DateTime.makeUnsafe(0), hot: true })
    assert.strictEqual(completion.choices[0]?.message.content, '{"at":"1970-01-01T00:00:00.000Z","hot":true}')
  })

  it("throws for an object that does not fit its schema", () => {
    assert.throws(() => Reply.object(Schema.NonEmptyString, ""))
  })

  it("keeps arguments of tool calls that are a text", () => {
    const { completion } = Reply.toolCalls([{ name: "add", arguments: "{broken" }])
    assert.strictEqual(completion.choices[0]?.message.tool_calls?.[0]?.function.arguments, "{broken")
  })

  it("gives a tool call without arguments an empty object", () => {
    const { completion } = Reply.toolCalls([{ name: "now" }])
    assert.strictEqual(completion.choices[0]?.message.tool_calls?.[0]?.function.arguments, "{}")
  })

  it("names the wait of a rate limit in its headers", () => {
    assert.deepInclude(Reply.rateLimited({ retryAfter: "1500 millis" }).headers, {
      "retry-after": "2",
      "x-retry-after": "2",
      "msh-cooldown-seconds": "2"
    })
  })
})
