import { subscribe, unsubscribe } from "node:diagnostics_channel"
import { createServer, type Server as TcpServer } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Fault, Reply } from "@kimi-effect/testing"
import { Fixtures, MockServer } from "@kimi-effect/testing/node"
import { Duration, Effect, Exit, Fiber, Scope, Stream } from "effect"
import { HttpBody, HttpClientRequest, type HttpClientResponse } from "effect/http"
import * as UndiciHttpClient from "../../src/node/UndiciHttpClient.ts"
import { hello, withKimi } from "./support/kimi.ts"
import * as Probes from "./support/probes.ts"

const options = { connectTimeout: Duration.seconds(10), maxConnections: 8 }

/** A TCP server that answers each request with the same bytes. */
const speaking = (bytes: string) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<TcpServer>((resume) => {
        const server: TcpServer = createServer((socket) => {
          socket.on("error", () => {})
          socket.on("data", () => socket.write(bytes))
        })
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) => Effect.callback<void>((resume) => void server.close(() => resume(Effect.void)))
    ),
    (server) => {
      const address = server.address()
      return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/`
    }
  )

const readAll = (response: HttpClientResponse.HttpClientResponse) =>
  Effect.map(Stream.runCollect(response.stream), (chunks) => Buffer.concat(chunks).toString("utf8"))

describe("a call", () => {
  const exchange = Effect.gen(function* () {
    const server = yield* MockServer.make({ validateRequests: false })
    const client = yield* UndiciHttpClient.make(options)
    yield* server.replyAt("PUT /v1/things", Reply.body("done ✓", { status: 201, headers: { "x-one": "1" } }))
    const request = HttpClientRequest.put(`${server.url}/things?a=1&b=%20`, { headers: { "x-two": "2" } }).pipe(
      HttpClientRequest.bodyText("body ✓", "text/plain")
    )
    const response = yield* client.execute(request)
    const [received] = yield* server.requests
    return { response, received }
  })

  it.live("sends the request unchanged", () =>
    Effect.gen(function* () {
      const { received } = yield* exchange
      assert.strictEqual(received?.method, "PUT")
      assert.strictEqual(received?.query, "a=1&b=%20")
      assert.strictEqual(received?.headers["x-two"], "2")
      assert.strictEqual(received?.body, "body ✓")
    })
  )

  it.live("keeps nothing in the list of raw headers", () =>
    Effect.gen(function* () {
      const lists: Array<ReadonlyArray<unknown>> = []
      const keep = (message: unknown) => {
        const { response } = message as { readonly response: { readonly headers: ReadonlyArray<unknown> } }
        lists.push(response.headers)
      }
      subscribe("undici:request:headers", keep)
      const { response } = yield* Effect.ensuring(
        exchange,
        Effect.sync(() => unsubscribe("undici:request:headers", keep))
      )
      assert.strictEqual(response.headers["x-one"], "1")
      assert.deepStrictEqual(lists, [[]])
    })
  )

  it.live("receives the response unchanged", () =>
    Effect.gen(function* () {
      const { response } = yield* exchange
      assert.strictEqual(response.status, 201)
      assert.strictEqual(response.headers["x-one"], "1")
      assert.strictEqual(yield* response.text, "done ✓")
    })
  )

  it.live("ignores informational responses", () =>
    Effect.gen(function* () {
      const url = yield* speaking(
        "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nHi"
      )
      const client = yield* UndiciHttpClient.make(options)
      const response = yield* client.execute(HttpClientRequest.get(url))
      assert.strictEqual(response.status, 200)
      assert.isUndefined(response.headers["link"])
      assert.strictEqual(yield* response.text, "Hi")
    })
  )

  /** A call whose connection breaks with the fault. */
  const broken = (fault: Fault.Fault) =>
    Effect.gen(function* () {
      const server = yield* MockServer.make({ validateRequests: false })
      const client = yield* UndiciHttpClient.make(options)
      const request = HttpClientRequest.post(`${server.url}/chat/completions`).pipe(
        HttpClientRequest.bodyText("{}", "application/json")
      )
      yield* server.reply(Reply.faulty(fault))
      return { call: client.execute(request) }
    })

  it.live("fails with a transport error when it breaks before its head", () =>
    Effect.gen(function* () {
      const { call } = yield* broken(Fault.ResetBeforeHeaders())
      assert.strictEqual((yield* Effect.flip(call)).reason._tag, "TransportError")
    })
  )

  it.live("fails with a decode error when it breaks in its body", () =>
    Effect.gen(function* () {
      const { call } = yield* broken(Fault.ResetMidBody({ afterBytes: 10 }))
      const response = yield* call
      assert.strictEqual((yield* Effect.flip(response.text)).reason._tag, "DecodeError")
    })
  )

  it.live("fails before it connects when the body or URL cannot be sent", () =>
    Effect.gen(function* () {
      const sockets = yield* Probes.sockets
      const client = yield* UndiciHttpClient.make(options)
      const raw = HttpClientRequest.post("http://127.0.0.1:1/").pipe(HttpClientRequest.setBody(HttpBody.raw({})))
      assert.strictEqual((yield* Effect.flip(client.execute(raw))).reason._tag, "EncodeError")
      const nowhere = HttpClientRequest.get("not a url")
      assert.strictEqual((yield* Effect.flip(client.execute(nowhere))).reason._tag, "TransportError")
      assert.strictEqual(sockets.made(), 0)
    })
  )
})

describe("the pool", () => {
  it.live("keeps connections for the next calls, plain or streamed", () =>
    withKimi((client) =>
      Effect.gen(function* () {
        const sockets = yield* Probes.sockets
        yield* client.chat(hello)
        yield* Stream.runDrain(client.stream(hello))
        yield* Stream.runDrain(client.stream(hello))
        yield* client.models
        yield* client.chat(hello)
        // A call that follows at once finds the connection of the one before still busy.
        assert.isAtMost(sockets.made(), 2)
      })
    )
  )

  it.live("makes no more connections than allowed; further calls wait for one", () =>
    withKimi(
      (client, server) =>
        Effect.gen(function* () {
          const sockets = yield* Probes.sockets
          const calls = Array.from({ length: 30 }, () => client.chat(hello))
          yield* Effect.all(calls, { concurrency: "unbounded" })
          assert.strictEqual(sockets.peak(), 3)
          assert.strictEqual((yield* server.requests).length, 30)
        }),
      { client: { maxConnections: 3 }, server: { latency: 5 } }
    )
  )

  it.live("is closed with its scope", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make({ validateRequests: false })
      const scope = yield* Scope.make()
      const client = yield* Scope.provide(UndiciHttpClient.make(options), scope)
      const request = HttpClientRequest.get(`${server.url}/models`)
      yield* Effect.flatMap(client.execute(request), readAll)
      yield* server.replyAt("GET /v1/models", Reply.faulty(Fault.StallBeforeHeaders()))
      const stalled = yield* Effect.forkChild(Effect.flip(client.execute(request)))
      yield* server.awaitRequests(2)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* Fiber.join(stalled)).reason._tag, "TransportError")
      assert.strictEqual((yield* Effect.flip(client.execute(request))).reason._tag, "TransportError")
      yield* server.awaitOpenConnections(0)
    })
  )

  it.live("delivers a large answer whole to a consumer slower than the host", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make({ validateRequests: false })
      const client = yield* UndiciHttpClient.make(options)
      yield* server.replyAlways(Reply.faulty(Fault.HugeBody({ bytes: 5_000_000, contentLength: false })))
      const request = HttpClientRequest.post(`${server.url}/chat/completions`)
      const response = yield* client.execute(request)
      let size = 0
      yield* Stream.runForEach(response.stream, (bytes) => {
        size += bytes.length
        return Effect.andThen(Probes.turn, Probes.turn)
      })
      assert.strictEqual(size, 5_000_000)
    })
  )

  it.live("delivers two answers to one consumer that takes from them in turn", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make({ validateRequests: false })
      const client = yield* UndiciHttpClient.make(options)
      const request = HttpClientRequest.post(`${server.url}/chat/completions`)
      yield* server.reply(
        Reply.faulty(Fault.HugeBody({ bytes: 20_000_000, contentLength: false })),
        Reply.sse(Fixtures.sse("stream-01-include-usage"), {
          chunking: { events: 1 },
          fault: Fault.SlowEvents({ interval: 1 })
        })
      )
      const large = yield* Stream.toPull((yield* client.execute(request)).stream)
      const slow = (yield* client.execute(request)).stream
      const taken = yield* Stream.runCollect(Stream.mapEffect(slow, () => large))
      assert.isAbove(taken.length, 10)
    })
  )

  it.live("sends a multipart body", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make({ validateRequests: false })
      const client = yield* UndiciHttpClient.make(options)
      const form = new FormData()
      form.set("purpose", "batch")
      form.set("file", new File(["line 1"], "input.jsonl"))
      const request = HttpClientRequest.post(`${server.url}/files`)
      yield* client.execute(HttpClientRequest.bodyFormData(request, form))
      const [received] = yield* server.requests
      assert.match(received?.headers["content-length"] ?? "", /^\d+$/)
      assert.match(received?.headers["content-type"] ?? "", /^multipart\/form-data; boundary=/)
      const [purpose, file] = received?.form ?? []
      assert.strictEqual(new TextDecoder().decode(purpose?.bytes), "batch")
      assert.strictEqual(file?.filename, "input.jsonl")
    })
  )

  it.live("sends a stream in chunks", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make({ validateRequests: false })
      const client = yield* UndiciHttpClient.make(options)
      const pieces = Stream.fromIterable(["one ", "two"].map((text) => new TextEncoder().encode(text)))
      const request = HttpClientRequest.post(`${server.url}/things`)
      yield* client.execute(HttpClientRequest.bodyStream(request, pieces, { contentType: "text/plain" }))
      const [received] = yield* server.requests
      assert.strictEqual(received?.body, "one two")
      assert.strictEqual(received?.headers["transfer-encoding"], "chunked")
    })
  )
})
