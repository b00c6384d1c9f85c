import { createConnection, createServer, type Socket } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import * as LiveConfig from "@kimi-effect/core/LiveConfig"
import type * as Settings from "@kimi-effect/core/Settings"
import * as StreamFold from "@kimi-effect/core/StreamFold"
import { Fault, Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import { Context, Deferred, Duration, Effect, Exit, Fiber, Latch, Layer, Queue, Redacted, Stream } from "effect"
import { KimiClient } from "../../src/KimiClient.ts"
import * as KimiNode from "../../src/node/KimiNode.ts"
import { type Client, hello, type Server } from "./support/kimi.ts"

const keyOf = (index: number) => Redacted.make(`sk-${index}`)

const connect = Effect.fnUntraced(function* (server: Server, options: Settings.Options = {}) {
  const config = LiveConfig.layer({ apiKey: keyOf(0), baseUrl: server.url, logLevel: "None", ...options })
  const context = yield* Layer.build(Layer.provideMerge(KimiNode.layerReload(), config))
  return { kimi: Context.get(context, KimiClient), live: Context.get(context, LiveConfig.LiveConfig) }
})

const keysOf = (server: Server) =>
  Effect.map(server.requests, (requests) => requests.map(({ headers }) => headers["authorization"]))

/** A relay to the server that counts connections. */
const counted = (server: Server) =>
  Effect.gen(function* () {
    const target = new URL(server.url)
    const sockets = new Set<Socket>()
    const relay = createServer((socket) => {
      const onward = createConnection(Number(target.port), target.hostname)
      for (const end of [socket, onward]) {
        sockets.add(end)
        end.on("error", () => undefined)
      }
      socket.pipe(onward).pipe(socket)
    })
    yield* Effect.acquireRelease(
      Effect.promise(() => new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve))),
      () =>
        Effect.sync(() => {
          relay.close()
          for (const socket of sockets) socket.destroy()
        })
    )
    const address = relay.address()
    assert.isObject(address)
    const port = typeof address === "object" ? address?.port : undefined
    return { connections: () => sockets.size / 2, url: `http://127.0.0.1:${port}${target.pathname}` }
  })

/** A stream that has begun, and continues when `end` runs. */
const begin = Effect.fnUntraced(function* (kimi: Client) {
  const hasBegun = yield* Deferred.make<void>()
  const latch = Latch.makeUnsafe(false)
  const fiber = yield* Effect.forkChild(
    StreamFold.collect(
      Stream.tap(kimi.stream(hello), ({ _tag }) =>
        _tag === "Start" ? Effect.andThen(Deferred.succeed(hasBegun, undefined), latch.await) : Effect.void
      )
    )
  )
  yield* Deferred.await(hasBegun)
  return { end: Effect.andThen(latch.open, Fiber.join(fiber)) }
})

