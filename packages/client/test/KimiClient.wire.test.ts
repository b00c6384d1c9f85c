import { assert, describe, it } from "@effect/vitest"
import { Reply } from "@kimi-effect/testing"
import { Effect, Stream } from "effect"
import { connect, hello, key, withKimi } from "./node/support/kimi.ts"

/** Headers without those about the connection. */
const essential = (headers: { readonly [name: string]: string } | undefined) =>
  Object.fromEntries(
    Object.entries(headers ?? {}).filter(([name]) => !["connection", "content-length", "host"].includes(name))
  )

describe("the request that a call sends", () => {
  it.live("chat: is a POST request with exactly the members of the request", () =>
    withKimi((client, server) =>
      Effect.gen(function* () {
        yield* client.chat(hello)
        const [request] = yield* server.requests
        assert.strictEqual(`${request?.method} ${request?.path}?${request?.query}`, "POST /v1/chat/completions?")
        assert.deepStrictEqual(essential(request?.headers), {
          accept: "application/json",
          "accept-encoding": "identity",
          authorization: `Bearer ${key}`,
          "content-type": "application/json"
        })
        assert.deepStrictEqual(request?.json, { ...hello, model: "kimi-k3" })
      })
    )
  )

  it.live("stream: requests a stream with usage", () =>
    withKimi((client, server) =>
      Effect.gen(function* () {
        yield* Stream.runDrain(client.stream(hello))
        const [request] = yield* server.requests
        assert.strictEqual(request?.headers["authorization"], `Bearer ${key}`)
        assert.deepStrictEqual(request?.json, {
          ...hello,
          model: "kimi-k3",
          stream: true,
          stream_options: { include_usage: true }
        })
      })
    )
  )

  it.live("is UTF-8 with its length in bytes", () =>
    withKimi((client, server) =>
      Effect.gen(function* () {
        const messages = [{ role: "user" as const, content: "héllo 你好 👋\u2028" }]
        yield* client.chat({ messages })
        const [request] = yield* server.requests
        assert.deepStrictEqual(request?.json, { messages, model: "kimi-k3" })
        assert.strictEqual(request?.headers["content-length"], `${Buffer.byteLength(request?.body ?? "")}`)
      })
    )
  )

  it.live("models, balance: are GET requests with the key, without a body", () =>
    withKimi((client, server) =>
      Effect.gen(function* () {
        yield* client.models
        yield* client.balance
        const requests = yield* server.requests
        assert.deepStrictEqual(
          requests.map(({ method, path, body }) => `${method} ${path} ${body}`),
          ["GET /v1/models ", "GET /v1/users/me/balance "]
        )
        for (const request of requests) {
          assert.deepStrictEqual(essential(request.headers), {
            accept: "application/json",
            "accept-encoding": "identity",
            authorization: `Bearer ${key}`
          })
        }
      })
    )
  )

  it.live("has no authorization header without a key", () =>
    withKimi(
      (client, server) =>
        Effect.gen(function* () {
          yield* server.replyAlways(Reply.chatResponse({ content: "Hi" }))
          yield* client.chat(hello)
          const [request] = yield* server.requests
          assert.deepStrictEqual(Object.keys(essential(request?.headers)).toSorted(), [
            "accept",
            "accept-encoding",
            "content-type"
          ])
        }),
      { client: { provider: "ollama", apiKey: undefined } }
    )
  )

  it.live("has a single slash after a base URL with a trailing slash", () =>
    withKimi((_, server) =>
      Effect.gen(function* () {
        const client = yield* connect(server, { baseUrl: `${server.url}//` })
        yield* client.chat(hello)
        assert.strictEqual((yield* server.requests)[0]?.path, "/v1/chat/completions")
      })
    )
  )
})

for (const http of ["undici", "fetch"] as const) {
  describe(`headers that no call sends, over ${http}`, () => {
    it.live("include trace headers, even inside a sampled span", () =>
      withKimi(
        (client, server) =>
          Effect.gen(function* () {
            yield* Effect.withSpan(client.chat(hello), "outer")
            yield* Effect.withSpan(Stream.runDrain(client.stream(hello)), "outer")
            yield* Effect.withSpan(client.models, "outer")
            const names = (yield* server.requests).flatMap(({ headers }) => Object.keys(headers))
            assert.deepStrictEqual(
              names.filter((name) => /^(?:traceparent|tracestate|baggage|b3|x-b3-.*)$/.test(name)),
              []
            )
          }),
        { http }
      )
    )

    it.live("include cookies of earlier responses", () =>
      withKimi(
        (client, server) =>
          Effect.gen(function* () {
            const headers = { "set-cookie": "session=1; Path=/" }
            yield* server.replyAlways(Reply.chatResponse({ content: "Hi" }, { headers }))
            yield* client.chat(hello)
            yield* Stream.runDrain(client.stream(hello))
            yield* client.chat(hello)
            const requests = yield* server.requests
            assert.strictEqual(requests.length, 3)
            assert.isTrue(requests.every((request) => request.headers["cookie"] === undefined))
          }),
        { http }
      )
    )
  })
}
