import { assert, describe, it } from "@effect/vitest"
import type { Message } from "@kimi-effect/core/Message"
import { Effect } from "effect"
import * as History from "../../src/agent/History.ts"

const messagesOf = (history: unknown) => Effect.map(History.read(history), ({ messages }) => messages)

const question = { role: "user", content: "Weather in Oslo?" } as const
const call = { id: "c_1", type: "function", function: { name: "weather", arguments: '{"city":"Oslo"}' } }
describe("read", () => {
  it.effect("reads instructions under their names", () =>
    Effect.gen(function* () {
      const history = [
        { role: "developer", content: "Be brief." },
        { type: "system", content: [{ type: "text", text: "Be kind." }] }
      ]
      assert.deepStrictEqual(yield* messagesOf(history), [
        { role: "system", content: "Be brief." },
        { role: "system", content: "Be kind." }
      ])
    })
  )

  const png = "data:image/png;base64,AQID"
  it.effect.each([
    [{ type: "image_url", image_url: png }, png],
    [{ type: "image_url", image_url: { url: "ms://1", detail: "low" } }, "ms://1"],
    [{ type: "input_image", image_url: png }, png],
    [{ type: "image", image: new Uint8Array([1, 2, 3]), mediaType: "image/png" }, png],
    [{ type: "image", image: new URL("https://x.test/a.png") }, "https://x.test/a.png"],
    [{ type: "file", data: "AQID", mediaType: "image/png" }, png],
    [{ type: "file", url: png, mediaType: "image/png" }, png],
    [{ type: "image", source: { type: "base64", media_type: "image/png", data: "AQID" } }, png],
    [{ type: "image", source: { type: "url", url: "https://x.test/a.png" } }, "https://x.test/a.png"],
    [{ type: "image", source_type: "base64", mime_type: "image/png", data: "AQID" }, png]
  ] as const)("reads an image of the form %#", ([part, url]) =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* messagesOf([{ role: "user", content: [part] }]), [
        { role: "user", content: [{ type: "image_url", image_url: { url } }] }
      ])
    })
  )

  it.effect("reads a video by its media type", () =>
    Effect.gen(function* () {
      const part = { type: "file", data: "AQID", mediaType: "video/mp4" }
      assert.deepStrictEqual(yield* messagesOf([{ role: "user", content: [part] }]), [
        { role: "user", content: [{ type: "video_url", video_url: { url: "data:video/mp4;base64,AQID" } }] }
      ])
    })
  )

  it.effect("reports parts that have no place in a message", () =>
    Effect.gen(function* () {
      const content = [
        { type: "text", text: "Listen:" },
        { type: "input_audio", input_audio: { data: "secret", format: "wav" } },
        { type: "file", data: "AQID", mediaType: "application/pdf" },
        7
      ]
      const { ignored, messages } = yield* History.read([question, { role: "user", content }])
      assert.deepStrictEqual(messages.at(-1), { role: "user", content: "Listen:" })
      assert.deepStrictEqual(ignored, [
        { index: 1, type: "input_audio" },
        { index: 1, type: "file" },
        { index: 1, type: "without a type" }
      ])
    })
  )

  it.effect("keeps parallel calls of a user interface in one message", () =>
    Effect.gen(function* () {
      const part = (id: string) => ({ type: "tool-f", toolCallId: id, input: {}, output: { degrees: 3 } })
      const [message, ...results] = yield* messagesOf([
        { role: "assistant", parts: [{ type: "step-start" }, part("a"), part("b")] }
      ])
      assert.deepStrictEqual(message?.role === "assistant" ? message.tool_calls?.map(({ id }) => id) : [], ["a", "b"])
      assert.deepStrictEqual(results, [
        { role: "tool", tool_call_id: "a", content: '{"degrees":3}' },
        { role: "tool", tool_call_id: "b", content: '{"degrees":3}' }
      ])
    })
  )

  it.effect("keeps calls that LangChain could not parse", () =>
    Effect.gen(function* () {
      const invalid = [{ id: "c_1", name: "weather", args: '{"city":', error: "Malformed" }]
      const [message] = yield* messagesOf([{ type: "ai", content: "", tool_calls: [], invalid_tool_calls: invalid }])
      assert.deepStrictEqual(message?.role === "assistant" ? message.tool_calls : [], [
        { ...call, function: { name: "weather", arguments: '{"city":' } }
      ])
    })
  )

  it.effect("reads a refusal as the text", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* messagesOf([{ role: "assistant", content: null, refusal: "No." }]), [
        { role: "assistant", content: "No." }
      ])
    })
  )

  it.effect("keeps a partial message partial", () =>
    Effect.gen(function* () {
      const partial = { role: "assistant", content: "{", partial: true, name: "Ada" }
      assert.deepStrictEqual(yield* messagesOf([partial]), [partial as Message])
    })
  )

  it.effect("reads no member of a prototype", () =>
    Effect.gen(function* () {
      const inherited: unknown = Object.create({ role: "user", content: "secret" })
      const error = yield* Effect.flip(History.read([inherited]))
      assert.strictEqual(error._tag, "InvalidRequestError")
      const named = JSON.parse('[{"role":"user","content":[{"type":"__proto__"},{"type":"constructor"}]}]')
      assert.strictEqual((yield* History.read(named)).ignored.length, 2)
    })
  )

  it.effect.each([
    ["a text", undefined],
    [{ model: "x" }, undefined],
    [[question, { role: "robot", content: "secret" }], "messages[1].role"],
    [[question, null], "messages[1].role"],
    [[question, "secret"], "messages[1].role"]
  ] as const)("fails for what is no history: %#", ([history, parameter]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(History.read(history))
      assert.strictEqual(error.parameter, parameter)
      assert.notInclude(error.message, "secret")
    })
  )
})

describe("read of values that are not JSON", () => {
  const cyclic: { self?: unknown } = {}
  cyclic.self = cyclic
  const endless: { url?: unknown } = {}
  endless.url = endless
  const calling = (args: unknown) => ({ role: "assistant", tool_calls: [{ id: "a", name: "x", args }] })
  const unreadable = Object.defineProperty({}, "role", {
    get: () => {
      throw new Error("secret")
    }
  })

  it.effect.each([
    ["arguments with a cycle", calling(cyclic)],
    ["arguments with a big integer", calling({ n: 1n })],
    ["a result with a cycle", { role: "user", content: [{ type: "tool_result", tool_use_id: "a", content: cyclic }] }],
    ["an endless URL", { role: "user", content: [{ type: "image", image: endless }] }],
    ["a getter that throws", unreadable]
  ] as const)("fails for %s", ([, message]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(History.read([question, message]))
      assert.deepStrictEqual(
        [error._tag, error.parameter, error.message],
        ["InvalidRequestError", "messages[1]", "Message 1 is not plain JSON, or is nested too deeply"]
      )
    })
  )
})
