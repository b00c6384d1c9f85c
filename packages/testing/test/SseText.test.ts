import { assert, describe, it } from "@effect/vitest"
import { ChatCompletion } from "@kimi-effect/core/ChatCompletion"
import { ChatCompletionChunk } from "@kimi-effect/core/ChatCompletionChunk"
import * as Schema from "effect/Schema"
import * as Fixtures from "../src/node/Fixtures.ts"
import * as SseText from "../src/SseText.ts"

const completionOf = (name: Fixtures.ExchangeName) =>
  Schema.decodeUnknownSync(ChatCompletion)(Fixtures.exchange(name).body)

const read = Schema.decodeUnknownSync(Schema.fromJsonString(ChatCompletionChunk))
const dataOf = (event: string) => /^data: (.*)\n\n$/.exec(event)?.[1] ?? ""
const chunksOf = (events: ReadonlyArray<string>) => events.slice(0, -1).map((event) => read(dataOf(event)))

describe("SseText", () => {
  describe("split", () => {
    it("keeps every byte of a recording", () => {
      for (const name of Fixtures.sseNames) {
        const events = SseText.split(Fixtures.sse(name))
        assert.strictEqual(events.join(""), Fixtures.sse(name))
        assert.isTrue(events.every((event) => /^data: .*\n\n$/.test(event)))
      }
      assert.strictEqual(SseText.split(Fixtures.sse("stream-01-include-usage")).length, 49)
    })

    it("keeps text after the last blank line", () => {
      assert.deepStrictEqual(SseText.split("data: 1\n\ndata: 2"), ["data: 1\n\n", "data: 2"])
    })

    it("splits at CRLF", () => {
      assert.deepStrictEqual(SseText.split("data: 1\r\n\r\ndata: 2\r\n\r\n"), ["data: 1\r\n\r\n", "data: 2\r\n\r\n"])
    })

    it("finds no event in an empty text", () => {
      assert.deepStrictEqual(SseText.split(""), [])
    })
  })

  describe("fromCompletion", () => {
    it("formats a tool call in the recorded order", () => {
      const events = SseText.fromCompletion(completionOf("plain-04-tool-calls"), { includeUsage: true })
      const chunks = chunksOf(events)
      const deltas = chunks.map((chunk) => chunk.choices?.[0]?.delta ?? {})
      assert.strictEqual(events.at(-1), "data: [DONE]\n\n")
      assert.strictEqual(
        events[0],
        'data: {"id":"chatcmpl-6a5a945597c2ae9e009a34b6","object":"chat.completion.chunk","created":1784321111,' +
          '"model":"kimi-k3","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],' +
          '"system_fingerprint":"fpv0_00000000"}\n\n'
      )
      const reasoning = deltas.slice(1).filter((delta) => delta.reasoning_content !== undefined)
      assert.strictEqual(
        reasoning.map((delta) => delta.reasoning_content).join(""),
        completionOf("plain-04-tool-calls").choices[0]?.message.reasoning_content
      )
      assert.strictEqual(reasoning.length, 44 + 1)
      assert.strictEqual(reasoning.at(-1)?.reasoning_content, "")
      const calls = deltas.slice(1 + reasoning.length, -2)
      assert.deepStrictEqual(calls[0], {
        tool_calls: [
          { index: 0, id: "get_weather_0", type: "function", function: { name: "get_weather", arguments: "" } }
        ]
      })
      assert.isTrue(
        calls.slice(1).every((delta) => Object.keys(delta.tool_calls?.[0] ?? {}).join() === "index,function")
      )
      assert.strictEqual(
        calls.map((delta) => delta.tool_calls?.[0]?.function?.arguments).join(""),
        '{"location":"Paris, France","unit":"celsius"}'
      )
      const usage = completionOf("plain-04-tool-calls").usage ?? null
      assert.deepStrictEqual(chunks.at(-2)?.choices, [{ index: 0, delta: {}, finish_reason: "tool_calls", usage }])
      assert.isUndefined(chunks.at(-2)?.usage)
      assert.deepStrictEqual(chunks.at(-1)?.choices, [])
      assert.deepStrictEqual(chunks.at(-1)?.usage, usage)
      assert.isUndefined(chunks.at(-1)?.system_fingerprint)
    })

    it("omits the last usage unless it is requested", () => {
      const completion = completionOf("plain-03-reasoning-cached")
      const events = SseText.fromCompletion(completion)
      assert.strictEqual(events.length, SseText.fromCompletion(completion, { includeUsage: true }).length - 1)
      assert.isTrue(chunksOf(events).every((chunk) => chunk.choices?.length === 1 && chunk.usage === undefined))
      assert.strictEqual(chunksOf(events).at(-1)?.choices?.[0]?.usage?.cached_tokens, 88)
    })

    const reasoned = completionOf("plain-03-reasoning-cached")
    const message = reasoned.choices[0]?.message
    const deltas = chunksOf(SseText.fromCompletion(reasoned)).map((chunk) => chunk.choices?.[0]?.delta)

    it("keeps the exact content", () => {
      assert.strictEqual(deltas.map((delta) => delta?.content ?? "").join(""), message?.content)
    })

    it("keeps the exact reasoning", () => {
      assert.strictEqual(deltas.map((delta) => delta?.reasoning_content ?? "").join(""), message?.reasoning_content)
    })

    it("has no reasoning delta for a response without reasoning", () => {
      const completion = Schema.decodeUnknownSync(ChatCompletion)(Fixtures.synthetic("moonshotai-text"))
      const deltas = chunksOf(SseText.fromCompletion(completion)).map((chunk) => chunk.choices?.[0]?.delta)
      assert.deepStrictEqual(deltas, [{ content: "" }, { content: "Hello," }, { content: " world!" }, {}])
    })

    it("never splits arguments inside a character", () => {
      const text = JSON.stringify({ emoji: "👋👋👋👋👋👋" })
      const completion: ChatCompletion = {
        choices: [{ message: { tool_calls: [{ function: { name: "wave", arguments: text } }] } }]
      }
      const pieces = chunksOf(SseText.fromCompletion(completion)).map(
        (chunk) => chunk.choices?.[0]?.delta?.tool_calls?.[0]?.function?.arguments ?? ""
      )
      assert.strictEqual(pieces.join(""), text)
      assert.isTrue(pieces.every((piece) => piece.isWellFormed()))
    })

    it("formats a mebibyte of arguments in at most 1,000 pieces", () => {
      const text = JSON.stringify("👋x".repeat(500_000))
      const completion: ChatCompletion = {
        choices: [{ message: { tool_calls: [{ function: { name: "write", arguments: text } }] } }]
      }
      const events = SseText.fromCompletion(completion)
      // The role, the name, the finish reason and the end mark.
      assert.isAtMost(events.length, 1_000 + 4)
      const pieces = chunksOf(events).map(
        (chunk) => chunk.choices?.[0]?.delta?.tool_calls?.[0]?.function?.arguments ?? ""
      )
      assert.strictEqual(pieces.join(""), text)
    })

    it("formats each choice with its index", () => {
      const completion: ChatCompletion = {
        choices: [{ message: { content: "a" } }, { index: 4, message: { content: "b" }, finish_reason: "length" }]
      }
      const choices = chunksOf(SseText.fromCompletion(completion)).map((chunk) => chunk.choices?.[0])
      assert.deepStrictEqual(
        choices.map((choice) => choice?.index),
        [0, 0, 0, 4, 4, 4]
      )
      assert.strictEqual(choices.at(-1)?.finish_reason, "length")
    })
  })
})
