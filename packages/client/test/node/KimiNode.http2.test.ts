/**
 * The client over TLS and HTTP/2, which is what Moonshot's own hosts speak.
 */
import { createSecureServer, type Http2SecureServer, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2"
import type { Socket } from "node:net"
import { getCACertificates, setDefaultCACertificates } from "node:tls"
import { assert, describe, it } from "@effect/vitest"
import type { Options } from "@kimi-effect/core/KimiConfig"
import { Fixtures } from "@kimi-effect/testing/node"
import { Context, Deferred, Effect, Fiber, Layer, Queue, Redacted, Stream } from "effect"
import type * as Scope from "effect/Scope"
import { KimiClient } from "../../src/KimiClient.ts"
import * as KimiNode from "../../src/node/KimiNode.ts"
import { selfSigned } from "./support/certificate.ts"
import { type Client, hello, key } from "./support/kimi.ts"
import { facts } from "./support/outcome.ts"

type Script = "answer" | "stall" | "stall mid-stream" | "reset mid-stream" | "close mid-stream"

interface Server {
  readonly url: string
  readonly sessions: () => number
  /** What the next requests get; `answer` when it is empty. */
  readonly script: (...scripts: ReadonlyArray<Script>) => void
  /** Takes the next request that has arrived. */
  readonly received: Effect.Effect<ServerHttp2Stream>
  /** Takes the next request whose client has left. */
  readonly left: Effect.Effect<void>
}

const plain = JSON.stringify(Fixtures.exchange("plain-03-reasoning-cached").body)
const sse = Fixtures.sse("stream-01-include-usage")
const fiveEvents = sse.split("\n\n").slice(0, 5).join("\n\n") + "\n\n"
const partial = { content: "", reasoning_content: "The user wants me", tool_calls: [] }

const certificate = selfSigned()

const serve = Effect.gen(function* () {
  const scripts: Array<Script> = []
  const sessions = new Set<ServerHttp2Session>()
  const sockets = new Set<Socket>()
  let sessionCount = 0
  const received = yield* Queue.unbounded<ServerHttp2Stream>()
  const left = yield* Queue.unbounded<void>()

  const respond = (stream: ServerHttp2Stream, body: string): void => {
    const script = scripts.shift() ?? "answer"
    if (script === "stall") return
    const isStream = body.includes('"stream":true')
    stream.respond({ ":status": 200, "content-type": isStream ? "text/event-stream" : "application/json" })
    if (script === "answer") return void stream.end(isStream ? sse : plain)
    stream.write(fiveEvents, () => {
      if (script === "reset mid-stream") stream.close(2)
      if (script === "close mid-stream") stream.session?.destroy()
    })
  }

  const server = yield* Effect.acquireRelease(
    Effect.callback<Http2SecureServer>((resume) => {
      const server = createSecureServer(certificate)
      server.on("secureConnection", (socket) => {
        sockets.add(socket)
        socket.on("close", () => sockets.delete(socket))
      })
      server.on("session", (session) => {
        sessionCount += 1
        sessions.add(session)
        session.on("error", () => {})
        session.on("close", () => sessions.delete(session))
      })
      server.on("stream", (stream: ServerHttp2Stream) => {
        const parts: Array<Buffer> = []
        stream.on("error", () => {})
        stream.on("aborted", () => Queue.offerUnsafe(left, undefined))
        stream.on("data", (part: Buffer) => parts.push(part))
        stream.on("end", () => {
          Queue.offerUnsafe(received, stream)
          respond(stream, Buffer.concat(parts).toString("utf8"))
        })
      })
      server.on("tlsClientError", () => {})
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        for (const session of sessions) session.destroy()
        // A session with a hundred open streams does not close its socket.
        for (const socket of sockets) socket.destroy()
      })
  )
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  return {
    url: `https://127.0.0.1:${port}/v1`,
    sessions: () => sessionCount,
    script: (...more) => void scripts.push(...more),
    received: Queue.take(received),
    left: Queue.take(left)
  } satisfies Server
})

/** Trusts the test's certificate, as an application would trust a private authority. */
const trust = Effect.acquireRelease(
  Effect.sync(() => {
    const trusted = getCACertificates("default")
    setDefaultCACertificates([...trusted, certificate.cert])
    return trusted
  }),
  (trusted) => Effect.sync(() => setDefaultCACertificates(trusted))
)

const connect = (server: Server, options: Options = {}) =>
  Effect.map(
    Layer.build(KimiNode.layer({ apiKey: Redacted.make(key), baseUrl: server.url, maxAttempts: 1, ...options })),
    Context.get(KimiClient)
  )

const trusting = <A, E>(
  test: (client: Client, server: Server) => Effect.Effect<A, E, Scope.Scope>,
  options: Options = {}
) =>
  Effect.scoped(
    Effect.gen(function* () {
      yield* trust
      const server = yield* serve
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
        const server = yield* serve
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

describe("KimiNode and certificates", () => {
  it.live("sends nothing to a host whose certificate is not trusted: TlsError", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const server = yield* serve
        const client = yield* connect(server)
        const errors = [
          yield* Effect.flip(client.chat(hello)),
          yield* Effect.flip(Stream.runDrain(client.stream(hello)))
        ]
        for (const error of errors) {
          assert.deepStrictEqual(facts(error), {
            _tag: "TlsError",
            provider: "moonshot",
            model: "kimi-k3",
            code: "DEPTH_ZERO_SELF_SIGNED_CERT"
          })
          assert.strictEqual(error.billing, "none")
        }
        assert.strictEqual(server.sessions(), 0)
      })
    )
  )
})
