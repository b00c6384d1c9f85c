/** Hosts that cannot be reached, and redirects. */
import { createServer, type Server as TcpServer, type Socket } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Fault, Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import { Deferred, Duration, Effect } from "effect"
import { connect, hello, type Server, withKimi } from "./node/support/kimi.ts"
import { call, facts } from "./node/support/outcome.ts"

const modes = ["chat", "stream"] as const

/** A TCP server on a free port that accepts connections and never sends anything. */
const makeServer = Effect.fnUntraced(function* (onConnection: (socket: Socket) => void = () => {}) {
  const left = yield* Deferred.make<void>()
  const sockets = new Set<Socket>()
  const server = yield* Effect.acquireRelease(
    Effect.callback<TcpServer>((resume) => {
      const server: TcpServer = createServer((socket) => {
        sockets.add(socket)
        socket.on("error", () => {})
        socket.on("close", () => Deferred.doneUnsafe(left, Effect.void))
        socket.resume()
        onConnection(socket)
      })
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        for (const socket of sockets) socket.destroy()
      })
  )
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  return { port, left: Deferred.await(left) }
})

const silentServer = makeServer()

/** A port without a listener. */
const closedPort = Effect.scoped(Effect.map(silentServer, ({ port }) => port))

const common = { provider: "moonshot", model: "kimi-k3" }

describe("a host that cannot be reached", () => {
  for (const http of ["undici", "fetch"] as const) {
    for (const mode of modes) {
      it.live(`refuses connections: ConnectionRefusedError (${mode} over ${http})`, () =>
        withKimi((_, server) =>
          Effect.gen(function* () {
            const client = yield* connect(server, { baseUrl: `http://127.0.0.1:${yield* closedPort}/v1` }, http)
            const error = yield* Effect.flip(call(client, mode))
            assert.deepStrictEqual(facts(error), { _tag: "ConnectionRefusedError", ...common, code: "ECONNREFUSED" })
            assert.isTrue(error.isRetryable)
            assert.strictEqual(error.billing, "none")
          })
        )
      )
    }

    it.live(`has an unknown name: DnsError (${http})`, () =>
      withKimi((_, server) =>
        Effect.gen(function* () {
          const client = yield* connect(server, { baseUrl: "https://kimi.invalid/v1" }, http)
          for (const mode of modes) {
            const error = yield* Effect.flip(call(client, mode))
            assert.strictEqual(error._tag, "DnsError")
            assert.strictEqual(error.message, "The host name of https://kimi.invalid could not be resolved")
          }
        })
      )
    )

    it.live(`does not use TLS: TlsError (${http})`, () =>
      withKimi((_, server) =>
        Effect.gen(function* () {
          const client = yield* connect(server, { baseUrl: server.url.replace("http:", "https:") }, http)
          for (const mode of modes) {
            const error = yield* Effect.flip(call(client, mode))
            assert.strictEqual(error._tag, "TlsError")
            assert.isFalse(error.isRetryable)
          }
          assert.deepStrictEqual(yield* server.requests, [])
        })
      )
    )
  }

  it.live("breaks the TLS handshake: ConnectionRefusedError, since nothing was sent", () =>
    withKimi((_, server) =>
      Effect.gen(function* () {
        const { port } = yield* makeServer((socket) => socket.resetAndDestroy())
        const client = yield* connect(server, { baseUrl: `https://127.0.0.1:${port}/v1` })
        for (const mode of modes) {
          const error = yield* Effect.flip(call(client, mode))
          assert.deepStrictEqual([error._tag, error.billing], ["ConnectionRefusedError", "none"])
        }
      })
    )
  )

  it.live("never finishes the TLS handshake: ConnectTimeoutError after the connect timeout", () =>
    withKimi((_, server) =>
      Effect.gen(function* () {
        const silent = yield* silentServer
        const baseUrl = `https://127.0.0.1:${silent.port}/v1`
        const client = yield* connect(server, { baseUrl, connectTimeout: "50 millis" })
        const errors = yield* Effect.forEach(modes, (mode) => Effect.flip(call(client, mode)), { concurrency: 2 })
        for (const error of errors) {
          assert.strictEqual(error._tag, "ConnectTimeoutError")
          assert.deepStrictEqual(error._tag === "ConnectTimeoutError" && error.timeout, Duration.millis(50))
          assert.strictEqual(error.billing, "none")
        }
        yield* silent.left
      })
    )
  )

  it.live("is abandoned at the total timeout if that is shorter than the connect timeout", () =>
    withKimi((_, server) =>
      Effect.gen(function* () {
        const silent = yield* silentServer
        const baseUrl = `https://127.0.0.1:${silent.port}/v1`
        const client = yield* connect(server, { baseUrl, totalTimeout: "50 millis" })
        assert.strictEqual((yield* Effect.flip(client.chat(hello)))._tag, "TotalTimeoutError")
      })
    )
  )
})

describe("a host that restarts", () => {
  it.live("closes idle connections without failing later calls", () =>
    withKimi((client, server) =>
      Effect.gen(function* () {
        yield* client.chat(hello)
        yield* server.reply(Reply.faulty(Fault.ResetBeforeHeaders()))
        assert.strictEqual((yield* Effect.flip(client.chat(hello)))._tag, "ConnectionLostError")
        yield* client.chat(hello)
      })
    )
  )
})

describe("a redirect", () => {
  const follow = Effect.fnUntraced(function* (server: Server, status: number, http: "undici" | "fetch") {
    const other = yield* MockServer.make()
    const location = `${other.url}/chat/completions?token=1`
    yield* server.replyAlways(Reply.faulty(Fault.Redirect({ status, location })))
    yield* server.replyAt("GET /v1/models", Reply.faulty(Fault.Redirect({ status, location })))
    const client = yield* connect(server, {}, http)
    const errors = [
      yield* Effect.flip(call(client, "chat")),
      yield* Effect.flip(call(client, "stream")),
      yield* Effect.flip(client.models)
    ]
    return { errors, other, origin: new URL(other.url).origin }
  })

  for (const http of ["undici", "fetch"] as const) {
    for (const status of [301, 302, 303, 307, 308]) {
      it.live(`of status ${status} to another origin is not followed (${http})`, () =>
        withKimi((_, server) =>
          Effect.gen(function* () {
            const { errors, origin, other } = yield* follow(server, status, http)
            for (const error of errors) {
              assert.strictEqual(error._tag, "RedirectError")
              assert.strictEqual(error._tag === "RedirectError" && error.location, origin)
              assert.strictEqual(error.status, status)
              assert.isFalse(error.isRetryable)
            }
            assert.deepStrictEqual(yield* other.requests, [])
            assert.strictEqual(yield* other.openConnections, 0)
            assert.strictEqual((yield* server.requests).length, 3)
          })
        )
      )
    }

    it.live(`to the same origin is an error (${http})`, () =>
      withKimi(
        (client, server) =>
          Effect.gen(function* () {
            yield* server.reply(Reply.faulty(Fault.Redirect({ status: 308, location: "/v2/chat/completions" })))
            const error = yield* Effect.flip(client.chat(hello))
            assert.deepStrictEqual(facts(error), { _tag: "RedirectError", ...common, status: 308 })
            assert.strictEqual((yield* server.requests).length, 1)
          }),
        { http }
      )
    )
  }
})
