/** A host over TLS and HTTP/2 that is scripted request by request. */
import { createSecureServer, type Http2SecureServer, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2"
import type { Socket } from "node:net"
import { getCACertificates, setDefaultCACertificates } from "node:tls"
import { Fixtures } from "@kimi-effect/testing/node"
import { Effect, Queue } from "effect"
import { selfSigned } from "./certificate.ts"

type Script = "answer" | "stall" | "stall mid-stream" | "reset mid-stream" | "close mid-stream"

export interface Server {
  readonly url: string
  readonly sessions: () => number
  readonly requests: () => number
  /** What the next requests get; `answer` when it is empty. */
  readonly script: (...scripts: ReadonlyArray<Script>) => void
  /** Takes the next request that has arrived. */
  readonly received: Effect.Effect<ServerHttp2Stream>
  /** Takes the next request whose client has left. */
  readonly left: Effect.Effect<void>
}

export const plain = JSON.stringify(Fixtures.exchange("plain-03-reasoning-cached").body)
const sse = Fixtures.sse("stream-01-include-usage")
const fiveEvents = sse.split("\n\n").slice(0, 5).join("\n\n") + "\n\n"

const certificate = selfSigned()

/** `maxStreams` is how many the host allows at a time on a connection. */
export const serve = Effect.fnUntraced(function* (maxStreams?: number) {
  const scripts: Array<Script> = []
  const sessions = new Set<ServerHttp2Session>()
  const sockets = new Set<Socket>()
  let sessionCount = 0
  let requestCount = 0
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
      const server = createSecureServer({
        ...certificate,
        ...(maxStreams === undefined ? {} : { settings: { maxConcurrentStreams: maxStreams } })
      })
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
        requestCount += 1
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
    requests: () => requestCount,
    script: (...more) => void scripts.push(...more),
    received: Queue.take(received),
    left: Queue.take(left)
  } satisfies Server
})

/** Trusts the test's certificate, as an application would trust a private authority. */
export const trust = Effect.acquireRelease(
  Effect.sync(() => {
    const trusted = getCACertificates("default")
    setDefaultCACertificates([...trusted, certificate.cert])
    return trusted
  }),
  (trusted) => Effect.sync(() => setDefaultCACertificates(trusted))
)
