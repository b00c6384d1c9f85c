/** Disables trace headers and redirects for any HTTP client. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Option from "effect/Option"

const isolated = new WeakSet<HttpClient.HttpClient>()

/** Marks a client that never sends trace headers or follows redirects. */
export const markIsolated = (client: HttpClient.HttpClient): HttpClient.HttpClient => {
  isolated.add(client)
  return client
}

const proxies = new WeakMap<HttpClient.HttpClient, string>()

/** Records the proxy of a client, without its credentials. */
export const markProxy = (client: HttpClient.HttpClient, proxy: string | undefined): HttpClient.HttpClient => {
  if (proxy !== undefined) proxies.set(client, proxy)
  return client
}

/** The proxy of a client, where it is known. */
export const proxyOf = (client: HttpClient.HttpClient): string | undefined => proxies.get(client)

type Execute = (
  request: HttpClientRequest.HttpClientRequest
) => Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>

const withoutTracing = (context: Context.Context<never>): Context.Context<never> =>
  context.pipe(
    Context.add(HttpClient.TracerDisabledWhen, () => true),
    Context.add(FetchHttpClient.RequestInit, {
      ...Option.getOrUndefined(Context.getOption(context, FetchHttpClient.RequestInit)),
      redirect: "manual"
    })
  )

/** Returns how to execute requests without trace headers and redirects. */
export const isolate = (client: HttpClient.HttpClient): Execute =>
  isolated.has(client)
    ? (request) => client.execute(request)
    : (request) => Effect.updateContext(client.execute(request), withoutTracing)
