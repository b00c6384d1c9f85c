/**
 * An `HttpClient` on undici for the calls of this library: pooled connections,
 * HTTP/2 where the host supports it, no redirects. Calls go through the proxy of
 * the option `proxy`, which is by default that of the environment:
 * `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, in either case, read once when the
 * client is built.
 *
 * It replaces the undici client of `@effect/platform-node`, which allocates a
 * Node stream for every response; any other `HttpClient` can be provided instead.
 *
 * @since 0.1.0
 */
import type { LookupFunction } from "node:net"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { SendGate } from "@kimi-effect/core/internal/SendGate"
import { CurrentSendState, type SendState } from "@kimi-effect/core/internal/SendState"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Dispatcher } from "undici"
import type * as Undici from "undici"
import { markPools } from "../internal/connectionPools.ts"
import type { PoolTimeout } from "../internal/PoolTimeout.ts"
import { markIsolated, markProxy } from "../internal/isolation.ts"
import { UnsentRequest } from "../internal/UnsentRequest.ts"
import { maxConnectionsOf } from "./internal/connectionOptions.ts"
import { afterReads } from "./internal/afterReads.ts"
import type { OriginPool, PooledCall } from "./internal/OriginPool.ts"
import { BodySource } from "./internal/BodySource.ts"
import { OriginPools } from "./internal/OriginPools.ts"
import * as ProxyDispatcher from "./internal/ProxyDispatcher.ts"
import { ResponseBody } from "./internal/ResponseBody.ts"
import { loadUndici } from "./internal/undiciModules.ts"
import { UndiciResponse } from "./internal/UndiciResponse.ts"

type Request = HttpClientRequest.HttpClientRequest
type Failure = HttpClientError.HttpClientError

/**
 * Options of the connection pool.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Longest wait for a connection, TLS included. */
  readonly connectTimeout: Duration.Duration
  /** Most connections to one host; further calls wait for one, in order. Over HTTP/2 each carries 100 calls. */
  readonly maxConnections: number
  /** Longest wait for one of them to be free, after which the call fails. Defaults to 30 seconds. */
  readonly poolTimeout?: Duration.Duration | undefined
  /** The proxy of all calls. Defaults to that of the environment. */
  readonly proxy?: KimiConfig.Values["proxy"] | undefined
  /** Resolves the names that connections are made to, also that of a proxy. Defaults to the resolver of the system. */
  readonly lookup?: LookupFunction | undefined
}

const interrupted = new Error("The call was interrupted")

const transportError = (request: Request, cause: unknown): Failure =>
  new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request, cause }) })

const decodeError = (request: Request, response: HttpClientResponse.HttpClientResponse, cause: unknown): Failure =>
  new HttpClientError.HttpClientError({ reason: new HttpClientError.DecodeError({ request, response, cause }) })

const encodeError = (request: Request): Failure =>
  new HttpClientError.HttpClientError({
    reason: new HttpClientError.EncodeError({
      request,
      description: `A body of kind ${request.body._tag} cannot be sent by this client`
    })
  })

type Body = NonNullable<Dispatcher.DispatchOptions["body"]>
type SentBody = Body | BodySource | null

/** undici accepts only its own class. Files are not copied, and are streamed when they are sent. */
const toUndiciForm = (form: FormData, undici: typeof Undici): Undici.FormData => {
  const own = new undici.FormData()
  for (const [name, value] of form) own.append(name, value)
  return own
}

/** `undefined` for a body that this client does not send. Forms and streams are read in `send`. */
const bodyOf = ({ body }: Request): SentBody | undefined => {
  switch (body._tag) {
    case "Empty":
      return null
    case "Uint8Array":
      return body.text ?? body.body
    default:
      return undefined
  }
}

type Dispatch = (handler: Dispatcher.DispatchHandler) => void

type Resume = (effect: Effect.Effect<UndiciResponse, Failure>) => void

/**
 * One call: waits for a connection, completes with the head of the response,
 * then passes its body on. undici refers to it for longer than the call takes,
 * so it refers to the call, its fiber included, only while that waits for it:
 * otherwise the garbage of every call outlives young generations.
 */
