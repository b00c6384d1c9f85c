import { assert, describe, it } from "@effect/vitest"
import type { ModelRequest } from "../../../src/models/ChatRequest.ts"
import type { Message } from "../../../src/models/Message.ts"
import * as Continuation from "../../../src/resilience/internal/Continuation.ts"
import { call } from "../support/recovery.ts"

const user: Message = { role: "user", content: "Hi" }
const text = { content: "Hello", reasoning: "" }

/** The request of the continuation. */
const of = (request: Partial<ModelRequest>, beginning: Continuation.PartialText = text): ModelRequest | undefined =>
  Continuation.make({ ...call, request: { ...call.request, ...request } }, beginning)?.request

describe("Continuation.make", () => {
  it("appends the partial response as a partial message", () => {
    const original = { ...call, account: "team", request: { ...call.request, temperature: 1, stop: "." } }
    assert.deepStrictEqual(Continuation.make(original, text), {
      account: "team",
      provider: "moonshot",
      request: {
        model: "kimi-k3",
        temperature: 1,
        stop: ".",
        messages: [user, { role: "assistant", content: "Hello", partial: true }]
      }
    })
    assert.deepStrictEqual(original.request.messages, [user])
  })

  it("includes the reasoning if there was any", () => {
    assert.deepStrictEqual(of({}, { content: "Hello", reasoning: "Hm" })?.messages.at(-1), {
      role: "assistant",
      content: "Hello",
      reasoning_content: "Hm",
      partial: true
    })
  })

  it("extends the partial message at the end of the conversation", () => {
    const own: Message = { role: "assistant", content: "Once", reasoning_content: "A", name: "Ada", partial: true }
    assert.deepStrictEqual(of({ messages: [user, own] }, { content: " upon", reasoning: "B" })?.messages, [
      user,
      { role: "assistant", content: "Once upon", reasoning_content: "AB", name: "Ada", partial: true }
    ])
    const parts: Message = {
      role: "assistant",
      content: [
        { type: "text", text: "O" },
        { type: "text", text: "nce" }
      ],
      partial: true
    }
    assert.deepInclude(of({ messages: [user, parts] })?.messages[1], { content: "OnceHello" })
    const reasonedOnly: Message = { role: "assistant", content: null, reasoning_content: "A", partial: true }
    assert.deepInclude(of({ messages: [user, reasonedOnly] })?.messages[1], { content: "Hello" })
  })

  it("keeps a last assistant message that is not partial", () => {
    const assistantMessage: Message = { role: "assistant", content: "Yes." }
    assert.strictEqual(of({ messages: [user, assistantMessage] })?.messages.length, 3)
  })

  it("reduces the maximum tokens by those generated, under the new name", () => {
    // 33 characters are 10 tokens by estimate, and 68 are 20.
    const beginning = { content: "x".repeat(33), reasoning: "y".repeat(68) }
    assert.strictEqual(of({ max_completion_tokens: 100 }, beginning)?.max_completion_tokens, 70)
    const old = of({ max_tokens: 100 }, beginning)
    assert.strictEqual(old?.max_completion_tokens, 70)
    assert.notProperty(old, "max_tokens")
    assert.strictEqual(of({ max_tokens: 1, max_completion_tokens: 31 }, beginning)?.max_completion_tokens, 1)
    assert.notProperty(of({}, beginning), "max_completion_tokens")
  })

  it("is undefined if no tokens are left", () => {
    const beginning = { content: "x".repeat(33), reasoning: "y".repeat(68) }
    assert.isUndefined(of({ max_completion_tokens: 30 }, beginning))
    assert.isUndefined(of({ max_completion_tokens: 7 }, beginning))
  })

  it("is undefined without text", () => {
    assert.isUndefined(of({}, { content: "", reasoning: "Hm" }))
    const own: Message = { role: "assistant", content: "{", partial: true }
    assert.isDefined(of({ messages: [user, own] }, { content: "", reasoning: "Hm" }))
  })

  it("is undefined for several choices or JSON formats", () => {
    assert.isDefined(of({ n: 1 }))
    assert.isUndefined(of({ n: 2 }))
    assert.isDefined(of({ response_format: { type: "text" } }))
    assert.isUndefined(of({ response_format: { type: "json_object" } }))
    assert.isUndefined(
      of({ response_format: { type: "json_schema", json_schema: { name: "a", schema: { type: "object" } } } })
    )
  })

  it("is the first message of a conversation without any", () => {
    assert.deepStrictEqual(of({ messages: [] })?.messages, [{ role: "assistant", content: "Hello", partial: true }])
  })

  it("keeps a partial message that is not the last", () => {
    const earlier: Message = { role: "assistant", content: "Once", partial: true }
    assert.deepStrictEqual(of({ messages: [earlier, user] })?.messages, [
      earlier,
      user,
      { role: "assistant", content: "Hello", partial: true }
    ])
  })

  it("keeps what the conversation has before its partial message", () => {
    const own: Message = { role: "assistant", content: "Once", partial: true }
    assert.deepStrictEqual(of({ messages: [user, user, own] })?.messages, [
      user,
      user,
      { role: "assistant", content: "OnceHello", partial: true }
    ])
  })

  it("extends no message of another role", () => {
    assert.deepStrictEqual(of({ messages: [user] })?.messages[0], user)
  })
})
