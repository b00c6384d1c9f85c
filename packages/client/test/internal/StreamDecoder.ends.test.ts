import { assert, describe, it } from "@effect/vitest"
import {
  bytesOf,
  chunk,
  decode,
  decodeData,
  makeDecoder,
  type Options,
  type Outcome,
  settle,
  toSse
} from "./support/sse.ts"

const done = "data: [DONE]\n\n"
const hello = toSse(chunk({ content: "hello" }))
const stop = toSse(chunk({}, "stop"))
const other: Options = { isMoonshot: false }
const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 }
const partial = { content: "hello", reasoning_content: "", tool_calls: [] }

const tagOf = ({ failure }: Outcome): string | undefined => failure?._tag

describe("the end of a stream", () => {
  describe("with its end mark, but without a finish reason", () => {
    it("fails with the partial response at every host", () => {
      for (const options of [{}, other]) {
        assert.deepInclude(settle(decode([hello, done], options)), { _tag: "StreamTruncatedError", partial })
      }
    })

    it("fails when one of several choices has no finish reason", () => {
      const first = toSse(chunk({ content: "a" }, "stop", 0))
      const second = toSse(chunk({ content: "b" }, null, 1))
      assert.strictEqual(tagOf(decode([first, second, done])), "StreamTruncatedError")
    })

    it("fails in the middle of a tool call", () => {
      const call = { index: 0, id: "a", function: { name: "f", arguments: '{"a":' } }
      assert.strictEqual(tagOf(decodeData([chunk({ tool_calls: [call] }), "[DONE]"])), "StreamTruncatedError")
    })

    it("fails after the markup of a whole tool call", () => {
      const call = "<|tool_call_begin|>functions.f:0<|tool_call_argument_begin|>{}<|tool_call_end|>"
      const content = `<|tool_calls_section_begin|>${call}<|tool_calls_section_end|>`
      const outcome = (reason: string | null) =>
        decodeData([chunk({ content }, reason), "[DONE]"], { ...other, tools: ["f"] })
      assert.strictEqual(tagOf(outcome(null)), "StreamTruncatedError")
      assert.deepInclude(outcome("stop").events.at(-1), { _tag: "Finish", finishReason: "tool_calls" })
    })
  })

  describe("with an end mark that no blank line follows", () => {
    it("completes while the connection is open", () => {
      for (const options of [{}, other]) {
        const decoder = makeDecoder(options)
        for (const read of [hello, stop, "data: [DONE]\n"]) decoder.feed(bytesOf(read))
        assert.deepInclude(decoder.take().at(-1), { _tag: "Finish", finishReason: "stop" })
      }
    })
  })

  describe("without its end mark", () => {
    it("completes a finished stream at other hosts than Moonshot, as Finish records", () => {
      for (const reads of [
        [hello, stop],
        [hello, stop, toSse({ choices: [], usage })],
        [hello, stop.trimEnd()],
        [hello, `${stop.trimEnd()}\n`],
        [hello, stop, ": bye"]
      ]) {
        const { events, failure } = decode(reads, other)
        assert.isUndefined(failure)
        assert.deepStrictEqual(events.at(-1), {
          _tag: "Finish",
          finishReason: "stop",
          finishReasons: ["stop"],
          isWithoutEndMark: true
        })
      }
    })

    it("keeps the usage that came last", () => {
      const { events } = decode([hello, stop, toSse({ choices: [], usage })], other)
      assert.deepInclude(events.at(-2), { _tag: "Usage" })
    })

    it("fails a stream whose choices are not all finished", () => {
      const first = toSse(chunk({ content: "a" }, "stop", 0))
      const second = toSse(chunk({ content: "b" }, null, 1))
      for (const reads of [[], [hello], [first, second]]) {
        assert.strictEqual(tagOf(decode(reads, other)), "StreamTruncatedError")
      }
      assert.strictEqual(tagOf(decode([first], { ...other, choiceCount: 2 })), "StreamTruncatedError")
    })

    it("fails a stream that breaks off inside an event after the finish reason", () => {
      const last = toSse({ choices: [], usage })
      for (let length = "data: {".length; length < last.length - 3; length++) {
        assert.strictEqual(tagOf(decode([hello, stop, last.slice(0, length)], other)), "StreamTruncatedError")
      }
    })

    it("never completes a stream at Moonshot", () => {
      for (const reads of [
        [hello, stop],
        [hello, stop.trimEnd()],
        [hello, stop, toSse({ choices: [], usage })]
      ]) {
        assert.strictEqual(tagOf(decode(reads)), "StreamTruncatedError")
      }
    })
  })

  describe("with a failure of the host", () => {
    it("fails with the partial response, including its usage, for a failing finish reason", () => {
      for (const reason of ["error", "ERROR", "network_error", "insufficient_system_resource", "abort"]) {
        for (const options of [{}, other]) {
          const last = { ...chunk({ content: "hello" }, reason), usage }
          assert.deepInclude(settle(decodeData([last, "[DONE]"], options)), {
            _tag: "StreamFailedError",
            partial: { ...partial, usage: { prompt_tokens: 10, completion_tokens: 5 } }
          })
        }
      }
    })

    it("maps the error of a choice like the same status, after its content", () => {
      const errors = [
        [{ code: 502, message: "upstream" }, "ServiceUnavailableError"],
        [{ code: "429", message: "slow down" }, "RateLimitError"],
        [{ message: "Overloaded", type: "engine_overloaded_error" }, "OverloadedError"],
        ["broken", "StreamFailedError"]
      ] as const
      for (const [error, tag] of errors) {
        const last = { choices: [{ index: 0, delta: { content: "hello" }, finish_reason: "error", error }] }
        assert.deepInclude(settle(decodeData([last])), { _tag: tag, partial })
      }
    })

    it("maps bare error objects", () => {
      const errors = [
        [{ object: "error", message: "bad", type: "BadRequestError", code: 400 }, "InvalidRequestError"],
        [{ detail: "Internal failure" }, "StreamFailedError"],
        [{ detail: [{ loc: ["body"], msg: "value is wrong" }] }, "StreamFailedError"],
        [{ error: "text" }, "StreamFailedError"],
        [{ code: 400, details: "input tokens exceed" }, "ContextLengthError"],
        [{ code: "503", message: "later" }, "ServiceUnavailableError"],
        [{ status: 401, message: "no key" }, "AuthenticationError"],
        [{ success: false, errors: [{ code: 1000, message: "no" }] }, "StreamFailedError"],
        [{ message: "Service Unavailable" }, "StreamFailedError"],
        [{ base_resp: { status_code: 1004, status_msg: "login fail" } }, "StreamFailedError"],
        [{ type: "error", error: { type: "rate_limit_error", message: "slow" } }, "RateLimitError"]
      ] as const
      for (const [error, tag] of errors) {
        for (const event of ["", "event: error\n", "event: response.failed\n"]) {
          const outcome = decode([hello, event + toSse(error), stop, done], other)
          assert.deepInclude(settle(outcome), { _tag: tag, partial }, JSON.stringify(error))
        }
      }
    })

    it("recognizes an error whose blank line is missing", () => {
      const text = 'event: error\ndata: {"code":400,"details":"input tokens exceed the limit"}'
      for (const options of [{}, other]) {
        const outcome = decode([hello, text], options)
        assert.deepInclude(settle(outcome), { _tag: "ContextLengthError", message: "input tokens exceed the limit" })
      }
    })

    it("fails with the text of an error in plain words", () => {
      const outcome = decode([hello, "data: upstream request timeout\n\n", stop, done])
      assert.deepInclude(settle(outcome), { _tag: "StreamFailedError", message: "upstream request timeout", partial })
    })

    it("ignores members for errors that are empty", () => {
      for (const error of [null, "", false, 0, {}, []]) {
        const last = { error, choices: [{ index: 0, delta: { content: "hello" }, finish_reason: "stop", error }] }
        assert.isUndefined(decodeData([last, "[DONE]"]).failure, JSON.stringify(error))
      }
      assert.isUndefined(decodeData([{ code: 0, message: "ok" }, chunk({ content: "x" }, "stop"), "[DONE]"]).failure)
    })
  })

  it("is not affected by heartbeats", () => {
    const heartbeats = [
      "data: []\n\n",
      "data:  \n\n",
      "data: ping\n\n",
      "data: null\n\n",
      "data: 2026-11-28T00:00:00Z\n\n",
      "data: 1790000000\n\n",
      'data: "keep-alive"\n\n',
      "data: OPENROUTER PROCESSING\n\n",
      'data: {"type":"ping"}\n\n',
      'event: ping\ndata: {"message":"still here"}\n\n',
      "event: heartbeat\ndata: whatever {it is}\n\n",
      ": comment\n\n",
      "event: ping\n\n"
    ]
    const plain = decode([hello, stop, done])
    for (const heartbeat of heartbeats) {
      assert.deepStrictEqual(decode([heartbeat, hello, heartbeat, stop, heartbeat, done]), plain, heartbeat)
    }
  })
})
