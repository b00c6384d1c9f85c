import { assert, describe, it } from "@effect/vitest"
import type { CachedContent } from "../../../../src/cache/internal/CachedResponse.ts"
import * as HeapSize from "../../../../src/cache/internal/levels/HeapSize.ts"
import { ChatResponse } from "../../../../src/models/ChatResponse.ts"

type Members = ConstructorParameters<typeof ChatResponse>[0]

const choice = { index: 0, message: { role: "assistant" as const, content: "" }, finish_reason: "stop" }

const sizeOf = (members: Partial<Members>, content: Partial<CachedContent> = {}): number =>
  HeapSize.ofEntry({
    response: new ChatResponse({ id: "1", model: "m", created: 1, choices: [choice], ...members }),
    tags: [],
    ...content
  })

/** The bytes that members add to the same response without them. */
const addedBy = (members: Partial<Members>, without: Partial<Members> = {}) => sizeOf(members) - sizeOf(without)

/** A text of 16 characters has 32 bytes with its header. */
const text = "0123456789abcdef"

const withMessage = (message: object, finish_reason = "stop"): Pick<Members, "choices"> => ({
  choices: [{ ...choice, message: { ...choice.message, ...message }, finish_reason }]
})

const call = (members: object = {}) => ({
  tool_calls: [{ id: "1", type: "function", function: { name: "look", arguments: "{}", ...members } }]
})

const usage = {
  prompt_tokens: 1,
  completion_tokens: 1,
  total_tokens: 2,
  cached_tokens: 0,
  cache_write_tokens: 0,
  reasoning_tokens: 0
}

describe("the heap size of an entry", () => {
  it("is 452 bytes for a response without a text", () => {
    assert.strictEqual(sizeOf({}), 340 + 112)
  })

  it.each(["id", "model", "provider", "requestId", "traceId", "requestedModel"])("counts the text of %s", (member) => {
    assert.strictEqual(addedBy({ [member]: text }), 32)
  })

  it("counts no text of up to ten characters", () => {
    assert.strictEqual(addedBy({ id: "0123456789" }), 0)
  })

  it("counts a text of eleven characters", () => {
    assert.strictEqual(addedBy({ id: "0123456789a" }), 32)
  })

  it("counts two bytes for each character of a text that is not Latin", () => {
    assert.strictEqual(addedBy({ id: `${text}中` }), 16 + 40)
  })

  it("counts usage", () => {
    assert.strictEqual(addedBy({ usage }), 104)
  })

  it("counts warnings", () => {
    assert.strictEqual(addedBy({ warnings: [text, "short"] }), 56 + 8 + 32 + 8)
  })

  it("counts a choice", () => {
    assert.strictEqual(addedBy({ choices: [choice, { ...choice, index: 1 }] }), 112)
  })

  it.each([{ content: text }, { reasoning_content: text }])("counts the text of %j", (message) => {
    assert.strictEqual(addedBy(withMessage(message), withMessage({})), 32)
  })

  it("counts the reason of the end", () => {
    assert.strictEqual(addedBy(withMessage({}, text), withMessage({})), 32)
  })

  it("counts a call of a tool", () => {
    assert.strictEqual(addedBy(withMessage(call()), withMessage({})), 56 + 112)
  })

  it.each([{ name: text }, { arguments: text }])("counts the text of a call with %j", (members) => {
    assert.strictEqual(addedBy(withMessage(call(members)), withMessage(call())), 32)
  })

  it.each([{ id: text }, { type: "builtin_function" }])("counts a call with %j", (members) => {
    const calls = call().tool_calls.map((one) => ({ ...one, ...members }))
    assert.strictEqual(addedBy(withMessage({ tool_calls: calls }), withMessage(call())), 32)
  })

  it("counts tags", () => {
    assert.strictEqual(sizeOf({}, { tags: [text, "a"] }) - sizeOf({}), 8 + 32 + 8)
  })

  it("counts a recording", () => {
    assert.strictEqual(sizeOf({}, { recording: [1, 2, 3] }) - sizeOf({}), 56 + 24)
  })
})
