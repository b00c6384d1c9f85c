/** An HTTP server on the loopback interface that knows its sockets. */
import { createServer, type RequestListener, type Server } from "node:http"
import type { Socket } from "node:net"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Gauge from "./gauge.ts"

/** A running server. */
export interface RunningServer {
  readonly port: number
  /** The number of open sockets. */
  readonly connections: Gauge.Gauge
}

/** Starts a server on a port; 0 is a free one. Closing the scope stops it and destroys every socket. */
export const make = (handle: RequestListener, port: number): Effect.Effect<RunningServer, never, Scope.Scope> =>
  Effect.suspend(() => {
    const connections = Gauge.make()
    const sockets = new Set<Socket>()
    const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 }, handle)
    server.on("connection", (socket) => {
      sockets.add(socket)
      connections.set(sockets.size)
      socket.once("close", () => {
        sockets.delete(socket)
        connections.set(sockets.size)
      })
    })
    return Effect.map(
      Effect.acquireRelease(listen(server, port), () =>
        // The server emits "close" before its sockets do.
        Effect.andThen(
          close(server, sockets),
          connections.until((value) => value === 0)
        )
      ),
      (used) => ({ port: used, connections })
    )
  })

const listen = (server: Server, port: number): Effect.Effect<number> =>
  Effect.callback<number>((resume) => {
    server.once("error", (error) => resume(Effect.die(error)))
    server.listen(port, "127.0.0.1", () => {
      const address = server.address()
      resume(typeof address === "object" && address !== null ? Effect.succeed(address.port) : Effect.die(address))
    })
  })

const close = (server: Server, sockets: ReadonlySet<Socket>): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    server.close(() => resume(Effect.void))
    for (const socket of sockets) socket.destroy()
  })
