import * as http from "node:http"
import { connect } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { BalanceResponse } from "@kimi-effect/core/Balance"
import { ModelList } from "@kimi-effect/core/ModelList"
import { TokenEstimateResponse } from "@kimi-effect/core/TokenEstimate"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Fault from "../../src/Fault.ts"
import * as Fixtures from "../../src/node/Fixtures.ts"
import * as MockServer from "../../src/node/MockServer.ts"
import * as Reply from "../../src/Reply.ts"
import * as SseText from "../../src/SseText.ts"
import * as RawClient from "./support/RawClient.ts"

const { chat, request } = RawClient
const recorded = Fixtures.sse("stream-01-include-usage")
const toolCall = Fixtures.exchange("plain-04-tool-calls")
const tools = [{ type: "function", function: { name: "get_weather", parameters: { type: "object" } } }]
const json = <S extends Schema.ConstraintDecoder<unknown>>(schema: S, text: string) =>
  Schema.decodeUnknownSync(schema)(JSON.parse(text))

describe("MockServer", () => {
  describe("default responses", () => {
    it.live("sends the recorded greeting with its headers", () =>
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

    it.live("never closes idle connections", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        const agent = new http.Agent({ keepAlive: true })
        const { headers } = yield* chat(server.url, {}, { agent })
        assert.strictEqual(headers.connection, "keep-alive")
        // The header would announce when the server closes, which races with the next request.
        assert.isUndefined(headers["keep-alive"])
        agent.destroy()
      })
    )

    it.live("sends the recorded stream", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        const { headers, text } = yield* chat(server.url, { stream: true, stream_options: { include_usage: true } })
        assert.strictEqual(text, recorded)
        assert.match(headers["content-type"] ?? "", /^text\/event-stream/)
        assert.strictEqual(headers["cache-control"], "no-cache")
      })
    )

    it.live("omits the last usage of the stream unless it is requested", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        const { text } = yield* chat(server.url, { stream: true })
        assert.strictEqual(text, recorded.replace(/data: [^\n]*"choices":\[\][^\n]*\n\n/, ""))
        assert.strictEqual(SseText.split(text).length, 48)
      })
    )

    it.live("sends the recorded tool call when the request has tools", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        assert.deepStrictEqual(JSON.parse((yield* chat(server.url, { tools })).text), toolCall.body)
      })
    )

    it.live("streams the recorded tool call", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        const { headers, text } = yield* chat(server.url, { tools, stream: true })
        assert.match(headers["content-type"] ?? "", /^text\/event-stream/)
        assert.include(text, '"id":"get_weather_0","type":"function","function":{"name":"get_weather","arguments":""}')
        assert.isTrue(text.endsWith("data: [DONE]\n\n"))
        assert.notInclude(text, '"choices":[]')
      })
    )

    it.live("lists the recorded models", () =>
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
      })
    )

    it.live("returns a balance", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        const balance = json(BalanceResponse, (yield* request(`${server.url}/users/me/balance`)).text)
        assert.deepStrictEqual(balance.data, { available_balance: 12.5, voucher_balance: 10, cash_balance: 2.5 })
      })
    )

    it.live("estimates tokens", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        const estimate = yield* request(`${server.url}/tokenizers/estimate-token-count`, { body: RawClient.question })
        assert.strictEqual(json(TokenEstimateResponse, estimate.text).data.total_tokens, 80)
      })
    )

    it.live("responds with 404 to other routes", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        for (const [path, method] of [
          ["/embeddings", "POST"],
          ["/chat/completions", "GET"]
        ] as const) {
          const { status, text } = yield* request(`${server.url}${path}`, { method })
          assert.strictEqual(status, 404)
          assert.strictEqual(JSON.parse(text).error, "url.not_found")
        }
      })
    )

    const authorize = (url: string, authorization: string) => request(`${url}/models`, { headers: { authorization } })

    it.live("requires a key", () =>
      Effect.gen(function* () {
        const { url } = yield* MockServer.make()
        assert.strictEqual((yield* authorize(url, "Bearer anything")).status, 200)
        for (const authorization of ["Bearer ", "", "Basic anything"]) {
          const { status, text } = yield* authorize(url, authorization)
          assert.strictEqual(status, 401)
          assert.deepStrictEqual(JSON.parse(text), Fixtures.exchange("error-401-incorrect-api-key").body)
        }
      })
    )

    it.live("requires the key of its options", () =>
      Effect.gen(function* () {
        const { url } = yield* MockServer.make({ apiKey: "sk-right" })
        assert.strictEqual((yield* authorize(url, "Bearer sk-right")).status, 200)
        assert.strictEqual((yield* authorize(url, "Bearer sk-wrong")).status, 401)
      })
    )

    it.live("rejects invalid requests", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        const cold = yield* chat(server.url, { temperature: 0.3 })
        assert.strictEqual(cold.status, 400)
        assert.deepStrictEqual(JSON.parse(cold.text), Fixtures.exchange("error-400-invalid-temperature").body)
        assert.strictEqual((yield* chat(server.url, { model: "kimi-k2.5" })).status, 404)
      })
    )

    it.live("accepts any request when validation is off", () =>
      Effect.gen(function* () {
        const lenient = yield* MockServer.make({ validateRequests: false })
        assert.strictEqual((yield* chat(lenient.url, { model: "gpt", temperature: 0.3 })).status, 200)
        assert.strictEqual((yield* request(`${lenient.url}/models`, { headers: { authorization: "" } })).status, 200)
      })
    )

    it.live("accepts only the models of its options", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make({ models: ["moonshotai/Kimi-K2.5"] })
        assert.strictEqual((yield* chat(server.url, { model: "moonshotai/Kimi-K2.5" })).status, 200)
        assert.strictEqual((yield* chat(server.url)).status, 404)
      })
    )

    it.live("lists the models of its options", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make({ models: ["moonshotai/Kimi-K2.5"] })
        const { data } = json(ModelList, (yield* request(`${server.url}/models`)).text)
        assert.deepStrictEqual(
          data.map(({ id }) => id),
          ["moonshotai/Kimi-K2.5"]
        )
      })
    )

    it.live("rejects a body that exceeds its limit", () =>
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
        typeof options.chunking === "object" && "bytes" in options.chunking
          ? chunk.length
          : SseText.split(chunk.toString()).length
      )
    })

    it.live("splits streams into ten events per write by default", () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* sizes({}), [10, 10, 10, 10, 9])
      })
    )

    it.live("splits streams by its chunking", () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* sizes({ chunking: "whole" }), [49])
        assert.deepStrictEqual(yield* sizes({ chunking: { events: 20 } }), [20, 20, 9])
        assert.deepStrictEqual(yield* sizes({ chunking: { bytes: 4000 } }), [4000, 4000, 3594])
      })
    )

    it.live("lets the client read each write separately", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make({ chunking: { events: 1 } })
        const body = JSON.stringify({ ...RawClient.question, stream: true })
        const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nauthorization: Bearer a\r\ncontent-length: ${body.length}`
        const reads = yield* Effect.callback<number>((resume) => {
          let count = 0
          const socket = connect(Number(new URL(server.url).port), "127.0.0.1")
          socket.on("data", (part) => {
            count++
            if (part.includes("[DONE]")) socket.destroy()
          })
          socket.once("close", () => resume(Effect.succeed(count)))
          socket.write(`${head}\r\n\r\n${body}`)
        })
        assert.isAtLeast(reads, 40)
      })
    )

    it.live("prefers the chunking of a reply", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        yield* server.reply(
          Reply.sse(["1", "2"], { chunking: { events: 1 } }),
          Reply.chatResponse({ content: "é" }, { chunking: { bytes: 1 } })
        )
        assert.strictEqual((yield* chat(server.url, { stream: true })).chunks.length, 2)
        const { chunks } = yield* chat(server.url, { stream: true })
        assert.isAbove(chunks.length, 300)
        assert.isTrue(chunks.every((chunk) => chunk.length === 1))
      })
    )

    it.live("delays the headers by its latency", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make({ latency: "40 millis" })
        assert.isAtLeast((yield* chat(server.url)).headersAfter, 39)
      })
    )

    it.live("delays each event of a stream", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make({ tokenDelay: "15 millis" })
        yield* server.reply(Reply.sse(["1", "2", "3"], { chunking: "whole" }))
        const stream = yield* chat(server.url, { stream: true })
        assert.isAtLeast(stream.endAfter, 3 * 14)
        assert.strictEqual(stream.chunks.length, 3)
      })
    )
  })

  describe("scope", () => {
    it.live("destroys every socket when it closes", () =>
      Effect.gen(function* () {
        const scope = yield* Scope.make()
        const server = yield* MockServer.make().pipe(Scope.provide(scope))
        const agent = new http.Agent({ keepAlive: true })
        yield* chat(server.url, {}, { agent })
        yield* server.reply(
          Reply.faulty(Fault.StallBeforeHeaders()),
          Reply.faulty(Fault.StallMidStream({ afterEvents: 1 })),
          Reply.faulty(Fault.KeepAlive({ afterEvents: 0, interval: "5 millis" })),
          Reply.faulty(Fault.SlowHeaders({ delay: "1 minute" }))
        )
        const clients = yield* Effect.forEach([1, 2, 3, 4], () => Effect.forkChild(chat(server.url, { stream: true })))
        yield* server.awaitRequests(5)
        assert.strictEqual(yield* server.openConnections, 5)
        yield* Scope.close(scope, Exit.void)
        assert.strictEqual(yield* server.openConnections, 0)
        for (const client of clients) assert.strictEqual((yield* Fiber.join(client)).outcome, "ECONNRESET")
        agent.destroy()
      })
    )

    it.live("frees its port when it closes", () =>
      Effect.gen(function* () {
        const scope = yield* Scope.make()
        const server = yield* MockServer.make().pipe(Scope.provide(scope))
        yield* Scope.close(scope, Exit.void)
        assert.strictEqual((yield* chat(server.url)).outcome, "ECONNREFUSED")
      })
    )

    it.live("starts several servers on different ports", () =>
      Effect.gen(function* () {
        const first = yield* MockServer.MockServer
        const second = yield* MockServer.make()
        assert.match(first.url, /^http:\/\/127\.0\.0\.1:\d+\/v1$/)
        assert.notStrictEqual(first.url, second.url)
      }).pipe(Effect.provide(MockServer.layer()))
    )
  })
})
