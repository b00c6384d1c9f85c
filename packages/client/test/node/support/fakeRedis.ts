/** Servers with the behavior that a test defines, where a Redis is expected. */
import { createServer, type Server, type Socket } from "node:net"
import { createServer as createTlsServer } from "node:tls"
import { Effect } from "effect"
import type * as Scope from "effect/Scope"
import { RespReader } from "../../../src/node/internal/redis/RespReader.ts"
import type { Certificate } from "./certificate.ts"

/** One connection, as the server sees it. */
export interface Peer {
  readonly socket: Socket
  readonly commands: Array<ReadonlyArray<string>>
  readonly reply: (text: string) => void
  isClosed: boolean
}

export interface Behavior {
  readonly onConnect?: (peer: Peer) => void
  readonly onCommand?: (peer: Peer, command: ReadonlyArray<string>) => void
}

export interface FakeRedis {
  readonly port: number
  readonly url: string
  readonly peers: ReadonlyArray<Peer>
  /** Waits for an event of the server after which this is true. */
  readonly until: (isTrue: () => boolean) => Effect.Effect<void>
  /** Ends all connections. */
  readonly drop: Effect.Effect<void>
  /** The commands of all connections, without the `PING` that begins each. */
  readonly commands: () => ReadonlyArray<ReadonlyArray<string>>
}

const host = "127.0.0.1"

const addressOf = (server: Server): number => {
  const address = server.address()
  if (typeof address !== "object" || address === null) throw new Error("the server does not listen")
  return address.port
}

/** A server on a free port, or on a given one, until the scope closes. */
export const fakeRedis = (
  { onCommand, onConnect }: Behavior,
  { certificate, port = 0 }: { readonly certificate?: Certificate; readonly port?: number } = {}
): Effect.Effect<FakeRedis, never, Scope.Scope> =>
  Effect.gen(function* () {
    const peers: Array<Peer> = []
    const waiting = new Set<() => void>()
    const changed = () => {
      for (const check of waiting) check()
    }
    const accept = (socket: Socket): void => {
      const peer: Peer = { socket, commands: [], reply: (text) => void socket.write(text), isClosed: false }
      peers.push(peer)
      const reader = new RespReader(536_870_912, (command) => {
        const args = command as ReadonlyArray<string>
        peer.commands.push(args)
        onCommand?.(peer, args)
        changed()
      })
      socket
        .on("error", () => undefined)
        .on("data", (chunk: Buffer) => reader.push(chunk))
        .on("close", () => {
          peer.isClosed = true
          changed()
        })
      onConnect?.(peer)
      changed()
    }
    const server = certificate === undefined ? createServer(accept) : createTlsServer(certificate, accept)
    const sockets = new Set<Socket>()
    server.on("connection", (socket: Socket) => sockets.add(socket))
    server.on("tlsClientError", () => undefined)
    yield* Effect.acquireRelease(
      Effect.callback<void>((resume) => void server.listen(port, host, () => resume(Effect.void))),
      () =>
        Effect.callback<void>((resume) => {
          for (const socket of sockets) socket.destroy()
          server.close(() => resume(Effect.void))
        })
    )
    return {
      port: addressOf(server),
      url: `${certificate === undefined ? "redis" : "rediss"}://${host}:${addressOf(server)}`,
      peers,
      drop: Effect.sync(() => {
        for (const { socket } of peers) socket.destroy()
      }),
      commands: () => peers.flatMap(({ commands }) => commands.filter(([name]) => name !== "PING")),
      until: (isTrue) =>
        Effect.callback((resume) => {
          const check = () => {
            if (!isTrue()) return
            waiting.delete(check)
            resume(Effect.void)
          }
          waiting.add(check)
          check()
          return Effect.sync(() => waiting.delete(check))
        })
    }
  })

/** A port on which nothing listens. */
export const closedPort: Effect.Effect<number> = Effect.scoped(Effect.map(fakeRedis({}), ({ port }) => port))

/** Accepts credentials and the first `PING`, and has another behavior afterwards. */
export const afterPing = (onCommand: (peer: Peer, command: ReadonlyArray<string>) => void): Behavior => ({
  onCommand: (peer, command) => {
    const [name] = command
    const pings = peer.commands.filter(([sent]) => sent === "PING").length
    if (name === "AUTH" || (name === "PING" && pings === 1)) peer.reply("+OK\r\n")
    else onCommand(peer, command)
  }
})

const errorTo = (isRefused: (command: ReadonlyArray<string>) => boolean, error: string): Behavior => ({
  onCommand: (peer, command) => peer.reply(isRefused(command) ? `-${error}\r\n` : "+PONG\r\n")
})

const everyCommand = () => true
const allButPing = ([name]: ReadonlyArray<string>) => name !== "PING"

const mebibyte = Buffer.alloc(1_048_576, 97)

/** Sends as fast as the connection takes it. */
const flood = ({ socket }: Peer): void => {
  const more = () => {
    while (!socket.destroyed && socket.write(mebibyte));
  }
  socket.on("drain", more)
  more()
}

/** A byte per second, as long as the connection is open. */
const drip = ({ socket }: Peer): void => {
  socket.write("$1000\r\n")
  const timer = setInterval(() => socket.write("a"), 1_000)
  socket.on("close", () => clearInterval(timer))
}

/** Every way in which a server fails after it has accepted a connection. */
export const failures: { readonly [name: string]: Behavior } = {
  "does not reply": {},
  "does not reply to commands": afterPing(() => undefined),
  "is loading": errorTo(everyCommand, "LOADING Redis is loading the dataset in memory"),
  "demands a password": errorTo(everyCommand, "NOAUTH Authentication required."),
  "refuses the password": errorTo(everyCommand, "WRONGPASS invalid username-password pair or user is disabled."),
  "is a replica": errorTo(allButPing, "READONLY You can't write against a read only replica."),
  "is a node of a cluster": errorTo(allButPing, "MOVED 3999 127.0.0.1:6381"),
  "speaks HTTP": { onConnect: ({ reply }) => reply("HTTP/1.1 400 Bad Request\r\n\r\n<html></html>") },
  "sends garbage": afterPing(({ reply }) => reply("\u0000\u0001garbage\r\n")),
  "nests arrays": afterPing(({ reply }) => reply("*1\r\n".repeat(100_000))),
  "announces two gigabytes": afterPing((peer) => {
    peer.reply("$2000000000\r\n")
    flood(peer)
  }),
  "replies with a byte per second": afterPing(drip),
  "closes in the middle of a reply": afterPing(({ socket }) => void socket.end("$10\r\nabc")),
  "has too many clients": { onConnect: ({ socket }) => void socket.end("-ERR max number of clients reached\r\n") },
  "closes at once": { onConnect: ({ socket }) => void socket.end() },
  "resets connections": { onConnect: ({ socket }) => void socket.resetAndDestroy() }
}
