/**
 * The client over TLS and HTTP/2, which is what Moonshot's own hosts speak.
 */
import { assert, describe, it } from "@effect/vitest"
import type { Options } from "@kimi-effect/core/KimiConfig"
import { Context, Deferred, Effect, Fiber, Layer, Redacted, Stream } from "effect"
import type * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import { KimiClient } from "../../src/KimiClient.ts"
import * as KimiNode from "../../src/node/KimiNode.ts"
import { plain, type Server, serve, trust } from "./support/http2Server.ts"
import { type Client, hello, key } from "./support/kimi.ts"

const partial = { content: "", reasoning_content: "The user wants me", tool_calls: [] }

const connect = (server: Server, options: Options = {}) =>
  Effect.map(
    Layer.build(KimiNode.layer({ apiKey: Redacted.make(key), baseUrl: server.url, maxAttempts: 1, ...options })),
    Context.get(KimiClient)
  )

const trusting = <A, E>(
  test: (client: Client, server: Server) => Effect.Effect<A, E, Scope.Scope>,
  options: Options = {},
  maxStreams?: number
) =>
  Effect.scoped(
    Effect.gen(function* () {
      yield* trust
      const server = yield* serve(maxStreams)
      return yield* test(yield* connect(server, options), server)
    })
  )

describe("KimiNode over HTTP/2", () => {
  it.live("makes concurrent calls over one connection", () =>
    trusting((client, server) =>
      Effect.gen(function* () {
        yield* client.chat(hello)
        const calls = Array.from({ length: 40 }, (_, index) =>
          index % 2 === 0 ? client.chat(hello) : Stream.runDrain(client.stream(hello))
        )
        yield* Effect.all(calls, { concurrency: "unbounded" })
        assert.strictEqual(server.sessions(), 1)
      })
    )
  )

  it.live("makes a hundred calls at a time over each connection of the pool; further calls wait", () =>
    trusting(
      (client, server) =>
        Effect.gen(function* () {
          yield* client.chat(hello)
          yield* server.received
          server.script(...Array.from({ length: 100 }, () => "stall" as const))
          const calls = yield* Effect.forEach(Array.from({ length: 120 }), () => Effect.forkChild(client.chat(hello)))
          for (let call = 0; call < 100; call++) yield* server.received
          const origin = new URL(server.url).origin
          const used = Effect.map(client.metrics, ({ connections }) => connections)
          assert.deepStrictEqual(yield* used, [{ origin, inUse: 100, waiting: 20, limit: 100 }])
          yield* Fiber.interrupt(calls[0] ?? assert.fail())
          yield* server.received
          assert.strictEqual(server.sessions(), 1)
          yield* Fiber.interruptAll(calls)
          assert.deepStrictEqual(yield* used, [{ origin, inUse: 0, waiting: 0, limit: 100 }])
        }),
      { maxConnections: 1 }
    )
  )

  it.effect("bounds the wait for a stream of a host that allows few", () =>
    trusting(
      (client, server) =>
        Effect.gen(function* () {
          yield* client.chat(hello)
          yield* server.received
          server.script("stall", "stall")
          const stalled = yield* Effect.forEach([1, 2], () => Effect.forkChild(client.chat(hello)))
          yield* server.received
          const open = yield* server.received
          const origin = new URL(server.url).origin
          const interrupted = yield* Effect.forkChild(client.chat(hello))
          const waiting = yield* Effect.forkChild(Effect.flip(client.chat(hello)))
          const used = Effect.map(client.metrics, ({ connections }) => connections)
          yield* Effect.repeat(Effect.andThen(Effect.yieldNow, used), {
            until: ([pool]) => pool?.waiting === 2,
            times: 10_000
          })
          assert.deepStrictEqual(yield* used, [{ origin, inUse: 2, waiting: 2, limit: 100 }])
          yield* Fiber.interrupt(interrupted)
          yield* TestClock.adjust("30 seconds")

          const error = yield* Fiber.join(waiting)
          assert.strictEqual(error._tag, "ConnectionPoolTimeoutError")
          assert.strictEqual(error.billing, "none")
          open.respond({ ":status": 200, "content-type": "application/json" })
          open.end(plain)
          yield* Fiber.join(stalled[1] ?? assert.fail())
          yield* client.chat(hello)
          yield* Fiber.interruptAll(stalled)
          const [pool] = yield* used
          assert.deepStrictEqual([pool?.inUse, pool?.waiting], [0, 0])
          assert.deepStrictEqual([server.sessions(), server.requests()], [1, 4])
        }),
      { maxConnections: 1 },
      2
    )
  )

  it.live("emits the events of a stream", () =>
    trusting((client) =>
      Effect.gen(function* () {
        const events = yield* Stream.runCollect(client.stream(hello))
        assert.strictEqual(events[0]?._tag, "Start")
        assert.strictEqual(events.at(-1)?._tag, "Finish")
      })
    )
  )

  it.live("resets only calls that are interrupted", () =>
    trusting((client, server) =>
      Effect.gen(function* () {
        server.script("stall", "stall mid-stream", "stall")
        const plainCall = yield* Effect.forkChild(client.chat(hello))
        yield* server.received
        const first = yield* Deferred.make<void>()
        const streamed = yield* Effect.forkChild(
          Stream.runForEach(client.stream(hello), () => Deferred.succeed(first, undefined))
        )
        yield* server.received
        yield* Deferred.await(first)
        const kept = yield* Effect.forkChild(client.chat(hello))
        const keptStream = yield* server.received

        yield* Fiber.interrupt(plainCall)
        yield* server.left
        yield* Fiber.interrupt(streamed)
        yield* server.left

        keptStream.respond({ ":status": 200, "content-type": "application/json" })
        keptStream.end(plain)
        assert.strictEqual((yield* Fiber.join(kept)).finishReason, "stop")
        yield* client.chat(hello)
        assert.strictEqual(server.sessions(), 1)
      })
    )
  )

  it.live("resets a call whose consumer stops or whose timeout expires", () =>
    trusting(
      (client, server) =>
        Effect.gen(function* () {
          server.script("stall mid-stream", "stall mid-stream", "stall")
          yield* Stream.runDrain(Stream.take(client.stream(hello), 2))
          yield* server.left
          const idle = yield* Effect.flip(Stream.runDrain(client.stream(hello)))
          assert.strictEqual(idle._tag, "IdleTimeoutError")
          assert.deepStrictEqual(idle.partial, partial)
          yield* server.left
          assert.strictEqual((yield* Effect.flip(client.chat(hello)))._tag, "TotalTimeoutError")
          yield* server.left
          assert.strictEqual(server.sessions(), 1)
        }),
      { idleTimeout: "50 millis", totalTimeout: "500 millis" }
    )
  )

  const broken = [
    // undici takes the reset of a stream for its end. What is missing then shows that it is none.
    ["reset mid-stream", "StreamTruncatedError", "InvalidResponseError"],
    ["close mid-stream", "StreamInterruptedError", "ConnectionLostError"]
  ] as const
  for (const [script, streamTag, plainTag] of broken) {
    it.live(`fails a stream that the host breaks off, with what had arrived: ${script}`, () =>
      trusting((client, server) =>
        Effect.gen(function* () {
          server.script(script, script)
          const streamed = yield* Effect.flip(Stream.runDrain(client.stream(hello)))
          assert.strictEqual(streamed._tag, streamTag)
          assert.deepStrictEqual(streamed.partial, partial)
          const answered = yield* Effect.flip(client.chat(hello))
          assert.strictEqual(answered._tag, plainTag)
          assert.isTrue(streamed.isRetryable && answered.isRetryable)
          yield* client.chat(hello)
        })
      )
    )
  }

  it.live("leaves no connection behind when its layer is closed", () =>
    Effect.scoped(
      Effect.gen(function* () {
        yield* trust
        const server = yield* serve()
        server.script("answer", "stall")
        yield* Effect.scoped(
          Effect.gen(function* () {
            const client = yield* connect(server)
            yield* client.chat(hello)
            yield* server.received
            yield* Effect.forkScoped(client.chat(hello))
            yield* server.received
          })
        )
        yield* server.left
      })
    )
  )
})
