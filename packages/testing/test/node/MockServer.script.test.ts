import * as http from "node:http"
import { connect } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Fault from "../../src/Fault.ts"
import * as MockServer from "../../src/node/MockServer.ts"
import * as ErrorReply from "../../src/ErrorReply.ts"
import * as Reply from "../../src/Reply.ts"
import * as RawClient from "./support/RawClient.ts"

const { chat, request } = RawClient

describe("a scripted MockServer", () => {
  describe("replies", () => {
    it.live("uses each queued reply once", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        yield* server.reply(ErrorReply.table.limitRpm, Reply.chatResponse({ content: "scripted" }))
        yield* server.reply(ErrorReply.table.gatewayTimeout)
        // Requests to other routes do not use the queue.
        assert.strictEqual((yield* request(`${server.url}/models`)).status, 200)
        const limited = yield* chat(server.url)
        assert.strictEqual(limited.status, 429)
        assert.strictEqual(limited.headers["retry-after"], "1")
        assert.strictEqual(JSON.parse((yield* chat(server.url)).text).choices[0].message.content, "scripted")
        assert.strictEqual((yield* chat(server.url)).status, 504)
        assert.strictEqual((yield* chat(server.url)).status, 200)
      })
    )

    it.live("sends a scripted completion as one body", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        yield* server.replyAlways(Reply.chatResponse({ content: "twice" }))
        assert.strictEqual(JSON.parse((yield* chat(server.url)).text).choices[0].message.content, "twice")
      })
    )

    it.live("sends a scripted completion as a stream", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        yield* server.replyAlways(Reply.chatResponse({ content: "twice" }))
        const { text } = yield* chat(server.url, { stream: true, stream_options: { include_usage: true } })
        assert.include(text, '"delta":{"content":"twice"}')
        assert.include(text, '"choices":[],"usage":{"prompt_tokens":88')
      })
    )

    it.live("makes replies from requests when the queue is empty", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        yield* server.replyAlways((received) => Reply.json({ length: received.body.length, path: received.path }))
        yield* server.reply(Reply.json("queued"))
        assert.strictEqual((yield* chat(server.url)).text, '"queued"')
        assert.deepStrictEqual(JSON.parse((yield* chat(server.url)).text), {
          length: JSON.stringify(RawClient.question).length,
          path: "/v1/chat/completions"
        })
      })
    )

    it.live("responds with 500 when the function of a test throws", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        yield* server.replyAlways(() => {
          throw new Error("oops")
        })
        const { status, text } = yield* chat(server.url)
        assert.strictEqual(status, 500)
        assert.include(text, "oops")
      })
    )

    it.live("uses the reply of another route", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        yield* server.replyAt("GET /v1/models", ErrorReply.table.serverUnavailable)
        yield* server.replyAt("POST /v1/files", (received) => Reply.json({ query: received.query }))
        assert.strictEqual((yield* request(`${server.url}/models`)).status, 503)
        assert.strictEqual((yield* request(`${server.url}/files?a=1`, { method: "POST" })).text, '{"query":"a=1"}')
        assert.strictEqual((yield* chat(server.url)).status, 200)
      })
    )

    it.live("sends a scripted reply to an invalid request", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        yield* server.reply(Reply.json("scripted"), Reply.faulty(Fault.SlowHeaders({ delay: 1 })))
        assert.strictEqual((yield* chat(server.url, { temperature: 0.3 })).text, '"scripted"')
        assert.strictEqual((yield* chat(server.url, { temperature: 0.3 })).status, 400)
      })
    )

    /** A server that was reset after an aborted request, with queued and standing replies. */
    const resetServer = Effect.gen(function* () {
      const server = yield* MockServer.make()
      yield* server.reply(Reply.faulty(Fault.StallBeforeHeaders()), ErrorReply.table.limitRpm)
      yield* server.replyAlways(ErrorReply.table.limitRpm)
      yield* server.replyAt("GET /v1/models", ErrorReply.table.limitRpm)
      yield* chat(server.url, {}, { disconnectAfter: 20 })
      yield* server.awaitAborted(1)
      yield* server.reset
      return server
    })

    it.live("clears requests on reset", () =>
      Effect.gen(function* () {
        const server = yield* resetServer
        assert.deepStrictEqual(yield* server.requests, [])
        const waiting = yield* Effect.forkChild(server.awaitRequests(1), { startImmediately: true })
        assert.isUndefined(waiting.pollUnsafe())
      })
    )

    it.live("clears aborts on reset", () =>
      Effect.gen(function* () {
        const server = yield* resetServer
        assert.strictEqual(yield* server.aborted, 0)
      })
    )

    it.live("clears replies on reset", () =>
      Effect.gen(function* () {
        const server = yield* resetServer
        assert.strictEqual((yield* chat(server.url)).status, 200)
        assert.strictEqual((yield* request(`${server.url}/models`)).status, 200)
      })
    )
  })

  describe("observations", () => {
    const recordedUsers = Effect.fnUntraced(function* (options?: MockServer.Options) {
      const server = yield* MockServer.make(options)
      for (const user of ["a", "b", "c"]) yield* chat(server.url, { safety_identifier: user })
      return (yield* server.requests).map(({ body }) => JSON.parse(body).safety_identifier)
    })

    it.live("keeps requests in order", () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* recordedUsers(), ["a", "b", "c"])
      })
    )

    it.live("keeps the latest requests up to a limit", () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* recordedUsers({ maxRecordedRequests: 2 }), ["b", "c"])
      })
    )

    it.live("counts clients that disconnect at any point of the response", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        const waiting = yield* Effect.forkChild(server.awaitAborted(3))
        for (const fault of [
          Fault.StallBeforeHeaders(),
          Fault.SlowHeaders({ delay: "1 minute" }),
          Fault.StallMidStream({ afterEvents: 1 })
        ]) {
          yield* server.reply(Reply.faulty(fault))
          const client = yield* Effect.forkChild(chat(server.url, { stream: true }))
          yield* server.awaitRequests((yield* server.requests).length + 1)
          yield* Fiber.interrupt(client)
        }
        yield* Fiber.join(waiting)
        yield* chat(server.url)
        assert.strictEqual(yield* server.aborted, 3)
      })
    )

    it.live("counts a client that disconnects during a large response", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        yield* server.reply(Reply.faulty(Fault.HugeBody({ bytes: 1_000_000_000, contentLength: true })))
        const { outcome } = yield* chat(server.url, {}, { disconnectAfter: 30 })
        assert.strictEqual(outcome, "disconnected")
        yield* server.awaitAborted(1)
      })
    )

    it.live("survives a client that disconnects during its request", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        const socket = connect(Number(new URL(server.url).port), "127.0.0.1")
        socket.write("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{")
        yield* server.awaitOpenConnections(1)
        yield* Effect.sync(() => setImmediate(() => socket.resetAndDestroy()))
        yield* server.awaitOpenConnections(0)
        assert.deepStrictEqual(yield* server.requests, [])
        assert.strictEqual((yield* chat(server.url)).status, 200)
      })
    )

    it.live("counts open sockets", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        const agent = new http.Agent({ keepAlive: true, maxSockets: 3 })
        yield* Effect.all(
          Array.from({ length: 12 }, () => chat(server.url, {}, { agent })),
          { concurrency: "unbounded" }
        )
        assert.strictEqual(yield* server.openConnections, 3)
        agent.destroy()
        yield* server.awaitOpenConnections(0)
        assert.strictEqual(yield* server.openConnections, 0)
      })
    )
  })
})
