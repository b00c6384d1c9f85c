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

describe("MockServer, controlled", () => {
  describe("script", () => {
    it.live("uses each queued reply once, then answers of its own accord", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        yield* server.reply(ErrorReply.table.limitRpm, Reply.chatResponse({ content: "scripted" }))
        yield* server.reply(ErrorReply.table.gatewayTimeout)
        // Other routes take nothing from the queue.
        assert.strictEqual((yield* request(`${server.url}/models`)).status, 200)
        const limited = yield* chat(server.url)
        assert.strictEqual(limited.status, 429)
        assert.strictEqual(limited.headers["retry-after"], "1")
        assert.strictEqual(JSON.parse((yield* chat(server.url)).text).choices[0].message.content, "scripted")
        assert.strictEqual((yield* chat(server.url)).status, 504)
        assert.strictEqual((yield* chat(server.url)).status, 200)
      })
    )

    it.live("sends a scripted answer whole or streamed, as the request asks", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        yield* server.replyAlways(Reply.chatResponse({ content: "twice" }))
        assert.strictEqual(JSON.parse((yield* chat(server.url)).text).choices[0].message.content, "twice")
        const { text } = yield* chat(server.url, { stream: true, stream_options: { include_usage: true } })
        assert.include(text, '"delta":{"content":"twice"}')
        assert.include(text, '"choices":[],"usage":{"prompt_tokens":88')
      })
    )

    it.live("makes replies from requests, once the queue is empty", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        yield* server.replyAlways((received) => Reply.json({ said: received.body.length, path: received.path }))
        yield* server.reply(Reply.json("queued"))
        assert.strictEqual((yield* chat(server.url)).text, '"queued"')
        assert.deepStrictEqual(JSON.parse((yield* chat(server.url)).text), {
          said: JSON.stringify(RawClient.question).length,
          path: "/v1/chat/completions"
        })
      })
    )

    it.live("answers 500 when a test's function throws", () =>
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

    it.live("scripts other routes", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        yield* server.replyAt("GET /v1/models", ErrorReply.table.serverUnavailable)
        yield* server.replyAt("POST /v1/files", (received) => Reply.json({ query: received.query }))
        assert.strictEqual((yield* request(`${server.url}/models`)).status, 503)
        assert.strictEqual((yield* request(`${server.url}/files?a=1`, { method: "POST" })).text, '{"query":"a=1"}')
        assert.strictEqual((yield* chat(server.url)).status, 200)
      })
    )

    it.live("sends a scripted reply to a request that it would refuse", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        yield* server.reply(Reply.json("scripted"), Reply.faulty(Fault.SlowHeaders({ delay: 1 })))
        assert.strictEqual((yield* chat(server.url, { temperature: 0.3 })).text, '"scripted"')
        assert.strictEqual((yield* chat(server.url, { temperature: 0.3 })).status, 400)
      })
    )

    it.live("reset forgets script, requests and aborts", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        yield* server.reply(Reply.faulty(Fault.StallBeforeHeaders()), ErrorReply.table.limitRpm)
        yield* server.replyAlways(ErrorReply.table.limitRpm)
        yield* server.replyAt("GET /v1/models", ErrorReply.table.limitRpm)
        yield* chat(server.url, {}, { patience: 20 })
        yield* server.awaitAborted(1)
        yield* server.reset
        assert.deepStrictEqual(yield* server.requests, [])
        assert.strictEqual(yield* server.aborted, 0)
        const waiting = yield* Effect.forkChild(server.awaitRequests(1), { startImmediately: true })
        assert.isUndefined(waiting.pollUnsafe())
        assert.strictEqual((yield* chat(server.url)).status, 200)
        assert.strictEqual((yield* request(`${server.url}/models`)).status, 200)
      })
    )
  })

  describe("what it saw", () => {
    it.live("keeps requests in order, all or the latest", () =>
      Effect.gen(function* () {
        const all = yield* MockServer.make()
        const few = yield* MockServer.make({ maxRecordedRequests: 2 })
        for (const server of [all, few]) {
          for (const user of ["a", "b", "c"]) yield* chat(server.url, { safety_identifier: user })
        }
        const users = (requests: ReadonlyArray<{ readonly body: string }>) =>
          requests.map(({ body }) => JSON.parse(body).safety_identifier)
        assert.deepStrictEqual(users(yield* all.requests), ["a", "b", "c"])
        assert.deepStrictEqual(users(yield* few.requests), ["b", "c"])
      })
    )

    it.live("counts and awaits clients that leave, wherever the answer stands", () =>
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

    it.live("counts a client that leaves a large answer half read", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        yield* server.reply(Reply.faulty(Fault.HugeBody({ bytes: 1_000_000_000, contentLength: true })))
        const { outcome } = yield* chat(server.url, {}, { patience: 30 })
        assert.strictEqual(outcome, "left")
        yield* server.awaitAborted(1)
      })
    )

    it.live("survives a client that leaves in the middle of its request", () =>
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

    it.live("counts the sockets that are open", () =>
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
