/** Errors by status whose body never comes, or never ends. */
import { assert, describe, it } from "@effect/vitest"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import { Effect, Fiber, Layer, Redacted, Result, Stream } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import * as ChatTransport from "../src/ChatTransport.ts"
import * as HostApi from "../src/HostApi.ts"
import { hello, key } from "./node/support/kimi.ts"

const request = { ...hello, model: "kimi-k3" }

/** A host that answers every request with this status and pieces, and then leaves the connection open. */
const stalling = (status: number, pieces: ReadonlyArray<string>, headers: Record<string, string> = {}) => {
  const state = { closed: 0 }
  const http = HttpClient.make((sent) =>
    Effect.sync(() => {
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => {
          for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece))
        },
        cancel: () => void state.closed++
      })
      return HttpClientResponse.fromWeb(sent, new Response(body, { status, headers }))
    })
  )
  const layer = Layer.merge(ChatTransport.layerHttp, HostApi.layerHttp).pipe(
    Layer.provide(KimiConfig.layer({ apiKey: Redacted.make(key) })),
    Layer.provide(Layer.succeed(HttpClient.HttpClient, http))
  )
  return { layer, state }
}

/** The error of an effect that ends within five seconds. */
const failureOf = <A, E>(call: Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(Effect.result(call))
    yield* TestClock.adjust("5 seconds")
    return Result.getOrThrow(Result.flip(yield* Fiber.join(fiber)))
  })

const statuses = [
  [301, "RedirectError"],
  [400, "InvalidRequestError"],
  [401, "AuthenticationError"],
  [404, "InvalidRequestError"],
  [429, "RateLimitError"],
  [500, "ServerError"],
  [503, "ServiceUnavailableError"],
  [504, "GatewayTimeoutError"]
] as const

describe("an error whose body does not end", () => {
  for (const [status, tag] of statuses) {
    for (const pieces of [[], ['{"error":{"message":"bro']]) {
      const received = pieces.length === 0 ? "nothing" : "a part"
      it.effect(`${status} with ${received} of its body is ${tag} in any call, after five seconds`, () => {
        const { layer, state } = stalling(status, pieces)
        return Effect.gen(function* () {
          const transport = yield* ChatTransport.ChatTransport
          assert.strictEqual((yield* failureOf(transport.chat(request)))._tag, tag)
          assert.strictEqual((yield* failureOf(Stream.runDrain(transport.stream(request))))._tag, tag)
          assert.strictEqual(state.closed, 2)
        }).pipe(Effect.provide(layer))
      })
    }
  }

  it.effect("keeps the wait that the headers name", () => {
    const { layer } = stalling(503, [], { "retry-after": "30" })
    return Effect.gen(function* () {
      const error = yield* failureOf((yield* ChatTransport.ChatTransport).chat(request))
      assert.strictEqual(error._tag, "ServiceUnavailableError")
      assert.deepInclude(JSON.parse(JSON.stringify(error)), { retryAfter: "30s" })
    }).pipe(Effect.provide(layer))
  })

  it.effect("uses the error object that has arrived", () => {
    const body = '{"error":{"message":"No money","type":"exceeded_current_quota_error"}}'
    const { layer } = stalling(429, [body])
    return Effect.gen(function* () {
      const error = yield* failureOf((yield* ChatTransport.ChatTransport).chat(request))
      assert.strictEqual(error._tag, "QuotaExceededError")
      assert.strictEqual(error.message, "No money")
    }).pipe(Effect.provide(layer))
  })

  it.effect("does not hold a request that calls no model", () => {
    const { layer, state } = stalling(401, [])
    return Effect.gen(function* () {
      const host = yield* HostApi.HostApi
      const error = yield* failureOf(HostApi.models(host))
      assert.strictEqual(error._tag, "AuthenticationError")
      assert.strictEqual(state.closed, 1)
    }).pipe(Effect.provide(layer))
  })

  it.effect("quotes no bytes of a body in a coding that was not accepted", () => {
    const { layer } = stalling(500, ["\u001f\ufffd\u0008"], { "content-encoding": "gzip" })
    return Effect.gen(function* () {
      const error = yield* failureOf((yield* ChatTransport.ChatTransport).chat(request))
      assert.strictEqual(error.message, "the host answered 500 with a body that is encoded as gzip")
    }).pipe(Effect.provide(layer))
  })
})
