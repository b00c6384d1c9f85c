/** Replays a recorded response. */
import * as Effect from "effect/Effect"
import * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Stream from "effect/Stream"
import type { Body, RecordedResponse } from "../../cassette/Interaction.ts"
import { StreamedResponse } from "../StreamedResponse.ts"
import * as Bodies from "./bodies.ts"
import { delaysOf } from "./timing.ts"

const wait = (millis: number): Effect.Effect<void> => (millis > 0 ? Effect.sleep(millis) : Effect.void)

/** The body in the recorded parts, without delays in one piece each. */
const partsOf = (body: Body | undefined, delays: ReadonlyArray<number>): Stream.Stream<Uint8Array> => {
  const timed = Bodies.toParts(body).map((bytes, index) => ({ bytes, delay: delays[index] ?? 0 }))
  return delays.every((delay) => delay === 0)
    ? Stream.fromIterable(timed.map(({ bytes }) => bytes))
    : Stream.mapEffect(Stream.fromIterable(timed), ({ bytes, delay }) => Effect.as(wait(delay), bytes))
}

/** What a reader receives where the recorded body ends too early. */
const broken = (request: HttpClientRequest.HttpClientRequest): HttpClientError.HttpClientError =>
  new HttpClientError.HttpClientError({
    reason: new HttpClientError.TransportError({ request, description: "The recording of this response ends here" })
  })

/** Waits for the recorded latency and returns the response. */
export const replay = (
  request: HttpClientRequest.HttpClientRequest,
  url: string,
  response: RecordedResponse,
  scale: number
): Effect.Effect<StreamedResponse> => {
  const delays = delaysOf(response, scale)
  const body = partsOf(response.body, delays.events)
  return Effect.as(
    wait(delays.head),
    new StreamedResponse(request, { url, status: response.status, headers: response.headers }, () =>
      response.isIncomplete === true ? Stream.concat(body, Stream.fail(broken(request))) : body
    )
  )
}
