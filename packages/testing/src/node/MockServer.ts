/**
 * An HTTP server that simulates Kimi on a free port of the loopback interface,
 * for tests and benchmarks of clients.
 *
 * It responds with recorded traffic and rejects requests that Kimi rejects.
 * Scripted replies, with or without a `Fault`, replace its default responses.
 * It stores uploaded files in memory, within the limits of the host, and runs
 * batches of them: each line is answered as a chat request would be, by scripted
 * replies first.
 * Delays use the machine's clock, so tests use `it.live`.
 *
 * **Example** (One rate limit, then the recorded greeting)
 *
 * ```ts
 * const program = Effect.gen(function* () {
 *   const server = yield* MockServer.MockServer
 *   yield* server.reply(ErrorReply.table.limitRpm)
 *   yield* callKimi({ baseUrl: server.url })
 *   const requests = yield* server.requests
 * }).pipe(Effect.provide(MockServer.layer()))
 * ```
 *
 * @since 0.1.0
 */
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import type { IncomingMessage, ServerResponse } from "node:http"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Chunking } from "../Chunking.ts"
import type { HostLedger } from "./HostLedger.ts"
import * as Cors from "./internal/cors.ts"
import { deliver } from "./internal/delivery.ts"
import * as Gauge from "./internal/gauge.ts"
import { moonshotLimits } from "../internal/host/HostFiles.ts"
import * as HttpServer from "./internal/httpServer.ts"
import { type Delivery, Ledger } from "./internal/Ledger.ts"
import * as Responder from "./internal/responder.ts"
import type * as ServedCassettes from "./internal/servedCassette.ts"
import { type ReceivedRequest, receive } from "./ReceivedRequest.ts"

/**
 * A reply; a text is short for `Reply.text`. Any other value dies where it is
 * given, and so does a reply that cannot be sent, such as one with status 700, a
 * negative delay or a body that JSON cannot encode.
 *
 * @category models
 * @since 0.1.0
 */
export type GivenReply = Responder.GivenReply

/**
 * A reply, or a function from each request to its reply. What a function returns
 * that is no reply, or cannot be sent, is answered with status 500 and a message
 * about it.
 *
 * @category models
 * @since 0.1.0
 */
export type ReplySource = Responder.ReplySource

/**
 * A cassette that a server serves, such as `Cassette.read` returns, and how it
 * compares requests. A request that it does not contain gets status 404 with the
 * message of `CassetteMissError`.
 *
 * @category models
 * @since 0.1.0
 */
export type ServedCassette = ServedCassettes.ServedCassette

/**
 * Options of a server.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** The only key that is accepted. By default any key is. */
  readonly apiKey?: string | undefined
  /**
   * Whether requests are rejected as Kimi rejects them: by key, request schema,
   * model, fixed parameters and tool history. Requests with a scripted reply are
   * not checked. Defaults to `true`.
   */
  readonly validateRequests?: boolean | undefined
  /**
   * The model ids that chat accepts and `/models` lists. By default chat accepts
   * the live models of the catalogue and `/models` lists the four recorded ones.
   */
  readonly models?: ReadonlyArray<string> | undefined
  /** How streams are split over network writes. Defaults to ten events per write, as recorded. */
  readonly chunking?: Chunking | undefined
  /** Delay before the headers of every response. Defaults to none. */
  readonly latency?: Duration.Input | undefined
  /** Delay before each write of a stream, which is then one event unless `chunking` counts events. Defaults to none. */
  readonly tokenDelay?: Duration.Input | undefined
  /** Number of latest requests that `requests` keeps. Defaults to all. */
  readonly maxRecordedRequests?: number | undefined
  /**
   * Serves this cassette instead of the default responses. Requests are then not
   * validated, except for `apiKey`.
   */
  readonly cassette?: ServedCassette | undefined
  /** The port. The layer dies when another process uses it. Defaults to a free one. */
  readonly port?: number | undefined
  /** Whether pages of any origin can call the server from a browser. Defaults to `false`. */
  readonly cors?: boolean | undefined
  /** Largest request body in bytes, without uploaded files. The response to a larger one is 413. Defaults to 100 MiB. */
  readonly maxRequestBytes?: number | undefined
  /** Most files that the server stores. Defaults to 1,000. */
  readonly maxFiles?: number | undefined
  /**
   * How long each state of a batch takes, by the `Clock` of the server. By default
   * each request for a batch ends one of its states, of which there are four:
   * `validating`, `in_progress` for each half of the lines, and `finalizing`.
   */
  readonly batchStateDuration?: Duration.Input | undefined
  /** Largest uploaded file in bytes. Defaults to 100 MiB. */
  readonly maxFileBytes?: number | undefined
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
    /** The requests that were received in full, oldest first. */
    readonly requests: Effect.Effect<ReadonlyArray<ReceivedRequest>>
    /** Queues replies. Each is used for one chat request, before any other reply. */
    readonly reply: (...replies: ReadonlyArray<GivenReply>) => Effect.Effect<void>
    /** Sets the reply to chat requests while the queue is empty. */
    readonly replyAlways: (reply: ReplySource) => Effect.Effect<void>
    /** Sets the reply to a route, given as method and full path: `"GET /v1/models"`. */
    readonly replyAt: (route: string, reply: ReplySource) => Effect.Effect<void>
    /** What was requested, answered and billed. */
    readonly ledger: Effect.Effect<HostLedger>
    /** Number of open sockets. */
    readonly openConnections: Effect.Effect<number>
    /** Number of requests whose client disconnected before the response ended. Responses ended by a fault do not count. */
    readonly aborted: Effect.Effect<number>
    /** Completes when at least `count` requests have been received in full. */
    readonly awaitRequests: (count: number) => Effect.Effect<void>
    /** Completes when at least `count` requests have been aborted. */
    readonly awaitAborted: (count: number) => Effect.Effect<void>
    /** Completes when exactly `count` sockets are open. */
    readonly awaitOpenConnections: (count: number) => Effect.Effect<void>
    /** Clears scripted replies, files, batches, requests, the ledger and the count of aborts, and rewinds the cassette. Sockets stay open. */
    readonly reset: Effect.Effect<void>
  }
