/** Response bodies that record how they are read. */
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"

const request = HttpClientRequest.get("https://api.moonshot.ai/v1/models")

export interface Watched {
  readonly response: HttpClientResponse.HttpClientResponse
  /** Number of pieces read so far. */
  readonly reads: () => number
  /** Whether the body was cancelled before its end. */
  readonly isLeft: () => boolean
}

/** A response whose body returns the pieces on demand, and then ends or fails. */
export const watched = (
  pieces: Iterable<Uint8Array>,
  options: { readonly headers?: Record<string, string>; readonly breaks?: Error } = {}
): Watched => {
  const iterator = pieces[Symbol.iterator]()
  let reads = 0
  let isLeft = false
  const body = new ReadableStream<Uint8Array>(
    {
      pull: (controller) => {
        const next = iterator.next()
        if (next.done !== true) {
          reads++
          controller.enqueue(next.value)
        } else if (options.breaks === undefined) controller.close()
        else controller.error(options.breaks)
      },
      cancel: () => {
        isLeft = true
      }
    },
    { highWaterMark: 0 }
  )
  const response = HttpClientResponse.fromWeb(request, new Response(body, { headers: options.headers ?? {} }))
  return { response, reads: () => reads, isLeft: () => isLeft }
}

/** The error of Effect's HTTP clients for a body that fails. */
export const brokenBody = (cause: unknown): HttpClientError.HttpClientError =>
  new HttpClientError.HttpClientError({
    reason: new HttpClientError.DecodeError({
      request,
      response: HttpClientResponse.fromWeb(request, new Response()),
      cause
    })
  })
