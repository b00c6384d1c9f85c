/** More streams than connections, over real sockets. */
import { assert, describe, it } from "@effect/vitest"
import type { StreamError } from "@kimi-effect/core/OperationErrors"
import { Fault, Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import { Duration, Effect, Exit, Fiber, Redacted, Scope, Stream } from "effect"
import { HttpClientRequest } from "effect/http"
import { TestClock } from "effect/testing"
import * as UndiciHttpClient from "../../src/node/UndiciHttpClient.ts"
import { valuesOf } from "./support/exposition.ts"
import { type Client, connect, hello, type Server } from "./support/kimi.ts"
import { withObserved } from "./support/observed.ts"

const maxConnections = 4
const streamCount = 500

const contentOf = ({ json }: { readonly json: unknown }): string => {
  const { messages } = json as { readonly messages: ReadonlyArray<{ readonly content: string }> }
  return messages[0]?.content ?? ""
}

const ask = (client: Client, index: number): Effect.Effect<void, StreamError> =>
  Stream.runDrain(client.stream({ messages: [{ role: "user", content: `stream ${index}` }] }))

const connectionsOf = (client: Client) => Effect.map(client.metrics, ({ connections }) => connections[0])

const healthOf = (client: Client) =>
  Effect.map(client.health, ({ components, status }) => [
    status,
    ...components.map(({ code, name }) => `${name} ${code}`)
  ])

/** Starts streams that stall after their first events and hold their connections: four do, and all others wait. */
const exhaust = Effect.fnUntraced(function* (client: Client, server: Server) {
  yield* server.replyAlways(Reply.faulty(Fault.StallMidStream({ afterEvents: 2 })))
  const fibers: Array<Fiber.Fiber<void, StreamError>> = []
  for (let index = 0; index < streamCount; index++) {
    fibers.push(yield* Effect.forkChild(ask(client, index), { startImmediately: true }))
  }
  yield* server.awaitRequests(maxConnections)
  return fibers
})

const exhausted = Effect.gen(function* () {
  const server = yield* MockServer.make()
  const client = yield* connect(server, { maxConnections })
  return { server, client, fibers: yield* exhaust(client, server), origin: new URL(server.url).origin }
})

/** Ends the streams of these fibers, in order. */
const end = (fibers: ReadonlyArray<Fiber.Fiber<void, StreamError>>) => Effect.forEach(fibers, Fiber.interrupt)

describe("500 streams on a pool of 4 connections", () => {
  it.effect("are shown in metrics as in use or waiting", () =>
    Effect.gen(function* () {
      const { client, origin } = yield* exhausted
      assert.deepStrictEqual(yield* connectionsOf(client), { origin, inUse: 4, waiting: 496, limit: 4 })
    })
  )

  it.effect("are shown in the exported gauges", () =>
    withObserved(
      ({ client, server, text }) =>
        Effect.gen(function* () {
          yield* exhaust(client, server)
          const exposed = yield* text
          const valueOf = (name: string) => valuesOf(exposed, name, "server_address", "server_port")
          const address = `127.0.0.1 ${new URL(server.url).port}`
          assert.deepStrictEqual(valueOf("kimi_client_pool_in_use"), { [address]: 4 })
          assert.deepStrictEqual(valueOf("kimi_client_pool_waiting"), { [address]: 496 })
          assert.deepStrictEqual(valueOf("kimi_client_pool_limit"), { [address]: 4 })
        }),
      { client: { maxConnections, maxAttempts: 1 } }
    )
  )

  it.effect("degrade the health of the connections while some wait, without a check that waits too", () =>
    Effect.gen(function* () {
      const { client } = yield* exhausted
      assert.deepStrictEqual(yield* healthOf(client), [
        "degraded",
        "host NotChecked",
        "balance NotChecked",
        "breaker Ok",
        "admission Ok",
        "connections PoolExhausted",
        "config Ok"
      ])
    })
  )

  it.effect("make the client unhealthy when some have failed while others wait", () =>
    Effect.gen(function* () {
      const { client } = yield* exhausted
      yield* TestClock.adjust("20 seconds")
      yield* Effect.forkChild(ask(client, streamCount), { startImmediately: true })
      yield* TestClock.adjust("10 seconds")
      const [status, ...components] = yield* healthOf(client)
      assert.strictEqual(status, "unhealthy")
      assert.include(components, "connections PoolTimeout")
    })
  )

  it.effect("reach the host in order, each when one before it has ended", () =>
    Effect.gen(function* () {
      const { fibers, server } = yield* exhausted
      for (let index = 0; index < 20; index++) {
        yield* end(fibers.slice(index, index + 1))
        yield* server.awaitRequests(maxConnections + index + 1)
      }
      const contents = (yield* server.requests).slice(maxConnections).map(contentOf)
      assert.deepStrictEqual(
        contents,
        Array.from({ length: 20 }, (_, index) => `stream ${maxConnections + index}`)
      )
    })
  )

  it.effect("fail with the error of the pool exactly after its timeout", () =>
    Effect.gen(function* () {
      const { client, fibers } = yield* exhausted
      yield* TestClock.adjust("29999 millis")
      assert.strictEqual((yield* connectionsOf(client))?.waiting, 496)
      yield* TestClock.adjust("1 millis")
      const error = yield* Effect.flip(Fiber.join(fibers[maxConnections] ?? assert.fail()))
      assert.strictEqual(error._tag, "ConnectionPoolTimeoutError")
      assert.deepInclude(error, { isRetryable: true, billing: "none", breaker: "ignored", provider: "moonshot" })
      assert.deepStrictEqual(error._tag === "ConnectionPoolTimeoutError" && error.timeout, Duration.seconds(30))
    })
  )

  it.effect("leave those that hold a connection when the others fail", () =>
    Effect.gen(function* () {
      const { client, origin, server } = yield* exhausted
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual(yield* connectionsOf(client), { origin, inUse: 4, waiting: 0, limit: 4 })
      assert.strictEqual((yield* server.requests).length, maxConnections)
    })
  )

  it.effect("leave no trace when those that wait are interrupted", () =>
    Effect.gen(function* () {
      const { client, fibers, origin, server } = yield* exhausted
      yield* end(fibers.slice(maxConnections))
      assert.deepStrictEqual(yield* connectionsOf(client), { origin, inUse: 4, waiting: 0, limit: 4 })
      yield* end(fibers.slice(0, maxConnections))
      yield* server.reset
      yield* client.chat(hello)
      assert.strictEqual((yield* server.requests).length, 1)
    })
  )

  it.effect("return all connections", () =>
    Effect.gen(function* () {
      const { client, fibers, origin } = yield* exhausted
      yield* end(fibers.toReversed())
      assert.deepStrictEqual(yield* connectionsOf(client), { origin, inUse: 0, waiting: 0, limit: 4 })
    })
  )
})

describe("a pool of one connection", () => {
  const one = { connectTimeout: Duration.seconds(10), maxConnections: 1 }

  /** A call that holds the connection. */
  const held = Effect.gen(function* () {
    const server = yield* MockServer.make({ validateRequests: false })
    yield* server.replyAt("GET /v1/stalled", Reply.faulty(Fault.StallBeforeHeaders()))
    const scope = yield* Scope.make()
    const client = yield* Scope.provide(UndiciHttpClient.make(one), scope)
    const get = (path: string) => client.execute(HttpClientRequest.get(`${server.url}/${path}`))
    const holder = yield* Effect.forkChild(get("stalled"), { startImmediately: true })
    yield* server.awaitRequests(1)
    return { server, scope, get, holder }
  })

  it.effect("fails the calls that wait when its scope is closed, without sending them", () =>
    Effect.gen(function* () {
      const { get, scope, server } = yield* held
      const waiting = yield* Effect.forkChild(Effect.all([get("models"), get("models")], { concurrency: 2 }), {
        startImmediately: true
      })
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* Effect.flip(Fiber.join(waiting))).reason._tag, "TransportError")
      assert.strictEqual((yield* server.requests).length, 1)
    })
  )

  it.effect("is used by the next call when the one that holds it is interrupted", () =>
    Effect.gen(function* () {
      const { get, holder } = yield* held
      const waiting = yield* Effect.forkChild(get("models"), { startImmediately: true })
      yield* Fiber.interrupt(holder)
      assert.strictEqual((yield* Fiber.join(waiting)).status, 200)
    })
  )

  it.effect("is used by the next call when the connection breaks", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make({ validateRequests: false })
      yield* server.replyAt("GET /v1/broken", Reply.faulty(Fault.ResetBeforeHeaders()))
      const client = yield* UndiciHttpClient.make(one)
      const get = (path: string) => client.execute(HttpClientRequest.get(`${server.url}/${path}`))
      const [broken, next] = yield* Effect.all([Effect.exit(get("broken")), get("models")], { concurrency: 2 })
      assert.isTrue(Exit.isFailure(broken))
      assert.strictEqual(next.status, 200)
    })
  )

  it.effect("is not lost by a call that undici does not accept", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make({ validateRequests: false })
      const client = yield* UndiciHttpClient.make({ ...one, proxy: Redacted.make("http://127.0.0.1:1") })
      const refused = HttpClientRequest.get(`${server.url}/models`, {
        headers: { "proxy-authorization": "Basic eA==" }
      })
      for (let call = 0; call < 3; call++) {
        const { reason } = yield* Effect.flip(client.execute(refused))
        assert.strictEqual(reason._tag, "TransportError")
      }
    })
  )

  it.effect("is free again after a redirect that is not followed", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      const client = yield* connect(server, { maxConnections: 1 })
      yield* server.reply(Reply.faulty(Fault.Redirect({ status: 302, location: "https://example.com/" })))
      assert.strictEqual((yield* Effect.flip(client.chat(hello)))._tag, "RedirectError")
      yield* client.chat(hello)
      assert.deepInclude(yield* connectionsOf(client), { inUse: 0, waiting: 0 })
    })
  )
})
