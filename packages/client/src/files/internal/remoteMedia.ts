/** Fetches an image or a video from a URL, with everything bounded that its server decides. */
import { MediaFetchError } from "@kimi-effect/core/FileErrors"
import type { FetchMediaError } from "@kimi-effect/core/OperationErrors"
import { ResponseTooLargeError } from "@kimi-effect/core/ResourceErrors"
import { UnsupportedMediaError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import { isolate } from "../../internal/isolation.ts"
import { discardBody, readBytes } from "../../internal/readBody.ts"
import { mayBePublic } from "./addresses.ts"
import { fromBytes } from "./mediaTypes.ts"

/** What may be fetched. */
export interface Bounds {
  readonly maxBytes: number
  readonly allowHttp: boolean
  readonly allowPrivateAddresses: boolean
}

/** The mark of an address that a resolver refused, for the error of the connection that fails with it. */
export class PrivateAddress extends Error {
  override readonly name = "PrivateAddress"

  constructor() {
    super("The address is not one of the public internet")
  }
}

const refusal = (message: string): UnsupportedMediaError => new UnsupportedMediaError({ message, parameter: "url" })

const privateAddress = refusal("The URL leads to a private or local address, which is not fetched")

/** The URL, or why it is not fetched. */
const checkUrl = (text: string, bounds: Bounds): Effect.Effect<URL, UnsupportedMediaError> => {
  const url = URL.parse(text)
  if (url === null) return Effect.fail(refusal("The URL is invalid"))
  if (url.protocol !== "https:" && !(url.protocol === "http:" && bounds.allowHttp)) {
    return Effect.fail(refusal("Only https URLs are fetched; allowHttp adds http"))
  }
  if (url.username !== "" || url.password !== "") {
    return Effect.fail(refusal("The URL has a user name or a password, which are not sent"))
  }
  return bounds.allowPrivateAddresses || mayBePublic(url.hostname) ? Effect.succeed(url) : Effect.fail(privateAddress)
}

const maxRedirects = 3
const maxCauseDepth = 6

const isPrivateAddress = (error: unknown, depth = 0): boolean => {
  if (error instanceof PrivateAddress) return true
  if (depth > maxCauseDepth || typeof error !== "object" || error === null) return false
  const nested = [
    "reason" in error ? error.reason : undefined,
    "cause" in error ? error.cause : undefined,
    ...("errors" in error && Array.isArray(error.errors) ? error.errors.slice(0, 8) : [])
  ]
  return nested.some((inner) => isPrivateAddress(inner, depth + 1))
}

const failed = (url: URL, message: string, status?: number): MediaFetchError =>
  new MediaFetchError({ message, origin: url.origin, ...(status === undefined ? {} : { status }) })

const transportError =
  (url: URL) =>
  (error: unknown): FetchMediaError =>
    isPrivateAddress(error) ? privateAddress : failed(url, "The server of the URL could not be reached, or broke off")

/** Where a redirect leads. Another origin would not have been checked by the caller. */
const redirectTarget = (
  from: URL,
  { headers, status }: HttpClientResponse.HttpClientResponse
): Effect.Effect<URL, MediaFetchError> => {
  const target = URL.parse(headers["location"] ?? "", from)
  return target !== null && target.origin === from.origin
    ? Effect.succeed(target)
    : Effect.fail(failed(from, "The URL redirects to another origin, which is not followed", status))
}

const isRedirect = (status: number): boolean => [301, 302, 303, 307, 308].includes(status)

const tooLarge = (maxBytes: number): ResponseTooLargeError =>
  new ResponseTooLargeError({ message: `The file at the URL is larger than ${maxBytes} bytes`, limit: maxBytes })

/** The bytes of an image or a video in a format that the host accepts. */
export const fetchMedia = Effect.fnUntraced(function* (
  text: string,
  bounds: Bounds
): Effect.fn.Return<Uint8Array, FetchMediaError, HttpClient.HttpClient> {
  const send = isolate(yield* HttpClient.HttpClient)
  let url = yield* checkUrl(text, bounds)
  for (let redirects = 0; ; redirects++) {
    const request = HttpClientRequest.get(url.href, {
      headers: { accept: "image/*, video/*", "accept-encoding": "identity" }
    })
    const response = yield* Effect.mapError(send(request), transportError(url))
    if (isRedirect(response.status) && redirects < maxRedirects) {
      // The next request may have to wait for this connection.
      yield* discardBody(response)
      url = yield* redirectTarget(url, response)
      continue
    }
    if (response.status !== 200) {
      return yield* failed(url, `The server of the URL responded with status ${response.status}`, response.status)
    }
    const { bytes, isTruncated } = yield* Effect.mapError(readBytes(response, bounds.maxBytes), transportError(url))
    if (isTruncated) return yield* tooLarge(bounds.maxBytes)
    if (fromBytes(bytes) === undefined) {
      return yield* refusal("The file at the URL is not an image or a video in a format that the host accepts")
    }
    return bytes
  }
})
