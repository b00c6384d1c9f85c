/** Replays a recorded response. */
import * as Effect from "effect/Effect"
import * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Stream from "effect/Stream"
import type { Body, RecordedResponse } from "../../cassette/Interaction.ts"
import { StreamedResponse } from "../StreamedResponse.ts"
import * as Bodies from "./bodies.ts"

/** Factor by which recorded times are multiplied; 0 replays at once. */
export type Pace = number

const wait = (millis: number | undefined, pace: Pace): Effect.Effect<void> =>
  millis === undefined || millis * pace <= 0 ? Effect.void : Effect.sleep(millis * pace)

const delaysOf = (body: Body | undefined): ReadonlyArray<number | undefined> =>
  body !== undefined && "events" in body ? body.events.map(({ after }) => after) : []

/** The body in the recorded parts, without delays in one piece each. */
const parts = (body: Body | undefined, pace: Pace): Stream.Stream<Uint8Array> => {
  const delays = delaysOf(body)
  const timed = Bodies.toParts(body).map((bytes, index) => ({ bytes, delay: delays[index] }))
  return pace === 0
    ? Stream.fromIterable(timed.map(({ bytes }) => bytes))
    : Stream.mapEffect(Stream.fromIterable(timed), ({ bytes, delay }) => Effect.as(wait(delay, pace), bytes))
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
  pace: Pace
): Effect.Effect<StreamedResponse> => {
  const body = parts(response.body, pace)
  return Effect.as(
    wait(response.after, pace),
    new StreamedResponse(request, { url, status: response.status, headers: response.headers }, () =>
      response.isIncomplete === true ? Stream.concat(body, Stream.fail(broken(request))) : body
    )
  )
}
