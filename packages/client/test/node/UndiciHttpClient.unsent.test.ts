/** What an attempt costs that ends while it waits for the only connection, over a real socket. */
import { assert, describe, it } from "@effect/vitest"
import * as Accounting from "@kimi-effect/core/Accounting"
import * as Budget from "@kimi-effect/core/Budget"
import * as CallOptions from "@kimi-effect/core/CallOptions"
import type { Options } from "@kimi-effect/core/KimiConfig"
import { Fault, Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import { BigDecimal, Context, Effect, Fiber, Layer, Redacted, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import { TestClock } from "effect/testing"
import * as KimiClient from "../../src/KimiClient.ts"
import * as KimiNode from "../../src/node/KimiNode.ts"
import { type Client, hello, key } from "./support/kimi.ts"

const request = { ...hello, max_completion_tokens: 100 }

const ask = {
  chat: (client: Client) => client.chat(request),
  stream: (client: Client) => Stream.runDrain(client.stream(request))
}

/** A client of a server that answers nothing, under a budget. */
const connect = Effect.fnUntraced(function* (options: Options = {}, http: "undici" | "fetch" = "undici") {
  const server = yield* MockServer.make()
  yield* server.replyAlways(Reply.faulty(Fault.StallBeforeHeaders()))
  const settings: Options = {
    apiKey: Redacted.make(key),
    baseUrl: server.url,
    maxAttempts: 1,
    maxConnections: 1,
    ...options
  }
  const kimi =
    http === "undici" ? KimiNode.layer(settings) : Layer.provide(KimiClient.layer(settings), FetchHttpClient.layer)
  const services = Layer.merge(Budget.layer({ caps: [{ amount: "100", currency: "USD" }] }), Accounting.layer)
  const context = yield* Layer.build(Layer.provideMerge(kimi, services))
  return {
    server,
    client: Context.get(context, KimiClient.KimiClient),
    outcomes: Effect.map(Context.get(context, Accounting.Accounting).entries, (entries) =>
      entries.map(({ outcome }) => outcome)
    ),
    balance: Effect.map(Context.get(context, Budget.Budget).state, (scopes) =>
      scopes.map(({ reserved, spent }) => [BigDecimal.isPositive(spent), BigDecimal.isPositive(reserved)])
    )
  }
})

describe("an attempt that waits for the only connection", () => {
  for (const [kind, call] of Object.entries(ask)) {
    it.effect(`costs nothing as a ${kind} that is interrupted`, () =>
      Effect.gen(function* () {
        const { balance, client, outcomes, server } = yield* connect()
        const holder = yield* Effect.forkChild(client.chat(request), { startImmediately: true })
        yield* server.awaitRequests(1)
        yield* Fiber.interrupt(yield* Effect.forkChild(call(client), { startImmediately: true }))
        assert.deepStrictEqual(yield* outcomes, [])
        yield* Fiber.interrupt(holder)
        assert.deepStrictEqual(yield* outcomes, ["abandoned"])
        assert.deepStrictEqual(yield* balance, [[true, false]])
        assert.strictEqual((yield* server.requests).length, 1)
      })
    )

    it.effect(`costs nothing as a ${kind} that times out`, () =>
      Effect.gen(function* () {
        const { balance, client, outcomes, server } = yield* connect({
          totalTimeout: "10 seconds",
          poolTimeout: "1 minute"
        })
        const held = CallOptions.provide({ timeout: "1 hour" })(client.chat(request))
        const holder = yield* Effect.forkChild(held, { startImmediately: true })
        yield* server.awaitRequests(1)
        const waiting = yield* Effect.forkChild(Effect.flip(call(client)), { startImmediately: true })
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual((yield* Fiber.join(waiting))._tag, "TotalTimeoutError")
        assert.deepStrictEqual(yield* outcomes, [])
        yield* Fiber.interrupt(holder)
        assert.deepStrictEqual(yield* outcomes, ["abandoned"])
        assert.deepStrictEqual(yield* balance, [[true, false]])
        assert.strictEqual((yield* server.requests).length, 1)
      })
    )

    it.effect(`is charged as a ${kind} that was sent`, () =>
      Effect.gen(function* () {
        const { balance, client, outcomes, server } = yield* connect()
        const fiber = yield* Effect.forkChild(call(client), { startImmediately: true })
        yield* server.awaitRequests(1)
        yield* Fiber.interrupt(fiber)
        assert.deepStrictEqual(yield* outcomes, ["abandoned"])
        assert.deepStrictEqual(yield* balance, [[true, false]])
      })
    )
  }

  it.effect("is charged where the HTTP client does not report what it sends", () =>
    Effect.gen(function* () {
      const { client, outcomes, server } = yield* connect({}, "fetch")
      const fiber = yield* Effect.forkChild(client.chat(request), { startImmediately: true })
      yield* server.awaitRequests(1)
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(yield* outcomes, ["abandoned"])
    })
  )
})
