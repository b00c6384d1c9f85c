import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Messages from "../../src/models/Message.ts"
import { Message } from "../../src/models/Message.ts"
import { refusal, throughText } from "../support/codec.ts"

const roundTrip = (message: unknown): unknown =>
  throughText(Schema.encodeSync(Message)(Schema.decodeUnknownSync(Message)(message)))

const call = { id: "get_weather_0", type: "function", function: { name: "get_weather", arguments: '{"city":"Paris"}' } }

describe("Message", () => {
  it("keeps every member of every role", () => {
    const messages = [
      { role: "system", content: "Be brief.", name: "rules" },
      { role: "user", content: "2+2?", name: "ada" },
      { role: "assistant", content: "", reasoning_content: "Hm", tool_calls: [call] },
      { role: "assistant", content: "{", partial: true, name: "Ada" },
      { role: "tool", tool_call_id: "get_weather_0", content: "18 degrees", name: "get_weather" }
    ]
    for (const message of messages) assert.deepStrictEqual(roundTrip(message), message)
  })

  it("keeps reasoning unchanged, including an empty text", () => {
    for (const reasoning_content of ["", " thought\n\u2028\ud83d\udc4b "]) {
      const message = { role: "assistant", content: "", reasoning_content, tool_calls: [call] }
      assert.deepStrictEqual(roundTrip(message), message)
    }
  })

  it("accepts text, images or videos in both forms", () => {
    const content = [
      { type: "text", text: "What is this?" },
      { type: "image_url", image_url: { url: "data:image/png;base64,AA==" } },
      { type: "image_url", image_url: "ms://file_1" },
      { type: "video_url", video_url: { url: "ms://file_2" } }
    ]
    assert.deepStrictEqual(roundTrip({ role: "user", content }), { role: "user", content })
    assert.deepStrictEqual(roundTrip({ role: "tool", tool_call_id: "a", content }), {
      role: "tool",
      tool_call_id: "a",
      content
    })
  })

  it("accepts a system message that only loads tools", () => {
    const message = { role: "system", tools: [{ type: "function", function: { name: "get_weather" } }] }
    assert.deepStrictEqual(roundTrip(message), message)
  })

  it("accepts an assistant message without content", () => {
    const message = { role: "assistant", tool_calls: [call] }
    assert.deepStrictEqual(roundTrip(message), message)
  })

  it("drops unknown members", () => {
    const message = { role: "user", content: "hi", cache_control: { type: "ephemeral" }, __proto__: null }
    assert.deepStrictEqual(roundTrip(message), { role: "user", content: "hi" })
  })

  it("refuses an unknown role", () => {
    for (const role of ["developer", "function", "cache", "", undefined]) {
      assert.isDefined(refusal(Message, { role, content: "hi" }), role)
    }
  })

  it("refuses a message that lacks a required member, with its path", () => {
    assert.include(refusal(Message, { role: "user" }), '["content"]')
    assert.include(refusal(Message, { role: "tool", content: "hi" }), '["tool_call_id"]')
    assert.include(refusal(Message, { role: "assistant", tool_calls: [{ id: "a", type: "function" }] }), '["function"]')
    assert.include(
      refusal(Message, { role: "user", content: [{ type: "text", text: "a" }, { type: "audio" }] }),
      '["content"]'
    )
  })

  it("refuses an image in an assistant's or a system message", () => {
    const content = [{ type: "image_url", image_url: "ms://file_1" }]
    assert.isDefined(refusal(Message, { role: "assistant", content }))
    assert.isDefined(refusal(Message, { role: "system", content }))
  })
})

describe("system", () => {
  it("makes instructions", () => {
    assert.deepStrictEqual(Messages.system("Be brief.", { name: "rules" }), {
      role: "system",
      content: "Be brief.",
      name: "rules"
    })
  })
})

describe("user", () => {
  it("makes a message of a text or of parts", () => {
    const content = [{ type: "image_url", image_url: "ms://file_1" }] as const
    assert.deepStrictEqual(Messages.user("Hi"), { role: "user", content: "Hi" })
    assert.deepStrictEqual(Messages.user(content), { role: "user", content })
  })
})

describe("assistant", () => {
  it("makes a message with the options as members", () => {
    const options = { reasoning_content: "Hm", tool_calls: [call] }
    assert.deepStrictEqual(Messages.assistant("", options), { role: "assistant", content: "", ...options })
  })
})

describe("tool", () => {
  it("makes the result of a call or of its id", () => {
    const result = { role: "tool", tool_call_id: call.id, content: "18 degrees" } as const
    assert.deepStrictEqual(Messages.tool(call, "18 degrees"), result)
    assert.deepStrictEqual(Messages.tool(call.id, "18 degrees"), result)
  })
})
