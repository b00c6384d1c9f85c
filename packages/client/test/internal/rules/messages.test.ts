import { assert, describe, it } from "@effect/vitest"
import type * as KimiConfig from "@kimi-effect/core/KimiConfig"
import type { ContentPart, Message } from "@kimi-effect/core/Message"
import { emptyMessages, emptyParts, media, partialMode } from "../../../src/internal/rules/messages.ts"
import { ask, elsewhere, requestOf, user } from "../support/rules.ts"

const call = { id: "f_0", type: "function", function: { name: "f", arguments: "{}" } }
const hosts = ["moonshot", ...elsewhere] as const

describe("emptyMessages", () => {
  it("refuses a request without messages, without a repair", () => {
    assert.deepStrictEqual(ask(emptyMessages, "kimi-k3", { messages: [] }), {
      error: { _tag: "InvalidRequestError", message: "There are no messages", parameter: "messages" }
    })
  })

  it("refuses an empty message, which the repair removes", () => {
    const empty: ReadonlyArray<Message> = [
      { role: "user", content: "" },
      { role: "user", content: [] },
      { role: "user", content: [{ type: "text", text: "" }] },
      { role: "system" },
      { role: "system", content: "", tools: [] },
      { role: "assistant" },
      { role: "assistant", content: null },
      { role: "assistant", content: "", tool_calls: [] },
      { role: "assistant", content: "", reasoning_content: "Hm" },
      { role: "assistant", content: "", partial: true },
      { role: "assistant", content: "", partial: true, reasoning_content: "" }
    ]
    for (const host of hosts) {
      for (const message of empty) {
        assert.deepStrictEqual(
          ask(emptyMessages, "kimi-k3", { messages: [user, message, user] }, host),
          {
            error: {
              _tag: "EmptyMessageError",
              message: `The ${message.role} message 1 has no content`,
              parameter: "messages[1]"
            },
            repaired: requestOf("kimi-k3", { messages: [user, user] }),
            note: "removed messages[1]"
          },
          JSON.stringify(message)
        )
      }
    }
  })

  it("does not repair by removing the only message", () => {
    const found = ask(emptyMessages, "kimi-k3", { messages: [{ role: "user", content: "" }] })
    assert.deepInclude(found?.error, { _tag: "EmptyMessageError", parameter: "messages[0]" })
    assert.notProperty(found, "repaired")
  })

  it("accepts every form of content", () => {
    const messages: ReadonlyArray<Message> = [
      { role: "system", tools: [{ type: "function", function: { name: "f" } }] },
      { role: "user", content: " " },
      { role: "user", content: [{ type: "text", text: "x" }] },
      {
        role: "user",
        content: [
          { type: "text", text: "" },
          { type: "image_url", image_url: "ms://f" }
        ]
      },
      { role: "assistant", content: "", tool_calls: [call] },
      { role: "tool", tool_call_id: "f_0", content: "" },
      { role: "assistant", content: "", partial: true, reasoning_content: "Hm" }
    ]
    assert.isUndefined(ask(emptyMessages, "kimi-k3", { messages }))
  })
})

describe("emptyParts", () => {
  const text = { type: "text", text: "x" } as const
  const empty = { type: "text", text: "" } as const
  const image = { type: "image_url", image_url: "ms://file_1" } as const

  it("refuses an empty text next to other parts, which the repair removes", () => {
    assert.deepStrictEqual(
      ask(emptyParts, "kimi-k3", { messages: [user, { role: "user", content: [empty, image] }] }),
      {
        error: {
          _tag: "EmptyMessageError",
          message: "The user message 1 has an empty text part",
          parameter: "messages[1].content"
        },
        repaired: requestOf("kimi-k3", { messages: [user, { role: "user", content: [image] }] }),
        note: "removed empty text parts of messages[1]"
      }
    )
  })

  it("accepts parts with text, or calls whose empty content is left out", () => {
    const caller: Message = { role: "assistant", content: [empty], tool_calls: [call] }
    const messages: ReadonlyArray<Message> = [{ role: "user", content: [text, image] }, caller]
    assert.isUndefined(ask(emptyParts, "kimi-k3", { messages }))
  })

  it("applies at Moonshot only", () => {
    const messages: ReadonlyArray<Message> = [{ role: "user", content: [empty, text] }]
    for (const host of elsewhere) assert.isUndefined(ask(emptyParts, "kimi-k3", { messages }, host))
  })
})

