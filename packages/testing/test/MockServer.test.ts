import * as http from "node:http"
import { connect } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { BalanceResponse } from "@kimi-effect/core/models/Balance"
import { ModelList } from "@kimi-effect/core/models/ModelList"
import { TokenEstimateResponse } from "@kimi-effect/core/models/TokenEstimate"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Fault from "../src/Fault.ts"
import * as Fixtures from "../src/Fixtures.ts"
import * as MockServer from "../src/MockServer.ts"
import * as Reply from "../src/Reply.ts"
import * as SseText from "../src/SseText.ts"
import * as RawClient from "./support/RawClient.ts"

const { chat, request } = RawClient
const recorded = Fixtures.sse("stream-01-include-usage")
const toolCall = Fixtures.exchange("plain-04-tool-calls")
const tools = [{ type: "function", function: { name: "get_weather", parameters: { type: "object" } } }]
const json = <S extends Schema.ConstraintDecoder<unknown>>(schema: S, text: string) =>
  Schema.decodeUnknownSync(schema)(JSON.parse(text))

describe("MockServer", () => {
  describe("of its own accord", () => {
    it.live("replays the recorded greeting with its headers", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        const { headers, status, text } = yield* chat(server.url)
        const exchange = Fixtures.exchange("plain-03-reasoning-cached")
        assert.strictEqual(status, 200)
        assert.deepStrictEqual(JSON.parse(text), exchange.body)
        for (const name of ["content-type", "msh-request-id", "x-msh-trace-id", "msh-context-cache-token-saved"]) {
          assert.strictEqual(headers[name], exchange.headers[name])
        }
      })
    )

    it.live("replays the recorded stream, with the last usage only when asked", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        const asked = yield* chat(server.url, { stream: true, stream_options: { include_usage: true } })
        const unasked = yield* chat(server.url, { stream: true })
        assert.strictEqual(asked.text, recorded)
        assert.strictEqual(unasked.text, recorded.replace(/data: [^\n]*"choices":\[\][^\n]*\n\n/, ""))
        assert.strictEqual(SseText.split(unasked.text).length, 48)
        assert.match(asked.headers["content-type"] ?? "", /^text\/event-stream/)
        assert.strictEqual(asked.headers["cache-control"], "no-cache")
      })
    )

    it.live("calls the recorded tool when there are tools, whole and streamed", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        assert.deepStrictEqual(JSON.parse((yield* chat(server.url, { tools })).text), toolCall.body)
        const { headers, text } = yield* chat(server.url, { tools, stream: true })
        assert.match(headers["content-type"] ?? "", /^text\/event-stream/)
        assert.include(text, '"id":"get_weather_0","type":"function","function":{"name":"get_weather","arguments":""}')
        assert.isTrue(text.endsWith("data: [DONE]\n\n"))
        assert.notInclude(text, '"choices":[]')
      })
    )

    it.live("lists models, tells the balance, counts tokens", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        const models = json(ModelList, (yield* request(`${server.url}/models`)).text)
        assert.deepStrictEqual(
          models.data.map((model) => [model.id, model.context_length]),
          [
            ["kimi-k3", 1_048_576],
            ["kimi-k2.6", 262_144],
            ["kimi-k2.7-code", 262_144],
            ["kimi-k2.7-code-highspeed", 262_144]
          ]
        )
        const balance = json(BalanceResponse, (yield* request(`${server.url}/users/me/balance`)).text)
        assert.deepStrictEqual(balance.data, { available_balance: 12.5, voucher_balance: 10, cash_balance: 2.5 })
        const estimate = yield* request(`${server.url}/tokenizers/estimate-token-count`, { body: RawClient.question })
        assert.strictEqual(json(TokenEstimateResponse, estimate.text).data.total_tokens, 80)
      })
    )

    it.live("knows no other route", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        for (const [path, method] of [
          ["/embeddings", "POST"],
          ["/chat/completions", "GET"]
        ] as const) {
          const { status, text } = yield* request(`${server.url}${path}`, { method })
          assert.strictEqual(status, 404)
          assert.strictEqual(JSON.parse(text).error.type, "resource_not_found_error")
        }
      })
    )

    it.live("wants a key, and the right one if it was told which", () =>
      Effect.gen(function* () {
        const open = yield* MockServer.make()
        const locked = yield* MockServer.make({ apiKey: "sk-right" })
        const status = Effect.fnUntraced(function* (url: string, authorization: string) {
          const observed = yield* request(`${url}/models`, { headers: { authorization } })
          if (observed.status === 401) {
            assert.deepStrictEqual(JSON.parse(observed.text), Fixtures.exchange("error-401-incorrect-api-key").body)
          }
          return observed.status
        })
        assert.strictEqual(yield* status(open.url, "Bearer anything"), 200)
        assert.strictEqual(yield* status(open.url, "Bearer "), 401)
        assert.strictEqual(yield* status(open.url, ""), 401)
        assert.strictEqual(yield* status(open.url, "Basic anything"), 401)
        assert.strictEqual(yield* status(locked.url, "Bearer sk-right"), 200)
        assert.strictEqual(yield* status(locked.url, "Bearer sk-wrong"), 401)
      })
    )

    it.live("refuses bad requests, unless its checks are off", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        const lenient = yield* MockServer.make({ checks: false })
        const cold = yield* chat(server.url, { temperature: 0.3 })
        assert.strictEqual(cold.status, 400)
        assert.deepStrictEqual(JSON.parse(cold.text), Fixtures.exchange("error-400-invalid-temperature").body)
        assert.strictEqual((yield* chat(server.url, { model: "kimi-k2.5" })).status, 404)
        assert.strictEqual((yield* chat(lenient.url, { model: "gpt", temperature: 0.3 })).status, 200)
        assert.strictEqual((yield* request(`${lenient.url}/models`, { headers: { authorization: "" } })).status, 200)
      })
    )

    it.live("serves and lists the models it was told to", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make({ models: ["moonshotai/Kimi-K2.5"] })
        assert.strictEqual((yield* chat(server.url, { model: "moonshotai/Kimi-K2.5" })).status, 200)
        assert.strictEqual((yield* chat(server.url)).status, 404)
        const { data } = json(ModelList, (yield* request(`${server.url}/models`)).text)
        assert.deepStrictEqual(
          data.map(({ id }) => id),
          ["moonshotai/Kimi-K2.5"]
        )
      })
    )

    it.live("refuses a body over its limit", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make({ maxRequestBytes: 200 })
        const messages = [{ role: "user", content: "é".repeat(80) }]
        const { status, text } = yield* chat(server.url, { messages })
        assert.strictEqual(status, 413)
        assert.deepStrictEqual(JSON.parse(text), { error: { message: "Request exceeds the maximum size" } })
        assert.strictEqual((yield* chat(server.url)).status, 200)
      })
    )
  })

  describe("chunking and pace", () => {
    const sizes = Effect.fnUntraced(function* (options: MockServer.Options) {
      const server = yield* MockServer.make(options)
      const { chunks, text } = yield* chat(server.url, { stream: true, stream_options: { include_usage: true } })
      assert.strictEqual(text, recorded)
      return chunks.map((chunk) =>
        options.chunking !== undefined && typeof options.chunking === "object" && "bytes" in options.chunking
          ? chunk.length
          : SseText.split(chunk.toString()).length
      )
    })

    it.live("cuts streams as it is told, and by ten events otherwise", () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* sizes({}), [10, 10, 10, 10, 9])
        assert.deepStrictEqual(yield* sizes({ chunking: "whole" }), [49])
        assert.deepStrictEqual(yield* sizes({ chunking: { events: 20 } }), [20, 20, 9])
        assert.deepStrictEqual(yield* sizes({ chunking: { bytes: 4000 } }), [4000, 4000, 3594])
      })
    )

    it.live("lets a reply decide its own chunking", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        yield* server.reply(
          Reply.sse(["1", "2"], { chunking: { events: 1 } }),
          Reply.answer({ content: "é" }, { chunking: { bytes: 1 } })
        )
        assert.strictEqual((yield* chat(server.url, { stream: true })).chunks.length, 2)
        const { chunks } = yield* chat(server.url, { stream: true })
        assert.isAbove(chunks.length, 300)
        assert.isTrue(chunks.every((chunk) => chunk.length === 1))
      })
    )

    it.live("waits before the headers and before each write of a stream", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make({ latency: "40 millis", tokenDelay: "15 millis" })
        yield* server.reply(Reply.sse(["1", "2", "3"], { chunking: "whole" }), Reply.json({}))
        const stream = yield* chat(server.url, { stream: true })
        assert.isAtLeast(stream.headersAfter, 39)
        assert.isAtLeast(stream.endAfter, 40 + 3 * 14)
        assert.strictEqual(stream.chunks.length, 3)
        const plain = yield* chat(server.url)
        assert.isAtLeast(plain.headersAfter, 39)
        assert.strictEqual(plain.text, "{}")
      })
    )
  })

  describe("script", () => {
    it.live("uses each queued reply once, then answers of its own accord", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        yield* server.reply(Reply.errorTable.limitRpm, Reply.answer({ content: "scripted" }))
        yield* server.reply(Reply.errorTable.gatewayTimeout)
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
        yield* server.replyAlways(Reply.answer({ content: "twice" }))
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
        yield* server.replyAt("GET /v1/models", Reply.errorTable.serverUnavailable)
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
        yield* server.reply(Reply.faulty(Fault.StallBeforeHeaders()), Reply.errorTable.limitRpm)
        yield* server.replyAlways(Reply.errorTable.limitRpm)
        yield* server.replyAt("GET /v1/models", Reply.errorTable.limitRpm)
        yield* chat(server.url, {}, { patience: 20 })
        yield* server.awaitAborted(1)
        yield* server.reset
        assert.deepStrictEqual(yield* server.requests, [])
        assert.strictEqual(yield* server.aborted, 0)
        assert.strictEqual((yield* chat(server.url)).status, 200)
        assert.strictEqual((yield* request(`${server.url}/models`)).status, 200)
      })
    )
  })

  describe("what it saw", () => {
    it.live("keeps requests in order, all or the latest", () =>
      Effect.gen(function* () {
        const all = yield* MockServer.make()
        const few = yield* MockServer.make({ keptRequests: 2 })
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

  describe("scope", () => {
    it.live("closing destroys every socket, busy, stalled and idle, and frees the port", () =>
      Effect.gen(function* () {
        const scope = yield* Scope.make()
        const server = yield* MockServer.make().pipe(Scope.provide(scope))
        const agent = new http.Agent({ keepAlive: true })
        yield* chat(server.url, {}, { agent })
        yield* server.reply(
          Reply.faulty(Fault.StallBeforeHeaders()),
          Reply.faulty(Fault.StallMidStream({ afterEvents: 1 })),
          Reply.faulty(Fault.KeepAlive({ afterEvents: 0, every: "5 millis" })),
          Reply.faulty(Fault.SlowHeaders({ delay: "1 minute" }))
        )
        const clients = yield* Effect.forEach([1, 2, 3, 4], () => Effect.forkChild(chat(server.url, { stream: true })))
        yield* server.awaitRequests(5)
        assert.strictEqual(yield* server.openConnections, 5)
        yield* Scope.close(scope, Exit.void)
        assert.strictEqual(yield* server.openConnections, 0)
        for (const client of clients) assert.strictEqual((yield* Fiber.join(client)).outcome, "ECONNRESET")
        assert.strictEqual((yield* chat(server.url)).outcome, "ECONNREFUSED")
        agent.destroy()
      })
    )

    it.live("as a layer, two servers stand side by side", () =>
      Effect.gen(function* () {
        const first = yield* MockServer.MockServer
        const second = yield* MockServer.make()
        assert.match(first.url, /^http:\/\/127\.0\.0\.1:\d+\/v1$/)
        assert.notStrictEqual(first.url, second.url)
      }).pipe(Effect.provide(MockServer.layer()))
    )
  })
})
