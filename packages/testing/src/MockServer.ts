/**
 * A real HTTP server that speaks like Kimi, on a free port of the loopback
 * interface, for tests and benchmarks of anything that talks to Kimi.
 *
 * It answers with recorded traffic and refuses what Kimi refuses. Scripted
 * replies, with or without a `Fault`, take the place of its own. Delays run on
 * the machine's clock: use `it.live`.
 *
 * **Example** (One rate limit, then the recorded greeting)
 *
 * ```ts
 * const program = Effect.gen(function* () {
 *   const server = yield* MockServer.MockServer
 *   yield* server.reply(Reply.errorTable.limitRpm)
 *   yield* callKimi({ baseUrl: server.url })
 *   const requests = yield* server.requests
 * }).pipe(Effect.provide(MockServer.layer()))
 * ```
 *
 * @since 0.1.0
 */
import type { Socket } from "node:net"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Chunking } from "./Chunking.ts"
import { deliver } from "./internal/delivery.ts"
import * as Gauge from "./internal/gauge.ts"
import * as Responder from "./internal/responder.ts"
import { type ReceivedRequest, receive } from "./ReceivedRequest.ts"
import type { ReplySource, Reply } from "./Reply.ts"

/**
 * How a server behaves.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** The only key that is accepted. Defaults to any that is not blank. */
  readonly apiKey?: string | undefined
  /**
   * Whether requests are refused as Kimi would refuse them: keys, request
   * schema, models, fixed parameters, tool history. Scripted replies are never
   * held back by it. Defaults to `true`.
   */
  readonly validateRequests?: boolean | undefined
  /** The ids that chat serves and `/models` lists. Defaults to the live models of the catalogue, and the four recorded. */
  readonly models?: ReadonlyArray<string> | undefined
  /** How streams are cut over network writes. Defaults to ten events a write, as recorded. */
  readonly chunking?: Chunking | undefined
  /** Time before the headers of every answer. Defaults to none. */
  readonly latency?: Duration.Input | undefined
  /** Time before each write of a stream; single events then, unless `chunking` counts events. Defaults to none. */
  readonly tokenDelay?: Duration.Input | undefined
  /** How many of the latest requests `requests` keeps. Defaults to all. */
  readonly maxRecordedRequests?: number | undefined
  /** Largest request body in bytes; a larger one is answered with 413. Defaults to 100 MiB. */
  readonly maxRequestBytes?: number | undefined
}

/**
 * @category services
 * @since 0.1.0
 */
export class MockServer extends Context.Service<
  MockServer,
  {
    /** Base URL, ending in `/v1`. */
    readonly url: string
    /** The requests received in full so far, oldest first. */
    readonly requests: Effect.Effect<ReadonlyArray<ReceivedRequest>>
    /** Queues replies; each answers one chat request to come, before anything else does. */
    readonly reply: (...replies: ReadonlyArray<Reply>) => Effect.Effect<void>
    /** Answers every chat request that finds the queue empty. */
    readonly replyAlways: (reply: ReplySource) => Effect.Effect<void>
    /** Answers every request of one other route, by method and full path: `"GET /v1/models"`. */
    readonly replyAt: (route: string, reply: ReplySource) => Effect.Effect<void>
    /** Sockets open now. */
    readonly openConnections: Effect.Effect<number>
    /** Requests whose client left before the answer ended. Answers that a fault broke off do not count. */
    readonly aborted: Effect.Effect<number>
    /** Completes when at least `count` requests were received in full. */
    readonly awaitRequests: (count: number) => Effect.Effect<void>
    /** Completes when at least `count` requests were aborted. */
    readonly awaitAborted: (count: number) => Effect.Effect<void>
    /** Completes when exactly `count` sockets are open. */
    readonly awaitOpenConnections: (count: number) => Effect.Effect<void>
    /** Forgets scripted replies, requests and aborts. Sockets stay open. */
    readonly reset: Effect.Effect<void>
  }
>()("@kimi-effect/testing/MockServer") {}

/**
 * Starts a server that lives as long as the scope. Closing the scope destroys
 * every socket.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options?: Options): Effect.Effect<MockServer["Service"], never, Scope.Scope> =>
  Effect.gen(function* () {
    const responder = Responder.make({
      apiKey: options?.apiKey,
      isValidating: options?.validateRequests ?? true,
      maxRequestBytes: options?.maxRequestBytes ?? 104_857_600,
      models: options?.models,
      pace: {
        latency: Duration.toMillis(options?.latency ?? 0),
        writeDelay: Duration.toMillis(options?.tokenDelay ?? 0),
        chunking: options?.chunking ?? { events: 10 }
      }
    })
    const kept = options?.maxRecordedRequests ?? Number.POSITIVE_INFINITY
    const requests: Array<ReceivedRequest> = []
    const received = Gauge.make()
    const aborted = Gauge.make()
    const connections = Gauge.make()
    const sockets = new Set<Socket>()

    const handle = (message: IncomingMessage, response: ServerResponse): void => {
      let isSettled = false
      response.once("close", () => {
        if (!isSettled && !response.writableFinished) aborted.set(aborted.get() + 1)
      })
      receive(message, (request) => {
        requests.push(request)
        if (requests.length > kept) requests.shift()
        received.set(received.get() + 1)
        deliver(response, responder.respond(request), () => {
          isSettled = true
        })
      })
    }

    const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 }, handle)
    server.on("connection", (socket) => {
      sockets.add(socket)
      connections.set(sockets.size)
      socket.once("close", () => {
        sockets.delete(socket)
        connections.set(sockets.size)
      })
    })
    const port = yield* Effect.acquireRelease(listen(server), () =>
      // The server reports itself closed before its sockets do.
      Effect.andThen(
        close(server, sockets),
        connections.until((value) => value === 0)
      )
    )

    return MockServer.of({
      url: `http://127.0.0.1:${port}/v1`,
      requests: Effect.sync(() => [...requests]),
      reply: (...replies) => Effect.sync(() => responder.enqueue(replies)),
      replyAlways: (reply) => Effect.sync(() => responder.replyAlways(reply)),
      replyAt: (route, reply) => Effect.sync(() => responder.replyAt(route, reply)),
      openConnections: Effect.sync(connections.get),
      aborted: Effect.sync(aborted.get),
      awaitRequests: (count) => received.until((value) => value >= count),
      awaitAborted: (count) => aborted.until((value) => value >= count),
      awaitOpenConnections: (count) => connections.until((value) => value === count),
      reset: Effect.sync(() => {
        responder.reset()
        requests.length = 0
        received.set(0)
        aborted.set(0)
      })
    })
  })

/**
 * The server as a layer.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options?: Options): Layer.Layer<MockServer> => Layer.effect(MockServer, make(options))

const listen = (server: Server): Effect.Effect<number> =>
  Effect.callback<number>((resume) => {
    server.once("error", (error) => resume(Effect.die(error)))
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      resume(typeof address === "object" && address !== null ? Effect.succeed(address.port) : Effect.die(address))
    })
  })

const close = (server: Server, sockets: ReadonlySet<Socket>): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    server.close(() => resume(Effect.void))
    for (const socket of sockets) socket.destroy()
  })