describe("KimiNode.layerReload", () => {
  it.live(
    "fails no call during a thousand changes of the configuration under load",
    () =>
      Effect.gen(function* () {
        const swaps = 1_000
        const servers = [yield* MockServer.make(), yield* MockServer.make()] as const
        const { kimi, live } = yield* connect(servers[0], { maxAttempts: 1, maxConnections: 8 })
        /** The latest swap that is over. */
        let latest = 0
        let isOver = false
        const failures: Array<unknown> = []
        const ended = yield* Queue.unbounded<void>()

        const call = (worker: number) =>
          Effect.suspend(() => {
            const request = { messages: [{ role: "user" as const, content: `call of ${latest}` }] }
            return worker % 2 === 0 ? kimi.chat(request) : Stream.runDrain(kimi.stream(request))
          }).pipe(
            Effect.exit,
            Effect.tap((exit) => {
              if (Exit.isFailure(exit)) failures.push(exit.cause)
              return Queue.offer(ended, undefined)
            })
          )
        const workers = yield* Effect.forkChild(
          Effect.forEach(
            Array.from({ length: 8 }, (_, worker) => worker),
            (worker) => Effect.whileLoop({ while: () => !isOver, body: () => call(worker), step: () => undefined }),
            { concurrency: "unbounded" }
          )
        )

        for (let swap = 1; swap <= swaps; swap++) {
          const changed = yield* live.set({
            apiKey: keyOf(swap),
            maxConcurrency: 1 + (swap % 10),
            totalTimeout: `${60 + (swap % 3)} seconds`,
            ...(swap % 100 === 0 ? { baseUrl: servers[(swap / 100) % 2 === 0 ? 0 : 1].url } : {})
          })
          latest = swap
          assert.include(changed, "apiKey")
          if (swap % 50 === 0) assert.strictEqual((yield* Effect.exit(live.set({ maxAttempts: 0 })))._tag, "Failure")
          // Calls end between any two swaps.
          yield* Queue.clear(ended)
          yield* Queue.take(ended)
        }
        isOver = true
        yield* Fiber.join(workers)

        assert.deepStrictEqual(failures, [])
        const requests = [...(yield* servers[0].requests), ...(yield* servers[1].requests)]
        assert.isAtLeast(requests.length, swaps)
        const keys = new Set(requests.map(({ headers }) => headers["authorization"]))
        assert.isAbove(keys.size, swaps / 10)
        for (const { body, headers } of requests) {
          // The swap may have ended before the caller observed it.
          const began = Number(/call of (\d+)/.exec(body)?.[1])
          assert.include([`Bearer sk-${began}`, `Bearer sk-${began + 1}`], headers["authorization"])
        }
        // One pool for all of them.
        for (const server of servers) assert.isAtMost(yield* server.openConnections, 8)
      }),
    { timeout: 120_000 }
  )

  /** A stream that is running while key and host change, and a call after the change. */
  const acrossChange = Effect.gen(function* () {
    const before = yield* MockServer.make({ apiKey: "sk-0" })
    const after = yield* MockServer.make({ apiKey: "sk-1" })
    const { kimi, live } = yield* connect(before)
    const stream = yield* begin(kimi)
    yield* live.set({ apiKey: keyOf(1), baseUrl: after.url })
    yield* kimi.chat(hello)
    return { before, after, answer: yield* stream.end }
  })

  it.live("ends a running stream on the old settings", () =>
    Effect.gen(function* () {
      const { answer, before } = yield* acrossChange
      assert.strictEqual(answer.finishReason, "stop")
      assert.isAbove(answer.text.length, 10)
      assert.deepStrictEqual(yield* keysOf(before), ["Bearer sk-0"])
    })
  )

  it.live("makes the next call with the new settings", () =>
    Effect.gen(function* () {
      const { after } = yield* acrossChange
      assert.deepStrictEqual(yield* keysOf(after), ["Bearer sk-1"])
    })
  )

  it.live("changes the provider with its default model", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make({ validateRequests: false })
      yield* server.replyAlways(Reply.chatResponse({ content: "Hello", model: "any" }))
      const { kimi, live } = yield* connect(server)
      assert.strictEqual((yield* kimi.chat(hello)).provider, "moonshot")
      yield* live.set({ provider: "together" })
      assert.strictEqual((yield* kimi.chat(hello)).provider, "together")
      const models = (yield* server.requests).map(({ json }) => (json as { readonly model: string }).model)
      assert.deepStrictEqual(models, ["kimi-k3", "moonshotai/Kimi-K2.5"])
    })
  )

  it.live("keeps its connections over a swap", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      const { connections, url } = yield* counted(server)
      const { kimi, live } = yield* connect(server, { baseUrl: url, maxConnections: 1 })
      for (let swap = 1; swap <= 5; swap++) {
        yield* kimi.chat(hello)
        yield* live.set({ apiKey: keyOf(swap) })
      }
      assert.strictEqual((yield* server.requests).length, 5)
      assert.strictEqual(connections(), 1)
    })
  )

  it.live("bounds the wait for a connection by the new timeout", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      yield* server.replyAlways(Reply.faulty(Fault.StallBeforeHeaders()))
      const { kimi, live } = yield* connect(server, { maxConnections: 1, maxAttempts: 1 })
      yield* live.set({ poolTimeout: "20 millis" })
      yield* Effect.forkChild(kimi.chat(hello), { startImmediately: true })
      const error = yield* Effect.flip(kimi.chat(hello))
      assert.deepInclude(error, { _tag: "ConnectionPoolTimeoutError", timeout: Duration.millis(20) })
    })
  )

  it.live("closes a pool of another size after its last call", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      const { kimi, live } = yield* connect(server, { maxConnections: 8 })
      const stream = yield* begin(kimi)
      yield* live.set({ maxConnections: 1 })
      yield* Effect.all([kimi.chat(hello), kimi.chat(hello), kimi.chat(hello)], { concurrency: 3 })
      // The one of the stream, and the only one of the new pool.
      yield* server.awaitOpenConnections(2)
      yield* stream.end
      yield* server.awaitOpenConnections(1)
      yield* kimi.chat(hello)
      yield* server.awaitOpenConnections(1)
    })
  )
})
