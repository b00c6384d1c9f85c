/** Calls that wait for the only connection, and then for the gate of their attempt, over a real socket. */
import { assert, describe, it } from "@effect/vitest"
import { type Gate, SendGate } from "@kimi-effect/core/internal/SendGate"
import { Fault, Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import { Deferred, Duration, Effect, Fiber } from "effect"
import { HttpClientRequest } from "effect/http"
import * as UndiciHttpClient from "../../src/node/UndiciHttpClient.ts"

/** A client whose only connection is held by a call. */
const held = Effect.gen(function* () {
  const server = yield* MockServer.make({ validateRequests: false })
  yield* server.replyAt("GET /v1/stalled", Reply.faulty(Fault.StallBeforeHeaders()))
  const client = yield* UndiciHttpClient.make({ connectTimeout: Duration.seconds(10), maxConnections: 1 })
  const get = (path: string, gate?: Gate) =>
    Effect.provideService(client.execute(HttpClientRequest.get(`${server.url}/${path}`)), SendGate, gate)
  const holder = yield* Effect.forkChild(get("stalled"), { startImmediately: true })
  yield* server.awaitRequests(1)
  return { server, get, holder }
})

/** A gate that counts who enters. */
const counting = () => {
  const gate = { entered: 0, enter: Effect.sync(() => void gate.entered++), leave: () => {} }
  return gate
}

describe("the gate of an attempt", () => {
  it.effect("is entered again after a wait for a connection", () =>
    Effect.gen(function* () {
      const { get, holder, server } = yield* held
      const gate = counting()
      const waiting = yield* Effect.forkChild(get("models", gate), { startImmediately: true })
      assert.strictEqual(gate.entered, 0)
      yield* Fiber.interrupt(holder)
      assert.strictEqual((yield* Fiber.join(waiting)).status, 200)
      assert.strictEqual(gate.entered, 1)
      assert.strictEqual((yield* server.requests).length, 2)
    })
  )

  it.effect("is not entered again by a call that has a connection at once", () =>
    Effect.gen(function* () {
      const { get, holder } = yield* held
      yield* Fiber.interrupt(holder)
      const gate = counting()
      assert.strictEqual((yield* get("models", gate)).status, 200)
      assert.strictEqual(gate.entered, 0)
    })
  )

  it.effect("gives the connection back when the call is interrupted in it", () =>
    Effect.gen(function* () {
      const { get, holder, server } = yield* held
      const entered = yield* Deferred.make<void>()
      const gate = { enter: Effect.andThen(Deferred.succeed(entered, undefined), Effect.never), leave: () => {} }
      const waiting = yield* Effect.forkChild(get("stalled", gate), { startImmediately: true })
      yield* Fiber.interrupt(holder)
      yield* Deferred.await(entered)
      yield* Fiber.interrupt(waiting)
      assert.strictEqual((yield* get("models")).status, 200)
      assert.deepStrictEqual(
        (yield* server.requests).map(({ path }) => path),
        ["/v1/stalled", "/v1/models"]
      )
    })
  )
})
