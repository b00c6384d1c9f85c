import { assert, describe, it } from "@effect/vitest"
import type { Message } from "@kimi-effect/core/Message"
import { requestSize } from "../../../src/internal/rules/requestSize.ts"
import { providers } from "../../../src/Provider.ts"

const megabyte = 1024 * 1024

/** The same string for all messages, so that they share its memory. */
const text = "x".repeat(megabyte)

const image = (url: string): Message => ({ role: "user", content: [{ type: "image_url", image_url: { url } }] })

const check = (messages: ReadonlyArray<Message>, provider: "moonshot" | "together") =>
  requestSize({ model: "kimi-k3", messages }, { provider: providers[provider], knownModel: undefined })

describe("requestSize", () => {
  it("allows a request of the largest size", () => {
    assert.isUndefined(
      check(
        Array.from({ length: 100 }, () => ({ role: "user", content: text })),
        "moonshot"
      )
    )
  })

  it("refuses text over Moonshot's limit", () => {
    const messages = Array.from({ length: 101 }, (): Message => ({ role: "user", content: text }))
    assert.strictEqual(check(messages, "moonshot")?.error._tag, "RequestTooLargeError")
  })

  it("counts data URLs", () => {
    assert.strictEqual(
      check(
        Array.from({ length: 101 }, () => image(text)),
        "moonshot"
      )?.error._tag,
      "RequestTooLargeError"
    )
  })

  it("counts the arguments of tool calls", () => {
    const call = { id: "a", type: "function", function: { name: "f", arguments: text } } as const
    const messages: ReadonlyArray<Message> = [
      { role: "assistant", tool_calls: Array.from({ length: 101 }, () => call) }
    ]
    assert.strictEqual(check(messages, "moonshot")?.error._tag, "RequestTooLargeError")
  })

  it("leaves Moonshot's limit out at another host", () => {
    assert.isUndefined(
      check(
        Array.from({ length: 101 }, () => image(text)),
        "together"
      )
    )
  })

  it("refuses a body longer than a string can be, at any host", () => {
    assert.strictEqual(
      check(
        Array.from({ length: 580 }, () => image(text)),
        "together"
      )?.error._tag,
      "RequestTooLargeError"
    )
  })
})
