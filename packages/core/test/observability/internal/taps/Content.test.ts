import { assert, describe, it } from "@effect/vitest"
import type { ChatRequest } from "../../../../src/models/ChatRequest.ts"
import * as Content from "../../../../src/observability/internal/taps/Content.ts"

const as = (text: string) => text

const messages: ChatRequest["messages"] = [
  { role: "system", content: "s".repeat(10) },
  {
    role: "user",
    content: [
      { type: "text", text: "look" },
      { type: "image_url", image_url: { url: "data:secret" } }
    ]
  },
  {
    role: "assistant",
    content: "",
    reasoning_content: "why",
    tool_calls: [{ id: "f_0", type: "function", function: { name: "f", arguments: '{"a":1}' } }]
  },
  { role: "tool", tool_call_id: "f_0", content: "done" }
]

const parse = (options: Content.Options): unknown => JSON.parse(Content.fromRequest(options, { messages }))

describe("captured content", () => {
  it("has the form of the conventions, without image data", () => {
    assert.deepStrictEqual(parse({ redact: as }), [
      { role: "system", parts: [{ type: "text", content: "ssssssssss" }] },
      { role: "user", parts: [{ type: "text", content: "look" }, { type: "image_url" }] },
      {
        role: "assistant",
        parts: [
          { type: "reasoning", content: "why" },
          { type: "text", content: "" },
          { type: "tool_call", id: "f_0", name: "f", arguments: '{"a":1}' }
        ]
      },
      { role: "tool", parts: [{ type: "tool_call_response", id: "f_0", response: "done" }] }
    ])
  })

  it("is truncated from its start", () => {
    assert.deepStrictEqual(parse({ redact: as, maxLength: 20 }), [
      { role: "system", parts: [{ type: "text", content: "ss…" }] },
      { role: "user", parts: [{ type: "text", content: "look" }, { type: "image_url" }] },
      {
        role: "assistant",
        parts: [
          { type: "reasoning", content: "why" },
          { type: "text", content: "" },
          { type: "tool_call", id: "f_0", name: "f", arguments: '{"a":1}' }
        ]
      },
      { role: "tool", parts: [{ type: "tool_call_response", id: "f_0", response: "done" }] }
    ])
    assert.deepStrictEqual(parse({ redact: as, maxLength: 4 }), [
      { role: "tool", parts: [{ type: "tool_call_response", id: "f_0", response: "done" }] }
    ])
  })

  it("is redacted before it is truncated", () => {
    const seen: Array<string> = []
    const redact = (text: string) => {
      seen.push(text)
      return "x".repeat(30)
    }
    assert.deepStrictEqual(parse({ redact, maxLength: 8 }), [
      { role: "tool", parts: [{ type: "tool_call_response", id: "f_0", response: "xxxxxxxx…" }] }
    ])
    assert.deepStrictEqual(seen, ["done"])
  })

  it("is withheld if redaction fails", () => {
    const text = Content.fromRequest(
      {
        redact: () => {
          throw new Error("no")
        }
      },
      { messages }
    )
    assert.notInclude(text, "look")
    assert.notInclude(text, "done")
    assert.include(text, "withheld")
  })
})
