import { assert, describe, it } from "@effect/vitest"
import * as KimiClient from "@kimi-effect/client/KimiClient"
import { CassetteMissError } from "@kimi-effect/core/CassetteErrors"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as Cassette from "../src/Cassette.ts"
import * as Reply from "../src/Reply.ts"
import * as SseText from "../src/SseText.ts"
import { fileText, host, json, store, variables } from "./support/cassettes.ts"

const question = { messages: [{ role: "user" as const, content: "Hello!" }] }
const completion = Reply.chatResponse({ content: "Hello, Ann!", reasoning_content: "A greeting." })

/** A host that answers with a completion, whole or as a stream. */
const kimi = host((body) =>
  body.includes('"stream":true')
    ? new Response(SseText.fromCompletion(completion.completion, { includeUsage: true }).join(""), {
        headers: { "content-type": "text/event-stream" }
      })
    : json(completion.body)
)

const use = (mode: Cassette.Mode, apiKey: string) =>
  Effect.provide(
    KimiClient.layer({ apiKey: Redacted.make(apiKey) }).pipe(
      Layer.provide(Cassette.layer({ name: "test", mode })),
      Layer.provide(kimi.layer),
      Layer.provide(variables())
    )
  )

const chat = Effect.flatMap(KimiClient.KimiClient, (client) => client.chat(question))
const events = Effect.flatMap(KimiClient.KimiClient, (client) => Stream.runCollect(client.stream(question)))

describe("Cassette below KimiClient", () => {
  it.live("replays a chat with another key", () =>
    Effect.gen(function* () {
      const recorded = yield* chat.pipe(use("record", "sk-recording-0123456789"))
      const replayed = yield* chat.pipe(use("replay", "sk-other-0123456789"))
      assert.deepStrictEqual(replayed.choices, recorded.choices)
      assert.deepStrictEqual(replayed.usage, recorded.usage)
    }).pipe(store)
  )

  it.live("replays a stream event by event", () =>
    Effect.gen(function* () {
      const recorded = yield* events.pipe(use("record", "sk-recording-0123456789"))
      const replayed = yield* events.pipe(use("replay", "sk-other-0123456789"))
      assert.deepStrictEqual(replayed, recorded)
      assert.isAbove(replayed.length, 5)
    }).pipe(store)
  )

  it.live("does not write the key", () =>
    Effect.gen(function* () {
      yield* chat.pipe(use("record", "sk-recording-0123456789"))
      assert.notInclude(yield* fileText, "0123456789")
    }).pipe(store)
  )

  it.live("fails a chat that it does not contain with CassetteMissError", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(chat.pipe(use("replay", "sk-other-0123456789")))
      assert.instanceOf(error, CassetteMissError)
    }).pipe(store)
  )

  it.live("fails a stream that it does not contain with CassetteMissError", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(events.pipe(use("replay", "sk-other-0123456789")))
      assert.instanceOf(error, CassetteMissError)
    }).pipe(store)
  )

  it.live("receives a request that it does not contain once", () =>
    Effect.gen(function* () {
      let requests = 0
      const counted = Layer.effect(
        HttpClient.HttpClient,
        Effect.map(
          HttpClient.HttpClient,
          HttpClient.tapRequest(() => Effect.sync(() => void requests++))
        )
      )
      const client = KimiClient.layer({ apiKey: Redacted.make("sk-any-0123456789") }).pipe(
        Layer.provide(counted),
        Layer.provide(Cassette.layer({ name: "test", mode: "replay" })),
        Layer.provide(variables())
      )
      yield* Effect.exit(Effect.provide(chat, client))
      assert.strictEqual(requests, 1)
    }).pipe(store)
  )
})
