import { assert, describe, it } from "@effect/vitest"
import * as Fixtures from "../../../src/node/Fixtures.ts"
import * as RequestCheck from "../../../src/node/internal/requestCheck.ts"
import type { ReceivedRequest } from "../../../src/node/ReceivedRequest.ts"
import { table as errorTable } from "../../../src/ErrorReply.ts"
import { question } from "../support/RawClient.ts"

const requestOf = (json: unknown): ReceivedRequest => ({
  method: "POST",
  path: "/v1/chat/completions",
  query: "",
  headers: {},
  body: JSON.stringify(json),
  json
})
const isKnownModel = RequestCheck.makeModelFilter(undefined)
const check = (members: object) => RequestCheck.checkChat(requestOf({ ...question, ...members }), isKnownModel)
const message = (members: object): string | undefined => {
  const reply = check(members)
  // Every rejection has Kimi's error format.
  return reply && (reply.body as { readonly error: { readonly message: string } }).error.message
}
const call = { id: "add_0", type: "function", function: { name: "add", arguments: "{}" } }

describe("requestCheck", () => {
  it("accepts what Kimi accepted", () => {
    for (const name of Fixtures.exchangeNames.filter((name) => name.startsWith("plain-"))) {
      assert.isUndefined(RequestCheck.checkChat(requestOf(Fixtures.exchange(name).request), isKnownModel), name)
    }
  })

  it("rejects what Kimi rejected with the same response", () => {
    for (const name of ["error-400-invalid-temperature", "error-400-unknown-tool-type"] as const) {
      const { body, request, status } = Fixtures.exchange(name)
      const reply = RequestCheck.checkChat(requestOf(request), isKnownModel)
      assert.deepStrictEqual([reply?.status, reply?.body], [status, body], name)
    }
    assert.deepStrictEqual(
      check({ model: "kimi-k2.7-code", thinking: { type: "disabled" } })?.body,
      Fixtures.exchange("error-400-thinking-disabled-not-allowed").body
    )
  })

  it("names the path of an invalid member", () => {
    assert.strictEqual(check({ messages: 1 })?.status, 400)
    assert.match(
      message({ messages: [{ role: "user", content: 3 }] }) ?? "",
      /^Invalid request: messages\.0\.content: /
    )
    assert.match(message({ max_tokens: -1 }) ?? "", /^Invalid request: max_tokens: /)
    assert.match(message({ model: undefined }) ?? "", /^Invalid request: model: /)
    assert.strictEqual(RequestCheck.checkChat(requestOf(undefined), isKnownModel)?.status, 400)
    assert.strictEqual(RequestCheck.checkChat(requestOf([]), isKnownModel)?.status, 400)
  })

  it("treats null as absent", () => {
    const messages = [
      { role: "user", content: "add" },
      { role: "assistant", content: null, reasoning_content: "hm", tool_calls: [call] },
      { role: "tool", tool_call_id: "add_0", content: "2" }
    ]
    assert.isUndefined(check({ messages, temperature: null }))
  })

  it("ignores unknown members", () => {
    assert.isUndefined(check({ seed: 4 }))
  })

  it("rejects models that are not live", () => {
    for (const model of ["gpt-5", "kimi-k2.5", "moonshotai/kimi-k3"]) {
      assert.strictEqual(check({ model })?.status, 404)
      assert.strictEqual(message({ model }), `Not found the model ${model} or Permission denied`)
    }
    assert.deepStrictEqual(check({ model: "kimi-k2.5" })?.body, errorTable.modelNotFound.body)
  })

  it("accepts live models that are not listed", () => {
    assert.isUndefined(check({ model: "kimi-k3.1-pro" }))
  })

  it("accepts only the fixed sampling parameters of a model", () => {
    assert.strictEqual(message({ top_p: 1 }), "invalid top_p: only 0.95 is allowed for this model")
    assert.strictEqual(message({ n: 2 }), "invalid n: only 1 is allowed for this model")
    assert.strictEqual(message({ presence_penalty: 1 }), "invalid presence_penalty: only 0 is allowed for this model")
    assert.strictEqual(message({ frequency_penalty: 1 }), "invalid frequency_penalty: only 0 is allowed for this model")
    assert.isUndefined(check({ temperature: 1, top_p: 0.95, n: 1, presence_penalty: 0, frequency_penalty: 0 }))
  })

  it("requires another temperature without thinking", () => {
    const thinking = { type: "disabled" }
    assert.isUndefined(check({ model: "kimi-k2.6", thinking, temperature: 0.6 }))
    assert.strictEqual(
      message({ model: "kimi-k2.6", thinking, temperature: 1 }),
      "invalid temperature: only 0.6 is allowed for this model"
    )
    assert.strictEqual(
      message({ model: "kimi-k2.6", temperature: 0.6 }),
      "invalid temperature: only 1 is allowed for this model"
    )
  })

  it("accepts required tools depending on the model", () => {
    const tools = [{ type: "function", function: { name: "add" } }]
    const named = { type: "function", function: { name: "add" } }
    assert.isUndefined(check({ tools, tool_choice: "required" }))
    assert.strictEqual(
      message({ model: "kimi-k2.6", tools, tool_choice: "required" }),
      errorMessage("toolChoiceRequired")
    )
    assert.strictEqual(message({ tools, tool_choice: named }), errorMessage("toolChoiceSpecified"))
    const thinking = { type: "disabled" }
    assert.isUndefined(check({ model: "kimi-k2.6", thinking, tools, tool_choice: "required" }))
    assert.isUndefined(check({ model: "kimi-k2.6", thinking, tools, tool_choice: named }))
  })

  it("accepts at most five stop sequences", () => {
    assert.isUndefined(check({ stop: ["1", "2", "3", "4", "5"] }))
    assert.strictEqual(message({ stop: ["1", "2", "3", "4", "5", "6"] }), errorMessage("stopTooLong"))
  })

  it("requires the reasoning of tool calls while thinking", () => {
    const history = (reasoning: object) => [
      { role: "user", content: "add" },
      { role: "assistant", content: "", tool_calls: [call], ...reasoning },
      { role: "tool", tool_call_id: "add_0", content: "2" }
    ]
    assert.strictEqual(
      message({ messages: history({}) }),
      "thinking is enabled but reasoning_content is missing in assistant tool call message at index 1"
    )
    assert.isUndefined(check({ messages: history({ reasoning_content: "" }) }))
    assert.isUndefined(
      check({
        messages: [
          { role: "user", content: "a" },
          { role: "assistant", content: "b" }
        ]
      })
    )
    assert.isUndefined(check({ model: "kimi-k2.6", thinking: { type: "disabled" }, messages: history({}) }))
  })

  it("checks the tools", () => {
    const tool = { type: "function", function: { name: "get_weather" } }
    assert.strictEqual(message({ tools: [tool, tool] }), "Invalid request: function name get_weather is duplicated")
  })

  it("requires a call for every tool result", () => {
    const messages = [
      { role: "user", content: "add" },
      { role: "tool", tool_call_id: "add_1", content: "2" }
    ]
    assert.strictEqual(message({ messages }), "tool_call_id  is not found")
  })
})

const errorMessage = (name: "toolChoiceRequired" | "toolChoiceSpecified" | "stopTooLong") =>
  // Error responses with a message are JSON in Kimi's error format.
  (errorTable[name].body as { readonly error: { readonly message: string } }).error.message
