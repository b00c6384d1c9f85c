/** Errors by status whose body never comes, under bounds that are shorter than the wait for it. */
import { assert, describe, it } from "@effect/vitest"
import * as CallOptions from "@kimi-effect/core/CallOptions"
import type { Options } from "@kimi-effect/core/KimiConfig"
import { Effect, Fiber, Layer, Redacted, Result, Stream } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import * as KimiClient from "../src/KimiClient.ts"
import { hello, key } from "./node/support/kimi.ts"

/** A host that answers 401 after `delay`, and then leaves the connection open. */
const stalling = (delay: "0 millis" | "1500 millis") =>
  HttpClient.make((sent) =>
    Effect.delay(
      Effect.sync(() => HttpClientResponse.fromWeb(sent, new Response(new ReadableStream(), { status: 401 }))),
      delay
    )
  )

const clientOf = (options: Options, delay: Parameters<typeof stalling>[0] = "0 millis") =>
  KimiClient.layer({ apiKey: Redacted.make(key), ...options }).pipe(
    Layer.provide(Layer.succeed(HttpClient.HttpClient, stalling(delay)))
  )

/** The tag of the error of a call that ends within two seconds. */
const tagOf = (call: Effect.Effect<unknown, { readonly _tag: string }, KimiClient.KimiClient>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(Effect.result(call))
    yield* TestClock.adjust("2 seconds")
    return Result.getOrThrow(Result.flip(yield* Fiber.join(fiber)))._tag
  })

const chat = KimiClient.KimiClient.use((kimi) => kimi.chat(hello))
const stream = KimiClient.KimiClient.use((kimi) => Stream.runDrain(kimi.stream(hello)))
const models = KimiClient.KimiClient.use((kimi) => kimi.models)

describe("an error whose body does not end before the bounds of its call do", () => {
  for (const [name, call, options] of [
    ["the total timeout of a response", chat, { totalTimeout: "2 seconds" }],
    ["the total timeout of a stream", stream, { totalTimeout: "2 seconds" }],
    ["the total timeout of a list", models, { totalTimeout: "2 seconds" }],
    ["the first token timeout of a stream", stream, { firstTokenTimeout: "2 seconds" }],
    ["the deadline of a response", chat, { deadline: "2 seconds" }],
    ["the deadline of a stream", stream, { deadline: "2 seconds" }],
    ["the timeout of one call", CallOptions.provide({ timeout: "2 seconds" })(chat), {}]
  ] as const) {
    it.effect(`is reported before ${name}`, () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* tagOf(call), "AuthenticationError")
      }).pipe(Effect.provide(clientOf(options)))
    )
  }

  it.effect("is reported when the status comes shortly before the bound", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* tagOf(chat), "AuthenticationError")
    }).pipe(Effect.provide(clientOf({ totalTimeout: "2 seconds" }, "1500 millis")))
  )
})
