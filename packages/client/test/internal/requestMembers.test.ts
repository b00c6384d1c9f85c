import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import { validate } from "../../src/internal/encodeRequest.ts"
import { tryRead } from "../../src/internal/readRequest.ts"
import { withoutAbsent, withUnknownMembers } from "../../src/internal/requestMembers.ts"
import { providers } from "../../src/Provider.ts"

const validated = (request: object): unknown => Result.getOrThrow(validate(request, providers.openrouter))

describe("withoutAbsent", () => {
  it("returns a request without absent members as it is", () => {
    const request = { messages: [{ role: "user", content: "hi" }], tools: [1], stop: [] }
    assert.strictEqual(withoutAbsent(request), request)
  })

  it("removes null members of the request", () => {
    assert.deepStrictEqual(withoutAbsent({ messages: [], temperature: null }), { messages: [] })
  })

  it("removes null members of a message", () => {
    assert.deepStrictEqual(withoutAbsent({ messages: [{ role: "user", content: "hi", name: null }] }), {
      messages: [{ role: "user", content: "hi" }]
    })
  })

  it("removes an empty list of tools", () => {
    assert.deepStrictEqual(withoutAbsent({ messages: [], tools: [] }), { messages: [] })
  })
})

describe("withUnknownMembers", () => {
  it("returns the encoded request if nothing is missing", () => {
    const encoded = { messages: [{ role: "user" }] }
    assert.strictEqual(withUnknownMembers({ messages: [{ role: "user" }] }, encoded), encoded)
  })

  it("does not restore members that are undefined", () => {
    const encoded = { messages: [] }
    assert.strictEqual(withUnknownMembers({ messages: [], model: undefined }, encoded), encoded)
  })

  it("keeps __proto__ a member", () => {
    const given = JSON.parse('{"messages":[{"role":"user","content":"hi","__proto__":{"polluted":true}}]}')
    const [message] = (validated(given) as { readonly messages: ReadonlyArray<object> }).messages
    assert.isTrue(Object.hasOwn(message ?? {}, "__proto__"))
    assert.notProperty({}, "polluted")
  })
})

describe("validate", () => {
  it("keeps a member of a message that the library does not know", () => {
    const request = { messages: [{ role: "user", content: "hi", cache_control: { type: "ephemeral" } }] }
    assert.deepStrictEqual(validated(request), request)
  })

  it("keeps a member of a content part", () => {
    const part = { type: "image_url", image_url: { url: "data:,", detail: "low" }, index: 1 }
    const request = { messages: [{ role: "user", content: [part] }] }
    assert.deepStrictEqual(validated(request), request)
  })

  it("keeps a member of a tool", () => {
    const tool = { type: "function", function: { name: "f", examples: [1] }, cache_control: { type: "ephemeral" } }
    const request = { messages: [{ role: "user", content: "hi" }], tools: [tool] }
    assert.deepStrictEqual(validated(request), request)
  })

  it("fails for a member that no JSON can hold", () => {
    const request = { messages: [{ role: "user", content: "hi", weight: 5n }] }
    const result = tryRead("openrouter", () => validate(request, providers.openrouter))
    assert.isTrue(Result.isFailure(result))
  })
})
