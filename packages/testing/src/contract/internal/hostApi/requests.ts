/** What is sent, and when. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { eventually, start } from "../eventually.ts"
import { equal } from "../expect.ts"
import { get, responds, type Subject } from "./Subject.ts"

const ok = responds("{}")

export const register = ({ test }: Subject): void => {
  test("sends the method of a request", ok, ({ api, requests }) =>
    Effect.gen(function* () {
      yield* api.request({ ...get, method: "POST", body: { _tag: "Json", value: {} } })
      equal(
        (yield* requests).map(({ method }) => method),
        ["POST"]
      )
    })
  )

  test("sends the query of a request", ok, ({ api, requests }) =>
    Effect.gen(function* () {
      yield* api.request({ ...get, query: { limit: "20", after: undefined } })
      equal(
        (yield* requests).map(({ query }) => query),
        ["limit=20"]
      )
    })
  )

  test("sends a JSON body", ok, ({ api, requests }) =>
    Effect.gen(function* () {
      const value = { name: "Zoë" }
      yield* api.request({ ...get, method: "POST", body: { _tag: "Json", value } })
      equal(
        (yield* requests).map(({ body }): unknown => JSON.parse(body)),
        [value]
      )
    })
  )

  test("sends the bytes of a body", ok, ({ api, requests }) =>
    Effect.gen(function* () {
      const body = { _tag: "Binary", bytes: new TextEncoder().encode("Zoë"), contentType: "text/plain" } as const
      yield* api.request({ ...get, method: "POST", body })
      equal(
        (yield* requests).map((received) => received.body),
        ["Zoë"]
      )
    })
  )

  test("makes no request before it runs", ok, ({ api, requests }) =>
    Effect.gen(function* () {
      const request = api.request(get)
      yield* Effect.yieldNow
      equal(yield* requests, [])
      yield* request
    })
  )

  test("makes one attempt", responds("{}", 500), ({ api, requests }) =>
    Effect.gen(function* () {
      yield* Effect.exit(api.request(get))
      equal((yield* requests).length, 1)
    })
  )

  test("ends a request that is interrupted", { _tag: "Stalls" }, ({ aborted, api, requests }) =>
    Effect.gen(function* () {
      const fiber = yield* start(api.request(get))
      yield* eventually(
        Effect.map(requests, ({ length }) => length === 1),
        "the host receives the request"
      )
      yield* Fiber.interrupt(fiber)
      yield* eventually(
        Effect.map(aborted, (count) => count === 1),
        "the request is ended"
      )
    })
  )
}