class Handler implements Dispatcher.DispatchHandler, PooledCall {
  #controller: Dispatcher.DispatchController | undefined = undefined
  #body: ResponseBody<Failure> | undefined = undefined
  #response: UndiciResponse | undefined = undefined
  #isAborted = false
  #hasEnded = false
  #isPooled = false
  #dispatch: Dispatch | undefined
  #source: BodySource | undefined
  readonly #request: Request
  readonly #pool: OriginPool
  #resume: Resume | undefined
  /** Absent without accounting. */
  readonly #sending: SendState | undefined
  /** What a call that has waited for a connection waits for when it has one. */
  #gate: ((then: () => void) => void) | undefined = undefined

  constructor(
    request: Request,
    pool: OriginPool,
    dispatch: Dispatch,
    source: BodySource | undefined,
    resume: Resume,
    sending: SendState | undefined
  ) {
    this.#request = request
    this.#pool = pool
    this.#dispatch = dispatch
    this.#source = source
    this.#resume = resume
    this.#sending = sending
    sending?.setWaiting()
  }

  /** Enters the pool. A gate that the call has passed is passed again after a wait for a connection. */
  enter(gate: Effect.Effect<void> | undefined, context: Context.Context<never>): void {
    this.#pool.enter(this)
    if (gate === undefined || this.#isPooled) return
    this.#gate = (then) => void Effect.runForkWith(context)(Effect.ensuring(gate, Effect.sync(then)))
  }

  start(): void {
    this.#isPooled = true
    const gate = this.#gate
    if (gate === undefined) return this.#send()
    this.#gate = undefined
    gate(() => {
      // Interrupted in the gate, it has released its connection.
      if (this.#isPooled) this.#send()
    })
  }

  #send(): void {
    const dispatch = this.#dispatch
    // It refers to the body of the request, which would be retained as long as a stream is open.
    this.#dispatch = undefined
    try {
      dispatch?.(this)
    } catch (cause) {
      this.#fail(cause)
    }
  }

  reject(cause: PoolTimeout): void {
    this.#isAborted = true
    this.#closeSource()
    this.#sending?.setRefused()
    this.#complete(Effect.fail(transportError(this.#request, cause)))
  }

  abort(): void {
    this.#closeSource()
    if (this.#pool.leave(this)) return
    this.#isAborted = true
    // It is not passed to undici yet, which would release its connection.
    if (this.#dispatch !== undefined) this.#release()
    this.#controller?.abort(interrupted)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Interrupted or rejected while it waited for a connection. Throwing cancels the call; aborting would close the connection too.
    if (this.#isAborted) throw interrupted
    this.#controller = controller
    this.#pool.setSent(this)
    // undici starts a request just before it writes the first byte.
    this.#sending?.setSent()
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | Array<string> | undefined>
  ): void {
    // Informational responses precede the final one.
    if (status < 200) return
    // The raw headers, two buffers each, would be retained as long as a stream is open. The list
    // is emptied too: if it is among V8's old objects, it keeps them also when it is garbage.
    if (Array.isArray(controller.rawHeaders)) controller.rawHeaders.length = 0
    controller.rawHeaders = null
    this.#body = new ResponseBody(controller)
    this.#response = new UndiciResponse(this.#request, status, headers, this.#body)
    const result = Effect.succeed(this.#response)
    // Mostly the whole body is there by then, and the fiber does not wait for it again.
    afterReads(() => this.#complete(result))
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Uint8Array): void {
    this.#body?.push(chunk)
  }

  onResponseEnd(): void {
    this.#closeSource()
    this.#release()
    this.#body?.end()
    this.#body = undefined
    this.#response = undefined
    this.#hasEnded = true
  }

  onResponseError(_: Dispatcher.DispatchController, cause: Error): void {
    this.#fail(cause)
  }

  #complete(result: Effect.Effect<UndiciResponse, Failure>): void {
    this.#resume?.(result)
    this.#resume = undefined
  }

  /** Once: undici may report an error after a proxy's refusal, and an end after it. */
  #release(): void {
    if (!this.#isPooled) return
    this.#isPooled = false
    this.#pool.release(this)
  }

  /** A host may respond before it has read the body, and undici does not leave one that waits for its next part. */
  #closeSource(): void {
    this.#source?.close()
    this.#source = undefined
  }

  #fail(cause: unknown): void {
    this.#closeSource()
    this.#release()
    if (this.#hasEnded) return
    if (this.#body !== undefined && this.#response !== undefined) {
      this.#body.fail(decodeError(this.#request, this.#response, cause))
    } else {
      if (!this.#isAborted) this.#sending?.setRefused()
      const failure = this.#controller === undefined ? new UnsentRequest(cause) : cause
      this.#complete(Effect.fail(transportError(this.#request, failure)))
    }
  }
}

interface Target {
  readonly origin: string
  readonly path: string
}

/** This library uses few URLs, and the same ones in every call. */
const maxTargets = 64

const targets = new Map<string, Target>()

const targetOf = (url: string): Target | undefined => {
  const known = targets.get(url)
  if (known !== undefined) return known
  const parsed = URL.parse(url)
  if (parsed === null) return undefined
  const target = { origin: parsed.origin, path: parsed.pathname + parsed.search }
  if (targets.size >= maxTargets) targets.clear()
  targets.set(url, target)
  return target
}

/**
 * A client with its own connection pool, which is closed with the scope.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<HttpClient.HttpClient, ConfigurationError, Scope.Scope> {
  const { poolTimeout = KimiConfig.defaults.poolTimeout, ...connections } = options
  const pools = new OriginPools({ ...options, poolTimeout }, yield* Effect.context<never>())
  const { dispatcher, proxy } = yield* Effect.acquireRelease(
    ProxyDispatcher.make({
      ...connections,
      onConnected: (origin, isHttp2) => pools.of(origin).setProtocol(isHttp2)
    }),
    // Calls that wait are then started in order, and undici refuses each of them.
    ({ dispatcher }) => Effect.promise(() => dispatcher.destroy())
  )
  const client = HttpClient.makeWith(
    Effect.flatMap((request: Request) => send(dispatcher, pools, request)),
    Effect.succeed as HttpClient.HttpClient.Preprocess<never, never>
  )
  return markPools(markProxy(markIsolated(client), proxy), (origin) => pools.of(origin).report)
})

const send = (agent: Dispatcher, pools: OriginPools, request: Request): Effect.Effect<UndiciResponse, Failure> => {
  const { body } = request
  switch (body._tag) {
    case "FormData":
      return Effect.flatMap(loadUndici, (undici) =>
        dispatch(agent, pools, request, toUndiciForm(body.formData, undici))
      )
    case "Stream":
      return Effect.flatMap(Stream.toAsyncIterableEffect(body.stream), (parts) =>
        dispatch(agent, pools, request, new BodySource(parts))
      )
    default:
      return dispatch(agent, pools, request, bodyOf(request))
  }
}

const dispatch = (
  agent: Dispatcher,
  pools: OriginPools,
  request: Request,
  body: SentBody | undefined
): Effect.Effect<UndiciResponse, Failure> =>
  Effect.withFiber(({ context }) =>
    Effect.callback((resume) => {
      if (body === undefined) return resume(Effect.fail(encodeError(request)))
      const target = targetOf(request.url)
      if (target === undefined) return resume(Effect.fail(transportError(request, new Error("Invalid URL"))))
      const pool = pools.of(target.origin)
      // undici sends any iterable of bytes, which its type of a body omits.
      const sent = body as Body | null
      const dispatch: Dispatch = (handler) =>
        // The stages have timeouts with typed errors; those of undici are disabled.
        void agent.dispatch(
          {
            ...target,
            method: request.method,
            headers: request.headers,
            body: sent,
            headersTimeout: 0,
            bodyTimeout: 0
          },
          handler
        )
      const source = body instanceof BodySource ? body : undefined
      const handler = new Handler(request, pool, dispatch, source, resume, Context.get(context, CurrentSendState))
      handler.enter(Context.get(context, SendGate)?.enter, context)
      return Effect.sync(() => handler.abort())
    })
  )

/**
 * The client with the timeouts and the pool size of the configuration.
 *
 * @category layers
 * @since 0.1.0
 */
// Layers are memoized by reference, regardless of what provides them: without `fresh`, the clients of two configurations would be one.
export const layer: Layer.Layer<HttpClient.HttpClient, ConfigurationError, KimiConfig.KimiConfig> = Layer.fresh(
  Layer.effect(
    HttpClient.HttpClient,
    Effect.flatMap(KimiConfig.KimiConfig, (config) => make({ ...config, maxConnections: maxConnectionsOf(config) }))
  )
)
