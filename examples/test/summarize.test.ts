/**
 * One application, tested at each level: with a mock of the client, with one below the whole pipeline, at the level of
 * HTTP, from a cassette, and over real sockets. Take the highest level that has what you test.
 */
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { KimiClient } from "@kimi-effect/client"
import { KimiNode } from "@kimi-effect/client/node"
import { KimiConfig } from "@kimi-effect/core"
import { Cassette, MockProvider, Reply } from "@kimi-effect/testing"
import { CassetteStore, MockServer } from "@kimi-effect/testing/node"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import { summarize } from "./summarize.ts"

const text = "A long story about a whale."
const options = { apiKey: Redacted.make("sk-test"), maxAttempts: 2 }

describe("a mock of the client, for what the application makes of responses", () => {
  it.effect("returns the summary", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* summarize(text), "A whale story.")
      const mock = yield* MockProvider.MockProvider
      yield* mock.received({ messages: [{ role: "user", content: text }] })
    }).pipe(Effect.provide(MockProvider.layerClient({ script: ["A whale story."] })))
  )

  it.effect("shortens the text when no model is available", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* summarize(text), "A long story about a…")
    }).pipe(Effect.provide(MockProvider.layerClient({ script: [Reply.overloaded()] })))
  )
})

describe("a mock of the transport, for retries, limits, caches and budgets", () => {
  const client = KimiClient.layerTransport.pipe(
    Layer.provideMerge(
      MockProvider.layerTransport({ script: [Reply.rateLimited({ retryAfter: "20 seconds" }), "A whale story."] })
    ),
    Layer.provide(KimiConfig.layer(options))
  )

  it.effect("waits as long as the host demands", () =>
    Effect.gen(function* () {
      const mock = yield* MockProvider.MockProvider
      const fiber = yield* Effect.forkChild(summarize(text), { startImmediately: true })
      yield* TestClock.adjust("19 seconds")
      yield* mock.attempts(1)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* Fiber.join(fiber), "A whale story.")
    }).pipe(Effect.provide(client))
  )
})

describe("a mock of HTTP, for requests on the wire and the mapping of errors", () => {
  const client = KimiClient.layer(options).pipe(
    Layer.provideMerge(MockProvider.layerHttp({ script: [Reply.unauthorized()] }))
  )

  it.effect("fails with the error of a wrong key", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* Effect.flip(summarize(text)))._tag, "AuthenticationError")
    }).pipe(Effect.provide(client))
  )
})

describe("a cassette, for recorded responses of the host", () => {
  // `KIMI_CASSETTE_MODE=record` and a key record it again, at the real host.
  const client = KimiClient.layer(options).pipe(
    Layer.provide(Cassette.layer({ name: "summary" })),
    Layer.provide(CassetteStore.layerFile({ folder: fileURLToPath(new URL("cassettes", import.meta.url)) })),
    Layer.provide(FetchHttpClient.layer)
  )

  it.effect("replays what was recorded", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* summarize(text), "A whale story.")
    }).pipe(Effect.provide(client))
  )
})

describe("a server, for real sockets", () => {
  it.live("continues after a lost connection", () =>
    Effect.gen(function* () {
      const host = yield* MockServer.make()
      yield* host.reply(Reply.connectionLost(), Reply.text("A whale story."))
      const client = KimiNode.layer({ ...options, baseUrl: host.url, retryBaseDelay: "1 millis" })
      assert.strictEqual(yield* Effect.provide(summarize(text), client), "A whale story.")
    })
  )
})