describe("partialMode", () => {
  const partial: Message = { role: "assistant", content: "{", partial: true }

  it("accepts a partial last message", () => {
    assert.isUndefined(ask(partialMode, "kimi-k3", { messages: [user, partial] }))
  })

  it("accepts earlier messages whose partial member is false", () => {
    assert.isUndefined(
      ask(partialMode, "kimi-k3", { messages: [{ role: "assistant", content: "x", partial: false }, user] })
    )
  })

  it("refuses a partial message before the last", () => {
    const first = ask(partialMode, "kimi-k3", { messages: [partial, user] })
    assert.deepInclude(first?.error, { parameter: "messages[0].partial" })
    for (const messages of [
      [user, partial, user],
      [user, partial, partial]
    ]) {
      assert.deepStrictEqual(ask(partialMode, "kimi-k3", { messages }), {
        error: {
          _tag: "InvalidRequestError",
          message: "Only the last message may be partial",
          parameter: "messages[1].partial"
        }
      })
    }
  })

  const messages = [user, partial]

  it("refuses a combination with json_object", () => {
    assert.deepStrictEqual(ask(partialMode, "kimi-k3", { messages, response_format: { type: "json_object" } }), {
      error: {
        _tag: "InvalidRequestError",
        message: "Partial Mode must not be combined with json_object",
        parameter: "response_format"
      }
    })
  })

  it("accepts a combination with another format", () => {
    assert.isUndefined(ask(partialMode, "kimi-k3", { messages, response_format: { type: "text" } }))
  })

  it("accepts json_object without Partial Mode", () => {
    assert.isUndefined(ask(partialMode, "kimi-k3", { messages: [user], response_format: { type: "json_object" } }))
  })
})

const image = (url: string): ContentPart => ({ type: "image_url", image_url: { url } })
const video = (url: string): ContentPart => ({ type: "video_url", video_url: { url } })

/** The error message for one part at `messages[1].content[1]`. */
const fault = (part: ContentPart, host: KimiConfig.ProviderId = "moonshot", model = "kimi-k3"): unknown => {
  const found = ask(
    media,
    model,
    { messages: [user, { role: "user", content: [{ type: "text", text: "x" }, part] }] },
    host
  )
  if (found === undefined) return undefined
  assert.deepInclude(found.error, { _tag: "UnsupportedMediaError", parameter: "messages[1].content[1]" })
  assert.notProperty(found, "repaired")
  return found.error["message"]
}

describe("media", () => {
  it("accepts data: URLs in both forms at every host", () => {
    for (const host of hosts) {
      assert.isUndefined(fault(image("data:image/png;base64,AAAA"), host))
      assert.isUndefined(fault({ type: "image_url", image_url: "DATA:image/webp;base64,AAAA" }, host))
      assert.isUndefined(fault(video("data:video/mp4;base64,AAAA"), host))
      assert.isUndefined(fault({ type: "video_url", video_url: "data:video/webm;base64,AAAA" }, host))
      assert.isUndefined(fault({ type: "text", text: "https://example.com/cat.png" }, host))
    }
  })

  it("accepts uploaded files at Moonshot only", () => {
    for (const host of ["moonshot", "moonshot-cn"] as const) assert.isUndefined(fault(image("ms://f"), host))
    for (const host of elsewhere)
      assert.strictEqual(fault(video("ms://f"), host), `${host} does not support ms:// files`)
  })

  it("accepts http(s) URLs only where the host fetches them", () => {
    for (const url of ["https://example.com/cat.png", "http://example.com/cat.png", "HTTPS://example.com/cat.png"]) {
      for (const host of ["moonshot", "moonshot-cn", "ollama"] as const) {
        assert.strictEqual(fault(image(url), host), `${host} does not fetch images from URLs`)
        assert.strictEqual(fault(video(url), host), `${host} does not fetch videos from URLs`)
      }
      for (const host of ["together", "openrouter", "custom"] as const) assert.isUndefined(fault(image(url), host))
    }
  })

  it("refuses every other URL at every host", () => {
    for (const host of hosts) {
      for (const url of [
        "",
        "cat.png",
        "/etc/passwd",
        "file:///etc/passwd",
        "ftp://example.com/x",
        " data:image/png,x"
      ]) {
        assert.strictEqual(fault(image(url), host), "The image is neither a data: URL nor an uploaded file")
        assert.strictEqual(fault(video(url), host), "The video is neither a data: URL nor an uploaded file")
      }
      for (const url of ["data:image/svg+xml;base64,AAAA", "DATA:image/SVG+xml,x"]) {
        assert.strictEqual(fault(image(url), host), "SVG images are not supported")
      }
    }
  })

  it("refuses media that the model does not support, at Moonshot", () => {
    const png = image("data:image/png;base64,AAAA")
    const mp4 = video("data:video/mp4;base64,AAAA")
    assert.strictEqual(fault(png, "moonshot", "kimi-k2-thinking"), "kimi-k2-thinking does not support image input")
    assert.strictEqual(
      fault(mp4, "moonshot", "moonshot-v1-8k-vision-preview"),
      "moonshot-v1-8k-vision-preview does not support video input"
    )
    assert.isUndefined(fault(png, "moonshot", "moonshot-v1-8k-vision-preview"))
    assert.isUndefined(fault(mp4, "moonshot", "kimi-k2.6"))
    assert.isUndefined(fault(png, "moonshot", "unknown"))
    assert.isUndefined(fault(png, "together", "moonshotai/Kimi-K2-Thinking"))
  })

  it("checks tool results", () => {
    const content = [image("https://example.com/cat.png")]
    const found = ask(media, "kimi-k3", { messages: [user, { role: "tool", tool_call_id: "f_0", content }] })
    assert.deepInclude(found?.error, { _tag: "UnsupportedMediaError", parameter: "messages[1].content[0]" })
  })
})
