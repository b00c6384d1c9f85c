import { assert, describe, it } from "@effect/vitest"
import { messageTexts } from "@kimi-effect/core/internal/MessageTexts"
import type { Message } from "@kimi-effect/core/Message"
import { Schema } from "effect"
import { redactQuotes } from "../../src/internal/redactQuotes.ts"

const user = (content: string): Message => ({ role: "user", content })

const without = (text: string, ...contents: ReadonlyArray<string>) => redactQuotes(text, contents.map(user))

describe("redactQuotes", () => {
  it("replaces quotes of the conversation", () => {
    assert.strictEqual(
      without('Invalid request: "the launch code is nightingale" is not allowed', "the launch code is nightingale"),
      'Invalid request: "<redacted>" is not allowed'
    )
  })

  it("keeps a text without quotes", () => {
    assert.strictEqual(without("Rate limit reached, try again", "the launch code"), "Rate limit reached, try again")
    assert.strictEqual(without("", "the launch code is nightingale"), "")
  })

  it("finds a quote at any offset, each time that it occurs", () => {
    const content = Array.from({ length: 40 }, (_, i) => `word${i * 7919}`).join(" ")
    for (let from = 0; from < 40; from++) {
      for (const length of [16, 17, 23, 24, 31, 100]) {
        const piece = content.slice(from, from + length)
        assert.strictEqual(without(`<<${piece}>>|<<${piece}>>`, content), "<<<redacted>>>|<<<redacted>>>", piece)
      }
    }
  })

  it("keeps runs of up to 15 characters, which any two texts share", () => {
    const content = "must not be empty, says the manual"
    assert.strictEqual(without("it must not be emp!", content), "it must not be emp!")
    assert.strictEqual(without("it must not be empt!", content), "it <redacted>!")
    assert.strictEqual(without("too many tokens", "tokens"), "too many tokens")
  })

  it("finds a short message as a whole", () => {
    assert.strictEqual(
      without("refused: PIN 4921; again PIN 4921", " PIN 4921\n"),
      "refused: <redacted>; again <redacted>"
    )
  })

  it("finds quotes in JSON at any depth", () => {
    const content = 'the first line of it\nand "the second one" too, at length'
    const body = JSON.stringify({ content })
    for (const text of [body, JSON.stringify({ body })]) {
      for (const word of ["first", "second", "length"]) assert.notInclude(without(text, content), word)
    }
  })

  it("redacts every part of a conversation", () => {
    const messages = Schema.decodeUnknownSync(Schema.Array(Schema.Unknown))([
      { role: "system", content: "system-0123456789" },
      {
        role: "user",
        content: [
          { type: "text", text: "text-0123456789ab" },
          { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } }
        ]
      },
      { role: "user", content: [{ type: "video_url", video_url: "ms://video-0123456789" }] },
      {
        role: "assistant",
        content: null,
        reasoning_content: "reasoning-0123456789",
        tool_calls: [{ id: "a_0", type: "function", function: { name: "a", arguments: '{"x":"0123456789"}' } }]
      },
      { role: "tool", tool_call_id: "a_0", content: "result-0123456789" }
    ]) as ReadonlyArray<Message>
    const contents = [...messageTexts(messages)]
    assert.strictEqual(contents.length, 7)
    assert.strictEqual(redactQuotes(contents.join("; "), messages), Array.from(contents, () => "<redacted>").join("; "))
  })

  it("takes linear time for a text that matches everywhere: otherwise this would take minutes", () => {
    const hostile = "a".repeat(8_192)
    assert.strictEqual(without(hostile, "aaaaaaaaab".repeat(1_000_000)), hostile)
    assert.strictEqual(without(hostile, "a".repeat(10_000_000)), "<redacted>")
    const indented = `${" ".repeat(40)}const value = 1\n`.repeat(100_000)
    assert.strictEqual(without(" ".repeat(8_192), indented), "<redacted>")
  })
})
