import { assert, describe, it } from "@effect/vitest"
import { maxToolCalls } from "../../src/internal/toolCalls.ts"
import { fields } from "./support/errors.ts"
import { bytesOf, chunk, decode, decodeData, type Options, type Outcome, settle, toSse } from "./support/sse.ts"

const done = "data: [DONE]\n\n"
const hello = toSse(chunk({ content: "hello" }))
const stop = toSse(chunk({}, "stop"))

const failureOf = ({ failure }: Outcome): Record<string, unknown> => (failure === undefined ? {} : fields(failure))
const tagOf = (outcome: Outcome): string | undefined => outcome.failure?._tag

/** The outcome of a text instead of an event, after `hello` and before more text and an end mark. */
const failsWith = (text: string, options?: Options): Outcome => {
  const outcome = decode([hello, text, hello, stop, done], options)
  assert.deepStrictEqual(outcome.events, decode([hello]).events, "nothing comes after a failure")
  return outcome
}

describe("StreamDecoder on invalid streams", () => {
  describe("an event that is not a chunk", () => {
    it("fails the stream", () => {
      const corrupt = [
        '{"id":"chatcmpl-abdata: {"id":"chatcmpl-1","choices":[{"delta":{"content":"x"}}]}',
        '{"choices":[{"delta":{"content":"x"}}]}{"choices":[]}',
        '{"choices":[',
        "part of [the] response",
        `${"words ".repeat(20)}`,
        "[3]",
        '{"choices":{}}',
        '{"choices":[3]}',
        '{"choices":[{"delta":"x"}]}',
        '{"choices":[{"delta":{"tool_calls":"f()"}}]}',
        '{"choices":[{"delta":{"tool_calls":["f()"]}}]}',
        "[".repeat(100_000)
      ]
      for (const data of corrupt) {
        const outcome = failsWith(toSse(data))
        assert.strictEqual(tagOf(outcome), "StreamDecodeError", data.slice(0, 80))
        assert.deepStrictEqual(decode([hello + toSse(data) + hello + done]), outcome)
      }
    })

    it("is not quoted in the error", () => {
      assert.deepStrictEqual(failureOf(failsWith("data: what {the} model said\n\n")), {
        _tag: "StreamDecodeError",
        provider: "moonshot",
        model: "kimi-k3",
        message: "An event of the stream is not a chunk"
      })
    })

    it("fails the stream when a line end between two events is missing", () => {
      assert.strictEqual(tagOf(failsWith(hello.trimEnd() + hello)), "StreamDecodeError")
      assert.strictEqual(tagOf(failsWith(hello.trimEnd() + "\n" + hello)), "StreamDecodeError")
    })
  })

  describe("an error object in the stream", () => {
    it("fails the stream with the error that it would be as a response", () => {
      const tags = {
        engine_overloaded_error: "OverloadedError",
        rate_limit_reached_error: "RateLimitError",
        exceeded_current_quota_error: "QuotaExceededError",
        server_error: "ServerError",
        timeout: "GatewayTimeoutError",
        content_filter: "ContentFilterError",
        invalid_request_error: "InvalidRequestError",
        odd_error: "StreamFailedError"
      }
      for (const [type, tag] of Object.entries(tags)) {
        const error = { message: "sorry", type }
        for (const text of [
          toSse({ error }),
          `event: error\n${toSse({ error })}`,
          `event: error\n${toSse(error)}`,
          `event: error\n${toSse({ type: "error", error })}`
        ]) {
          assert.deepInclude(failureOf(failsWith(text)), { _tag: tag, message: "sorry" }, text)
        }
      }
    })

    it("can be a plain text", () => {
      assert.strictEqual(failureOf(failsWith(toSse({ error: "model crashed" })))["message"], "model crashed")
      for (const text of ["event: error\ndata: model crashed\n\n", 'event: error\ndata: "model crashed"\n\n']) {
        assert.deepInclude(failureOf(failsWith(text)), { _tag: "StreamFailedError", message: "model crashed" })
      }
    })

    it("can be empty", () => {
      const message = "the host reported an error without a message"
      for (const text of [toSse({ error: {} }), "event: error\ndata: {}\n\n", "event: error\ndata: [1]\n\n"]) {
        assert.deepInclude(failureOf(failsWith(text)), { _tag: "StreamFailedError", message }, text)
      }
      assert.strictEqual(tagOf(failsWith(toSse({ error: null }) + toSse({ error: {} }))), "StreamFailedError")
    })

    const withError = () => {
      const error = { message: `sk-0123456789abcdef ${"x".repeat(100_000)}`, type: "odd" }
      return decodeData([chunk({ content: "hel" }), { error }], { headers: { "msh-request-id": "r-1" } })
    }

    it("has all that is known of the response", () => {
      const outcome = withError()
      const settled = settle(outcome)
      assert.deepInclude(settled, {
        _tag: "StreamFailedError",
        requestId: "r-1",
        partial: { content: "hel", reasoning_content: "", tool_calls: [] }
      })
    })

    it("has a redacted message", () => {
      assert.match(String(failureOf(withError())["message"]), /^<redacted> x{2,}…$/)
    })

    it("has a truncated message", () => {
      const outcome = withError()
      assert.isAtMost(String(failureOf(outcome)["message"]).length, 2_049)
    })

    it("is an error for any code", () => {
      for (const code of [429, 502, "x", null, 400.5, 1e300, -1]) {
        assert.isDefined(failsWith(toSse({ error: { message: "m", code } })).failure, String(code))
      }
    })
  })

  describe("a stream without content", () => {
    const ends = (finish_reason: string | null, ...deltas: ReadonlyArray<object>) =>
      decodeData([...deltas.map((delta) => chunk(delta)), chunk({}, finish_reason), "[DONE]"])

    it("fails with EmptyResponseError", () => {
      assert.deepStrictEqual(settle(ends("stop", { content: "" }, { reasoning_content: "Hm" })), {
        _tag: "EmptyResponseError",
        provider: "moonshot",
        model: "kimi-k3",
        finishReason: "stop",
        message: "The response has neither text nor tool calls",
        partial: { content: "", reasoning_content: "Hm", tool_calls: [] }
      })
      assert.deepInclude(settle(ends(null)), { _tag: "EmptyResponseError", finishReason: "unknown" })
      assert.deepInclude(settle(decode([done])), { _tag: "EmptyResponseError", finishReason: "unknown" })
    })

    it("fails with ReasoningBudgetExhaustedError for the finish reason length", () => {
      const usage = { prompt_tokens: 93, completion_tokens: 16, total_tokens: 109 }
      const outcome = decodeData([
        chunk({ reasoning_content: "Hm" }),
        chunk({}, "length"),
        { choices: [], usage },
        "[DONE]"
      ])
      assert.deepStrictEqual(settle(outcome), {
        _tag: "ReasoningBudgetExhaustedError",
        provider: "moonshot",
        model: "kimi-k3",
        completionTokens: 16,
        message: "The output limit was reached before the response began",
        partial: {
          content: "",
          reasoning_content: "Hm",
          tool_calls: [],
          usage: { prompt_tokens: 93, completion_tokens: 16 }
        }
      })
      assert.notProperty(settle(ends("length")), "completionTokens")
    })

    it("fails with ContentFilterError for the finish reason content_filter", () => {
      assert.strictEqual(tagOf(ends("content_filter")), "ContentFilterError")
      assert.isUndefined(ends("content_filter", { content: "said before" }).failure)
    })

    it("is complete when one of several choices has content", () => {
      assert.isUndefined(decodeData([chunk({}, "stop", 0), chunk({ content: "x" }, "stop", 1), "[DONE]"]).failure)
    })
  })

  describe("the size limits", () => {
    const limited = (bounds: Options["bounds"]): Options => ({ bounds: bounds ?? {} })

    it("fail a stream with more bytes than allowed", () => {
      const text = toSse(chunk({ content: "你好" })) + stop + done
      const size = bytesOf(text).length
      assert.isUndefined(decode([text], limited({ maxResponseBytes: size })).failure)
      // The blank line after the end mark is not needed.
      for (const reads of [[text], [...text]]) {
        const outcome = decode(reads, limited({ maxResponseBytes: size - 2 }))
        const message = "The stream is larger than allowed"
        assert.deepInclude(failureOf(outcome), { _tag: "ResponseTooLargeError", limit: size - 2, message })
      }
      const noise = limited({ maxResponseBytes: 100 })
      const keepAlive = ": keep-alive\n\n".repeat(100)
      assert.strictEqual(tagOf(decode(keepAlive.split(/(?<=\n\n)/), noise)), "ResponseTooLargeError")
    })

    it("fail a stream with more content than allowed", () => {
      const delta = 32 + 2 * "你好".length
      for (const member of ["content", "reasoning_content"]) {
        const text = toSse(chunk({ [member]: "你好" })).repeat(3) + toSse(chunk({ content: "!" })) + stop + done
        const size = 4 * delta + 32
        assert.isUndefined(decode([text], limited({ maxContentBytes: size })).failure)
        const outcome = decode([text], limited({ maxContentBytes: 2 * delta }))
        const message = "The content of the stream is larger than allowed"
        assert.deepInclude(failureOf(outcome), { _tag: "ResponseTooLargeError", limit: 2 * delta, message })
      }
    })

    it("count nothing but content as content", () => {
      const noise = ": keep-alive\n\n".repeat(1_000)
      assert.isUndefined(
        decode([noise + toSse(chunk({ content: "x" })) + stop + done], limited({ maxContentBytes: 100 })).failure
      )
    })

    it("fail an event that is larger than allowed, complete or not", () => {
      const huge = toSse(chunk({ content: "x".repeat(10_000) }))
      const endless = [huge.slice(0, -2), "y".repeat(10_000), `: ${"z".repeat(10_000)}`, "data: x\n".repeat(10_000)]
      for (const text of [huge, ...endless]) {
        for (const size of [text.length, 1_000, 1]) {
          const reads = text.match(new RegExp(`[^]{1,${size}}`, "g")) ?? []
          const outcome = decode([hello, ...reads], limited({ maxEventBytes: 1_000 }))
          const message = "An event of the stream is larger than allowed"
          assert.deepInclude(failureOf(outcome), { _tag: "EventTooLargeError", limit: 1_000, message })
          assert.deepStrictEqual(outcome.events, decode([hello]).events)
        }
      }
    })

    it("allow an event of exactly that size", () => {
      const reads = Array.from({ length: 1_000 }, () => hello)
      assert.isUndefined(decode([...reads, stop, done], limited({ maxEventBytes: 200 })).failure)
      const last = toSse(chunk({ content: "hello" }, "stop"))
      const exact = limited({ maxEventBytes: last.length - "data: \n\n".length })
      assert.isUndefined(decode([last, done], exact).failure)
      assert.isUndefined(decode(last.split(/(?<=\n)/).concat(done), exact).failure)
    })

    it("fail tool arguments that are larger than allowed in total", () => {
      const piece = (length: number) =>
        chunk({ tool_calls: [{ index: 0, id: "a", function: { name: "f", arguments: "x".repeat(length) } }] })
      assert.isUndefined(
        decodeData([piece(60), piece(40), chunk({}, "tool_calls"), "[DONE]"], limited({ maxToolArgumentBytes: 100 }))
          .failure
      )
      const outcome = decodeData([piece(60), piece(41), "[DONE]"], limited({ maxToolArgumentBytes: 100 }))
      const message = "The arguments of a tool call are larger than allowed"
      assert.deepInclude(failureOf(outcome), { _tag: "ToolArgumentsTooLargeError", limit: 100, message })
      assert.strictEqual(outcome.events.length, 2)
    })

    it("ignore the rest of a chunk that exceeds them", () => {
      const over = { index: 0, id: "a", function: { name: "f", arguments: "xx" } }
      const calls = [over, { index: 1, id: "b", function: { name: "g", arguments: "" } }]
      for (const choices of [
        [
          { index: 0, delta: { tool_calls: calls } },
          { index: 0, delta: { content: "x" } }
        ],
        [
          { index: -1, delta: {} },
          { index: 0, delta: { content: "x" } }
        ]
      ]) {
        const outcome = decodeData(
          [{ choices, usage: { prompt_tokens: 1 } }, "[DONE]"],
          limited({ maxToolArgumentBytes: 1 })
        )
        assert.isDefined(outcome.failure)
        assert.deepStrictEqual(
          outcome.events.map((event) => event._tag),
          ["Start", "Usage"]
        )
      }
    })

    it("fail a stream with too many tool calls", () => {
      const calls = (count: number) =>
        chunk({
          tool_calls: Array.from({ length: count }, (_, index) => ({ index, id: "a", function: { name: "f" } }))
        })
      assert.isUndefined(decodeData([calls(maxToolCalls), chunk({}, "tool_calls"), "[DONE]"]).failure)
      assert.strictEqual(tagOf(decodeData([calls(maxToolCalls + 1), "[DONE]"])), "StreamDecodeError")
    })

    it("do not replace an earlier failure", () => {
      const bounds = limited({ maxResponseBytes: 1_000, maxEventBytes: 500 })
      const after = "x".repeat(2_000)
      assert.strictEqual(tagOf(decode(["data: {\n\n", after, after], bounds)), "StreamDecodeError")
      assert.isUndefined(decode([hello, stop, done, after, after], bounds).failure)
    })

    it("fail a choice with an invalid index", () => {
      for (const index of [1e9, 128, -1, 0.5, 1e300, Number.MAX_SAFE_INTEGER]) {
        const error = failureOf(failsWith(toSse(chunk({ content: "x" }, null, index))))
        assert.deepInclude(error, {
          _tag: "StreamDecodeError",
          message: "A choice of the stream has an invalid index"
        })
      }
    })
  })

  it("ignores members with names of the prototype", () => {
    const text =
      'data: {"__proto__":{"error":{"message":"injected"},"usage":{"prompt_tokens":1}},"constructor":{"prototype":{}},' +
      '"choices":[{"index":0,"__proto__":{"finish_reason":"injected"},"delta":{"__proto__":{"content":"injected"},' +
      '"content":"x","tool_calls":[{"index":0,"id":"__proto__","function":{"name":"__proto__","arguments":"{}"}}]}}]}\n\n'
    const { events, failure } = decode([text, stop, done])
    assert.isUndefined(failure)
    assert.deepStrictEqual(
      events.map((event) => event._tag),
      ["Start", "TextDelta", "ToolCallDelta", "ToolCall", "Finish"]
    )
    assert.deepInclude(events[1], { text: "x" })
    assert.deepInclude(events[4], { finishReason: "stop" })
    assert.notProperty({}, "error")
    assert.notProperty({}, "content")
  })

  it("decodes invalid UTF-8 as replacement characters", () => {
    const broken = bytesOf(toSse(chunk({ content: "aXb" }))).map((byte) => (byte === 0x58 ? 0xff : byte))
    const { events, failure } = decode([broken, stop, done])
    assert.isUndefined(failure)
    assert.deepInclude(events[1], { text: "a\uFFFDb" })
  })
})
