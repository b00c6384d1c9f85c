import { assert, describe, it } from "@effect/vitest"
import { ChatResponse } from "@kimi-effect/core/ChatResponse"
import * as Fixtures from "@kimi-effect/testing/node/Fixtures"
import { completions, head, headers, plain, streamOf } from "./support/completions.ts"
import { fields } from "./support/errors.ts"
import { bytesOf, decode, type Outcome, readsOf, settle } from "./support/sse.ts"

/** Every recorded stream, and every plain fixture as a stream. */
const streams: ReadonlyMap<string, string> = new Map([
  ...Fixtures.sseNames.map((name) => [name, Fixtures.sse(name)] as const),
  ...[...completions].map(([name, completion]) => [name, streamOf(completion, { includeUsage: true })] as const)
])

const text = ({ events, failure }: Outcome): string =>
  JSON.stringify([events, failure === undefined ? null : fields(failure)])

/** Every position of a stream; in a long one every eleventh, which covers each position within an event over time. */
const positions = function* (bytes: Uint8Array): Iterable<number> {
  for (let at = 0; at <= bytes.length; at += bytes.length > 12_000 ? 11 : 1) yield at
}

describe("StreamDecoder on recorded traffic", () => {
  it("decodes a stream with usage in the choice, repeated at its end", () => {
    const outcome = decode([Fixtures.sse("stream-01-include-usage")], { headers })
    const reasoning =
      "The user wants me to say hello in one short, imaginative sentence. This is a simple, creative request. " +
      "I should craft something brief and imaginative"
    assert.deepStrictEqual(
      settle(outcome),
      new ChatResponse({
        ...head,
        id: "chatcmpl-6a5a94402c5b15ae3c2ccb5b",
        model: "kimi-k3",
        created: 1784321103,
        choices: [
          {
            index: 0,
            message: {
              role: "assistant",
              content: "Hello, starshine—the universe tipped its hat just for you today!",
              reasoning_content: reasoning
            },
            finish_reason: "stop"
          }
        ],
        usage: {
          prompt_tokens: 113,
          completion_tokens: 157,
          total_tokens: 270,
          cached_tokens: 0,
          cache_write_tokens: 0,
          reasoning_tokens: 127
        }
      })
    )
  })

  it("fails with EmptyResponseError for a stream without content", () => {
    const outcome = decode([Fixtures.sse("stream-02-usage-in-choice-turbo-tail")], { headers })
    assert.deepStrictEqual(settle(outcome), {
      ...head,
      _tag: "EmptyResponseError",
      // An error has the requested model.
      model: "kimi-k3",
      finishReason: "stop",
      message: "The response has neither text nor tool calls",
      // It is billed for what the host reported.
      partial: {
        content: "",
        reasoning_content: "",
        tool_calls: [],
        model: "kimi-k2-turbo-preview",
        usage: { prompt_tokens: 8, completion_tokens: 11 }
      }
    })
    assert.deepStrictEqual(
      outcome.events.map((event) => event._tag),
      ["Start", "Usage"]
    )
  })

  it("decodes a stream with usage only in the choice", () => {
    assert.deepStrictEqual(decode([Fixtures.sse("stream-03-k2.7-code-details-in-choice")]).events, [
      {
        _tag: "Start",
        id: "chatcmpl-x",
        model: "kimi-k2.7-code",
        requestedModel: "kimi-k3",
        created: 1783597165,
        provider: "moonshot"
      },
      { _tag: "TextDelta", choice: 0, text: "你好" },
      {
        _tag: "Usage",
        usage: {
          prompt_tokens: 21,
          completion_tokens: 60,
          total_tokens: 81,
          cached_tokens: 21,
          cache_write_tokens: 0,
          reasoning_tokens: 26
        }
      },
      { _tag: "Finish", finishReason: "stop", finishReasons: ["stop"] }
    ])
  })

  it("decodes the synthetic stream, which has no end mark", () => {
    const events = Fixtures.syntheticStream().map((data) => `data: ${data}\n\n`)
    assert.strictEqual(decode(events).failure?._tag, "StreamTruncatedError")
    const answer = settle(decode([...events, "data: [DONE]\n\n"]))
    assert.instanceOf(answer, ChatResponse)
    assert.deepInclude(answer, { id: "chatcmpl-stream", model: "kimi-k3", created: 1785880003 })
    assert.deepStrictEqual(answer.message, {
      role: "assistant",
      content: "Hello!",
      reasoning_content: "Thinking aloud. "
    })
    assert.strictEqual(answer.usage?.reasoning_tokens, 7)
  })

  for (const [name, stream] of streams) {
    const bytes = bytesOf(stream)
    const whole = text(decode([bytes]))

    it(`emits the same events for ${name} in reads of any size`, () => {
      for (const size of [1, 2, 3, 4, 5, 7, 16, 61, 97, 256, 1_024, 4_096]) {
        assert.strictEqual(text(decode(readsOf(stream, size))), whole, `${size} bytes a read`)
      }
    })

    it(`emits the same events for ${name} split at any position`, () => {
      for (const at of positions(bytes)) {
        const cut = text(decode([bytes.subarray(0, at), bytes.subarray(at)]))
        if (cut !== whole) assert.strictEqual(cut, whole, `cut after ${at} bytes`)
      }
    })

    it(`does not complete ${name} before its end mark`, () => {
      // A failed stream ends with the usage that is known.
      const withoutUsage = (all: Outcome["events"]) => all.filter(({ _tag }) => _tag !== "Usage")
      const outcome = decode([bytes])
      const { failure } = outcome
      const events = withoutUsage(outcome.events)
      const most = failure === undefined ? events.length - 1 : events.length
      const beginnings = Array.from({ length: most + 1 }, (_, length) => JSON.stringify(events.slice(0, length)))
      const end = bytes.length - "\n\n".length
      for (const at of positions(bytes)) {
        const cut = decode([bytes.subarray(0, at)])
        if (at >= end) {
          assert.strictEqual(text(cut), whole, `ended after ${at} bytes`)
          continue
        }
        if (cut.failure?._tag !== "StreamTruncatedError") assert.fail(`no error for an end after ${at} bytes`)
        const received = withoutUsage(cut.events)
        if (JSON.stringify(received) !== beginnings[received.length]) {
          assert.fail(`other events for an end after ${at} bytes`)
        }
      }
    })
  }

  it("folds every plain fixture as a stream to its plain response", () => {
    for (const [name, completion] of completions) {
      for (const includeUsage of [true, false]) {
        const outcome = decode([streamOf(completion, { includeUsage })], { headers })
        assert.deepStrictEqual(settle(outcome), plain(completion), name)
      }
    }
  })
})
