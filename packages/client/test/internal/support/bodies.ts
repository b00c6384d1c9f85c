/**
 * Bodies of answers whose reading can be watched.
 */
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"

const request = HttpClientRequest.get("https://api.moonshot.ai/v1/models")

export interface Watched {
  readonly response: HttpClientResponse.HttpClientResponse
  /** Pieces that were asked for so far. */
  readonly reads: () => number
  /** Whether the body was left before its end. */
  readonly isLeft: () => boolean
}

/** An answer whose body gives the pieces one by one, as they are asked for, and then ends or breaks. */
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

/** How the clients of Effect report a body that broke. */
export const brokenBody = (cause: unknown): HttpClientError.HttpClientError =>
  new HttpClientError.HttpClientError({
    reason: new HttpClientError.DecodeError({
      request,
      response: HttpClientResponse.fromWeb(request, new Response()),
      cause
    })
  })
