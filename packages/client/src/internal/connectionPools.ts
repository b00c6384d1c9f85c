/** The connection pools of HTTP clients that report them. */
import type { ConnectionPool } from "@kimi-effect/core/ConnectionPool"
import type * as HttpClient from "effect/http/HttpClient"

type PoolOf = (origin: string) => ConnectionPool

const pools = new WeakMap<HttpClient.HttpClient, PoolOf>()

/** Records where the pool of each origin is found. */
export const markPools = (client: HttpClient.HttpClient, poolOf: PoolOf): HttpClient.HttpClient => {
  pools.set(client, poolOf)
  return client
}

/** The pool for the host of a URL, where the client reports it. */
export const poolOf = (client: HttpClient.HttpClient, url: string): ConnectionPool | undefined => {
  const origin = URL.parse(url)?.origin
  return origin === undefined ? undefined : pools.get(client)?.(origin)
}
