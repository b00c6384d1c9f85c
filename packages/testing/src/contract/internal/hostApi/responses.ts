/** How responses are read, and which errors they become. */
import * as Formats from "@kimi-effect/client/HostApi"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { equal, failureOf, isTrue } from "../expect.ts"
import { get, responds, type Subject } from "./Subject.ts"

const failed = "the request succeeded"
const total = Formats.json(Schema.Struct({ total: Schema.Int }))
const canary = "a sentence of the prompt that no error may contain"

const registerErrors = ({ test }: Subject): void => {
  for (const [status, tag] of [
    [401, "AuthenticationError"],
    [500, "ServerError"]
  ] as const) {
    test(`fails a response with the status ${status} with its error`, responds('{"error":{}}', status), ({ api }) =>
      Effect.gen(function* () {
        equal((yield* failureOf(api.request(get), failed))._tag, tag)
      })
    )
  }

  test("fails a response that does not match its schema", responds('{"total":"three"}'), ({ api }) =>
    Effect.gen(function* () {
      const error = yield* failureOf(api.request({ ...get, response: total }), failed)
      equal(error._tag, "InvalidResponseError")
    })
  )

  test("fails a response that exceeds its largest size", responds(`"${"x".repeat(1_000)}"`), ({ api }) =>
    Effect.gen(function* () {
      const error = yield* failureOf(api.request({ ...get, maxResponseBytes: 100 }), failed)
      equal(error._tag, "ResponseTooLargeError")
    })
  )

  test("names its host in errors", responds("{}", 500), ({ api }) =>
    Effect.gen(function* () {
      equal((yield* failureOf(api.request(get), failed)).provider, api.provider.id)
    })
  )

  const echoes = responds(JSON.stringify({ error: { message: `invalid: ${canary}` } }), 400)
  test("redacts the messages of a request from errors", echoes, ({ api }) =>
    Effect.gen(function* () {
      const error = yield* failureOf(api.request({ ...get, messages: [{ role: "user", content: canary }] }), failed)
      const hasMessage = JSON.stringify({ ...error, message: error.message }).includes(canary)
      isTrue(!hasMessage, `the ${error._tag} contains the text of a message of its request`)
    })
  )
}

export const register = (subject: Subject): void => {
  const { test } = subject

  test("decodes a JSON response", responds('{"total":3}'), ({ api }) =>
    Effect.gen(function* () {
      equal(yield* api.request({ ...get, response: total }), { total: 3 })
    })
  )

  test("returns a response as text", responds('{"name":"Zoë"}'), ({ api }) =>
    Effect.gen(function* () {
      equal(yield* api.request(get), '{"name":"Zoë"}')
    })
  )

  test("returns a response as bytes", responds('{"name":"Zoë"}'), ({ api }) =>
    Effect.gen(function* () {
      const bytes = yield* api.request({ ...get, response: Formats.bytes })
      equal([...bytes], [...new TextEncoder().encode('{"name":"Zoë"}')])
    })
  )

  test("returns a response as a stream", responds('{"name":"Zoë"}'), ({ api }) =>
    Effect.gen(function* () {
      const stream = yield* api.request({ ...get, response: Formats.stream })
      equal(yield* Stream.mkString(Stream.decodeText(stream)), '{"name":"Zoë"}')
    })
  )

  test("returns a response with an accepted status", responds("{}", 404), ({ api }) =>
    Effect.gen(function* () {
      const accepting = { ...get, acceptedStatuses: [200, 404], response: Formats.withStatus(Formats.text) }
      equal((yield* api.request(accepting)).status, 404)
    })
  )

  registerErrors(subject)
}
