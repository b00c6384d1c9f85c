import { assert, describe, it } from "@effect/vitest"
import type { Message } from "@kimi-effect/core/Message"
import { promptMessages } from "../../../../src/agent/internal/loop/promptMessages.ts"

const conversation: ReadonlyArray<Message> = [
  { role: "system", content: "Be brief." },
  {
    role: "user",
    content: [
      { type: "text", text: "What is this?" },
      { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } },
      { type: "video_url", video_url: "ms://file-1" }
    ]
  },
  {
    role: "assistant",
    content: "Let me see.",
    reasoning_content: "Hm",
    tool_calls: [
      { id: "read_0", type: "function", function: { name: "read", arguments: '{"path":"a"}' } },
      { id: "read_1", type: "function", function: { name: "read", arguments: '{"path' } }
    ]
  },
  { role: "tool", tool_call_id: "read_0", content: "a cat" }
]

describe("promptMessages", () => {
  it("keeps the roles of a conversation", () => {
    assert.deepStrictEqual(
      promptMessages(conversation).map(({ role }) => role),
      ["system", "user", "assistant", "tool"]
    )
  })

  it("has files with their media type", () => {
    const content = promptMessages(conversation)[1]?.content
    assert(Array.isArray(content))
    assert.deepStrictEqual(
      content.map((part) => (part.type === "file" ? [part.mediaType, part.data] : part.type)),
      ["text", ["image/png", "data:image/png;base64,AAAA"], ["video/*", "ms://file-1"]]
    )
  })

  it("has the arguments of calls as values, unless they are not JSON", () => {
    const content = promptMessages(conversation)[2]?.content
    assert(Array.isArray(content))
    assert.deepStrictEqual(
      content.map((part) => (part.type === "tool-call" ? part.params : part.type)),
      ["reasoning", "text", { path: "a" }, '{"path']
    )
  })

  it("names the tool of a result", () => {
    const content = promptMessages(conversation)[3]?.content
    assert(Array.isArray(content))
    assert.deepStrictEqual(
      content.map((part) => (part.type === "tool-result" ? [part.name, part.result] : part.type)),
      [["read", "a cat"]]
    )
  })
})
