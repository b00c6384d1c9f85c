import { assert, describe, it } from "@effect/vitest"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import { ErrorReply, Fault, Reply } from "@kimi-effect/testing"
import { Context, Effect, Metric, Redacted, Stream } from "effect"
import { canaryIn, formless, key, prompt, request, texts } from "./support/canary.ts"
import { type Observed, withObserved } from "./support/observed.ts"

const answered = "canary prompt in the answer: nightingale"

const answer = Reply.chatResponse({
  content: answered,
  reasoning_content: `thinking of ${answered}`,
  tool_calls: [{ name: "launch", arguments: JSON.stringify({ code: answered }) }]
})

/** The texts of all metrics, records and spans. */
const observedTexts = ({ records, registry, spans, text }: Observed) =>
  Effect.map(text, (exposition) => [
    exposition,
    ...records.flatMap(texts),
    ...texts(Metric.snapshotUnsafe(Context.make(Metric.MetricRegistry, registry))),
    ...spans.flatMap((span) => [
      span.name,
      ...texts(Object.fromEntries(span.attributes)),
      ...texts(span.events),
      ...texts(span.status)
    ])
  ])

const calls = ({ client, server, traced }: Observed, asked: ChatRequest) =>
  Effect.gen(function* () {
    yield* server.reply(answer)
    yield* traced(client.chat(asked))
    yield* server.reply(answer)
    yield* traced(Stream.runDrain(client.stream(asked)))
    yield* server.reply(ErrorReply.make(401, "invalid_authentication_error", "Invalid Authentication"))
    yield* Effect.ignore(traced(client.chat(asked)))
    yield* server.reply(Reply.faulty(Fault.ResetMidStream({ afterEvents: 3 })))
    yield* Effect.ignore(traced(Stream.runDrain(client.stream(asked))))
  })

describe("content", () => {
  for (const [name, apiKey] of [
    ["a key", key],
    ["a key without form", formless]
  ] as const) {
    it.live(`is not observed by default with ${name}`, () =>
      withObserved(
        (observed) =>
          Effect.gen(function* () {
            yield* calls(observed, request)
            const all = yield* observedTexts(observed)
            assert.isAbove(observed.spans.length, 7)
            assert.strictEqual(observed.records.length, 4)
            for (const text of all) {
              assert.isUndefined(canaryIn(text), text.slice(0, 2000))
              assert.notInclude(text, "4be91c07")
            }
          }),
        { client: { maxAttempts: 1, apiKey: Redacted.make(apiKey) } }
      )
    )
  }

  const capturing = {
    client: { maxAttempts: 1, apiKey: Redacted.make(key) },
    observer: { content: { redact: (text: string) => text.replaceAll("nightingale", "<bird>") } }
  }

  it.live("is on the spans of calls when it is captured", () =>
    withObserved(
      (observed) =>
        Effect.gen(function* () {
          yield* calls(observed, request)
          const [chat, , stream] = observed.spans
          for (const span of [chat, stream]) {
            assert.deepStrictEqual(JSON.parse(`${span?.attributes.get("gen_ai.input.messages")}`), [
              {
                role: "system",
                parts: [{ type: "text", content: "canary prompt: the launch code is <bird> (system)" }]
              },
              { role: "user", parts: [{ type: "text", content: "canary prompt: the launch code is <bird> (part)" }] }
            ])
            assert.deepStrictEqual(JSON.parse(`${span?.attributes.get("gen_ai.output.messages")}`), [
              {
                role: "assistant",
                parts: [
                  { type: "reasoning", content: "thinking of canary prompt in the answer: <bird>" },
                  { type: "text", content: "canary prompt in the answer: <bird>" },
                  {
                    type: "tool_call",
                    id: "launch_0",
                    name: "launch",
                    arguments: '{"code":"canary prompt in the answer: <bird>"}'
                  }
                ],
                finish_reason: "tool_calls"
              }
            ])
          }
        }),
      capturing
    )
  )

  it.live("is redacted everywhere when it is captured", () =>
    withObserved(
      (observed) =>
        Effect.gen(function* () {
          yield* calls(observed, request)
          const all = yield* observedTexts(observed)
          for (const text of all) {
            assert.notInclude(text, "nightingale")
            assert.notInclude(text, "4be91c07")
          }
        }),
      capturing
    )
  )

  it.live("is neither in records nor in metrics when it is captured", () =>
    withObserved(
      (observed) =>
        Effect.gen(function* () {
          yield* calls(observed, request)
          for (const text of [...observed.records.flatMap(texts), yield* observed.text]) assert.notInclude(text, prompt)
        }),
      capturing
    )
  )

  for (const [name, content] of [
    ["not captured", undefined],
    ["captured", { redact: (text: string) => text.toUpperCase() }]
  ] as const) {
    it.live(`is rejected as an invalid request when it is ${name}`, () =>
      withObserved(
        ({ client, records, server, traced }) =>
          Effect.gen(function* () {
            const odd: ReadonlyArray<unknown> = [
              { messages: prompt },
              { messages: null },
              { messages: [null] },
              { messages: [{ role: 7, content: [null] }] },
              { messages: [{ role: "assistant", content: "", tool_calls: [{}] }] }
            ]
            for (const asked of odd as ReadonlyArray<ChatRequest>) {
              const called = yield* Effect.flip(traced(client.chat(asked)))
              const streamed = yield* Effect.flip(traced(Stream.runDrain(client.stream(asked))))
              assert.deepStrictEqual([called._tag, streamed._tag], ["InvalidRequestError", "InvalidRequestError"])
            }
            assert.strictEqual(records.length, 2 * odd.length)
            assert.deepStrictEqual(yield* server.requests, [])
          }),
        { observer: { content } }
      )
    )
  }
})
