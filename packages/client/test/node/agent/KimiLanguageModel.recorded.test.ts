import { assert, describe, it } from "@effect/vitest"
import * as KimiLanguageModel from "@kimi-effect/client/agent/KimiLanguageModel"
import { ChatCompletion } from "@kimi-effect/core/ChatCompletion"
import { MockProvider, Reply } from "@kimi-effect/testing"
import * as Fixtures from "@kimi-effect/testing/node/Fixtures"
import * as SseText from "@kimi-effect/testing/SseText"
import * as Effect from "effect/Effect"
import * as Chat from "effect/ai/Chat"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { runs, timeLimit } from "../../../../../test/support/depth.ts"
import { assertAccepted, at } from "../../agent/support/agent.ts"

const kit = Toolkit.make(
  Tool.make("get_weather", { parameters: Schema.Struct({ location: Schema.String }), success: Schema.String })
)

/** A conversation with the tool, and the places that it was called for. */
const makeChat = Effect.gen(function* () {
  const log: Array<string> = []
  const handlers = kit.toLayer({
    get_weather: ({ location }) =>
      Effect.sync(() => {
        log.push(location)
        return "18 °C"
      })
  })
  const context = yield* Layer.build(Layer.merge(handlers, KimiLanguageModel.layer()))
  const chat = yield* Chat.empty
  const ask = (prompt: string) =>
    Stream.runCollect(chat.streamText({ prompt, toolkit: kit })).pipe(Effect.exit, Effect.provideContext(context))
  return { ask, log }
})

/** The host accepts the messages of every request. */
const assertRequests = Effect.gen(function* () {
  const mock = yield* MockProvider.MockProvider
  for (const { request } of yield* mock.requests) {
    // A last question is part of the check itself.
    assertAccepted(request.messages.at(-1)?.role === "user" ? request.messages.slice(0, -1) : request.messages)
  }
})

const completion = Schema.decodeUnknownSync(ChatCompletion)(Fixtures.exchange("plain-04-tool-calls").body)
const whole = SseText.fromCompletion(completion, { includeUsage: true }).join("")

const rawStream = (text: string, bytes?: number): Reply.Sse => ({
  ...Reply.sse([]),
  events: [text],
  chunking: bytes === undefined ? "whole" : { bytes }
})

describe("a recorded tool call", () => {
  it.effect.each([1, 2, 3, 7, 64, 1_000])("runs from a stream in reads of %i bytes", (bytes) =>
    Effect.gen(function* () {
      const { ask, log } = yield* makeChat
      assert.strictEqual((yield* ask("Weather?"))._tag, "Success")
      assert.strictEqual((yield* ask("Thanks"))._tag, "Success")
      assert.deepStrictEqual(log, ["Paris, France"])
      yield* assertRequests
    }).pipe(Effect.scoped, at([rawStream(whole, bytes), "Mild"]))
  )

  it.effect(
    "does not run from a stream that is cut at any byte",
    () =>
      Effect.gen(function* () {
        const end = whole.lastIndexOf("[DONE]")
        for (let cut = 0; cut < end; cut += runs({ sample: 41, deep: 1 })) {
          yield* Effect.gen(function* () {
            const { ask, log } = yield* makeChat
            assert.deepStrictEqual([(yield* ask("Weather?"))._tag, log], ["Failure", []], `cut at ${cut}`)
            assert.deepStrictEqual([(yield* ask("Weather?"))._tag, log], ["Success", ["Paris, France"]])
            assert.strictEqual((yield* ask("Thanks"))._tag, "Success")
            yield* assertRequests
          }).pipe(Effect.scoped, at([rawStream(whole.slice(0, cut)), rawStream(whole), "Mild"]))
        }
      }),
    timeLimit(300_000)
  )
})