>()("@kimi-effect/testing/node/MockServer") {}

/**
 * Starts a server. Closing the scope stops it and destroys every socket.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options = {}): Effect.Effect<MockServer["Service"], never, Scope.Scope> =>
  Effect.gen(function* () {
    const { cors = false, maxRecordedRequests = Number.POSITIVE_INFINITY, port = 0 } = options
    const clock = yield* Clock.Clock
    const responder = Responder.make({ ...settingsOf(options), now: () => clock.currentTimeMillisUnsafe() })
    const ledger = new Ledger(maxRecordedRequests)
    const requests: Array<ReceivedRequest> = []
    const received = Gauge.make()
    const aborted = Gauge.make()

    const respond = (request: ReceivedRequest, response: ServerResponse): Delivery => {
      const plan = responder.respond(request)
      const delivery = ledger.open(request, plan, responder.replyOf(plan), response)
      deliver(
        response,
        plan,
        () => {
          delivery.isEndedEarly = true
        },
        () => {
          delivery.writes++
        }
      )
      return delivery
    }
    const handle = (message: IncomingMessage, response: ServerResponse): void => {
      if (cors && Cors.respond(message, response)) return
      let delivery: Delivery | undefined
      response.once("close", () => {
        if (delivery?.isEndedEarly !== true && !response.writableFinished) aborted.set(aborted.get() + 1)
      })
      receive(message, (request) => {
        requests.push(request)
        if (requests.length > maxRecordedRequests) requests.shift()
        delivery = respond(request, response)
        received.set(received.get() + 1)
      })
    }
    const { connections, port: usedPort } = yield* HttpServer.make(handle, port)

    return MockServer.of({
      url: `http://127.0.0.1:${usedPort}/v1`,
      requests: Effect.sync(() => [...requests]),
      reply: (...replies) => Effect.sync(() => responder.enqueue(replies)),
      replyAlways: (reply) => Effect.sync(() => responder.replyAlways(reply)),
      replyAt: (route, reply) => Effect.sync(() => responder.replyAt(route, reply)),
      ledger: Effect.sync(() => ledger.read(responder.batches())),
      openConnections: Effect.sync(connections.get),
      aborted: Effect.sync(aborted.get),
      awaitRequests: (count) => received.until((value) => value >= count),
      awaitAborted: (count) => aborted.until((value) => value >= count),
      awaitOpenConnections: (count) => connections.until((value) => value === count),
      reset: Effect.sync(() => {
        responder.reset()
        requests.length = 0
        ledger.clear()
        received.set(0)
        aborted.set(0)
      })
    })
  })

/**
 * Starts a server for the lifetime of the layer.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options?: Options): Layer.Layer<MockServer> =>
  OptionRules.layerOrDie("MockServer", options, (options) => Layer.effect(MockServer, make(options)))

const settingsOf = ({
  apiKey,
  batchStateDuration,
  cassette,
  chunking = { events: 10 },
  latency = 0,
  maxFileBytes = moonshotLimits.maxFileBytes,
  maxFiles = moonshotLimits.maxFiles,
  maxRequestBytes = 104_857_600,
  models,
  tokenDelay = 0,
  validateRequests = true
}: Options): Responder.Settings => ({
  apiKey,
  validateRequests,
  maxRequestBytes,
  files: { maxFiles, maxFileBytes },
  batchStateMillis: batchStateDuration === undefined ? undefined : Duration.toMillis(batchStateDuration),
  models,
  cassette,
  pace: { latency: Duration.toMillis(latency), writeDelay: Duration.toMillis(tokenDelay), chunking }
})
