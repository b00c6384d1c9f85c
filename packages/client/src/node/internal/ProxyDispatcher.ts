/**
 * The connection pool of a client, through the proxy that applies to each host.
 *
 * @since 0.1.0
 */
import type { LookupFunction } from "node:net"
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import type * as KimiConfig from "@kimi-effect/core/KimiConfig"
import { isProxyUrl, redactedUrl } from "@kimi-effect/core/internal/ProxyForm"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { Dispatcher, Pool } from "undici"
import { loadPools, loadUndici, type PoolModules } from "./undiciModules.ts"

/** What a pool depends on. */
export interface PoolOptions {
  readonly connectTimeout: Duration.Duration
  readonly maxConnections: number
  readonly proxy?: KimiConfig.Values["proxy"] | undefined
  readonly lookup?: LookupFunction | undefined
  /** Called with the protocol of every connection that is made to an origin. */
  readonly onConnected?: (origin: string, isHttp2: boolean) => void
}

type Environment = { readonly [name: string]: string | undefined }

/** The variable in lower case wins, as it does in curl. An empty one is none. */
const lookup = (environment: Environment, name: string): readonly [name: string, value: string] | undefined => {
  for (const variable of [name.toLowerCase(), name]) {
    const value = environment[variable]?.trim()
    if (value !== undefined && value !== "") return [variable, value]
  }
  return undefined
}

/** `proxy.example:8080` is short for a URL. */
const toUrl = (value: string): string => (value.includes("://") ? value : `http://${value}`)

const proxyOf = (environment: Environment, name: string): Effect.Effect<string, ConfigurationError> => {
  const found = lookup(environment, name)
  if (found === undefined) return Effect.succeed("")
  const [variable, value] = found
  const url = toUrl(value)
  if (isProxyUrl(url)) return Effect.succeed(url)
  return Effect.fail(
    ConfigurationError.of([
      { name: variable, expected: "the http or https URL of a proxy; the option proxy can be off in its place" }
    ])
  )
}

/** A pool and its proxy, without credentials. */
export interface ProxiedPool {
  readonly dispatcher: Dispatcher
  readonly proxy: string | undefined
}

const isHttp2 = (socket: object): boolean => "alpnProtocol" in socket && socket.alpnProtocol === "h2"

/** Makes the pool of one origin, and reports the protocol of each of its connections, which no event of undici contains. */
const makeFactory =
  ({ buildConnector, Pool }: PoolModules, onConnected: NonNullable<PoolOptions["onConnected"]>) =>
  (target: string | URL, { connect, ...options }: Pool.Options): Dispatcher => {
    const { origin } = new URL(target)
    const connector = typeof connect === "function" ? connect : buildConnector(connect)
    return new Pool(target, {
      ...options,
      connect: (connection, callback) =>
        connector(connection, (...[error, socket]) => {
          if (error !== null) return callback(error, null)
          onConnected(origin, isHttp2(socket))
          callback(null, socket)
        })
    })
  }

const connectOptions = (timeout: number, resolve: LookupFunction | undefined) =>
  resolve === undefined ? { timeout } : { timeout, lookup: resolve }

/** Builds the pool. The environment is read now and not again. */
export const make = Effect.fnUntraced(function* (
  { connectTimeout, lookup: resolve, maxConnections, onConnected, proxy = "environment" }: PoolOptions,
  environment: Environment = process.env
): Effect.fn.Return<ProxiedPool, ConfigurationError> {
  const timeout = Duration.toMillis(connectTimeout)
  const modules = yield* loadPools
  const { Agent, Pool } = modules
  const direct = (): ProxiedPool => ({ dispatcher: new Agent(pool), proxy: undefined })
  const pool = {
    connections: maxConnections,
    pipelining: 1,
    connect: connectOptions(timeout, resolve),
    ...(onConnected === undefined ? {} : { factory: makeFactory(modules, onConnected) })
  }
  const tunnel = {
    ...pool,
    connectTimeout: timeout,
    // The response to CONNECT is a part of connecting.
    clientFactory: (origin: URL, options: object) => new Pool(origin, { ...options, headersTimeout: timeout })
  }
  if (proxy === "off") return direct()
  if (proxy !== "environment") {
    const uri = Redacted.value(proxy)
    const { ProxyAgent } = yield* loadUndici
    return { dispatcher: new ProxyAgent({ ...tunnel, uri }), proxy: redactedUrl(uri) }
  }
  const httpProxy = yield* proxyOf(environment, "HTTP_PROXY")
  const httpsProxy = yield* proxyOf(environment, "HTTPS_PROXY")
  if (httpProxy === "" && httpsProxy === "") return direct()
  const { EnvHttpProxyAgent } = yield* loadUndici
  const noProxy = lookup(environment, "NO_PROXY")?.[1] ?? ""
  return {
    dispatcher: new EnvHttpProxyAgent({ ...tunnel, httpProxy, httpsProxy, noProxy }),
    proxy: redactedUrl(httpsProxy === "" ? httpProxy : httpsProxy) + (noProxy === "" ? "" : " except NO_PROXY")
  }
})
