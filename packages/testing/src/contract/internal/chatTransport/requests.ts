/** When requests are made and ended. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { eventually, start } from "../eventually.ts"
import { equal } from "../expect.ts"
import { answers, request, type Running, type Subject, text } from "./Subject.ts"

const stalls = { _tag: "Stalls", text } as const
const refuses = { _tag: "Refuses" } as const

const untilReceived = ({ requests }: Running) =>
  eventually(
    Effect.map(requests, (count) => count === 1),
    "the host receives the request"
  )

const untilAborted = ({ aborted }: Running) =>
  eventually(
    Effect.map(aborted, (count) => count === 1),
    "the request is ended"
  )

export const register = ({ test }: Subject): void => {
  test("makes no request before a chat runs", answers, ({ requests, transport }) =>
    Effect.gen(function* () {
      const chat = transport.chat(request)
      yield* Effect.yieldNow
      equal(yield* requests, 0)
      yield* chat
    })
  )

  test("makes no request before a stream runs", answers, ({ requests, transport }) =>
    Effect.gen(function* () {
      const stream = transport.stream(request)
      yield* Effect.yieldNow
      equal(yield* requests, 0)
      yield* Stream.runDrain(stream)
    })
  )

  test("makes a request each time a chat runs", answers, ({ requests, transport }) =>
    Effect.gen(function* () {
      const chat = transport.chat(request)
      yield* chat
      yield* chat
      equal(yield* requests, 2)
    })
  )

  test("makes a request each time a stream runs", answers, ({ requests, transport }) =>
    Effect.gen(function* () {
      const stream = transport.stream(request)
      yield* Stream.runDrain(stream)
      yield* Stream.runDrain(stream)
      equal(yield* requests, 2)
    })
  )

  test("makes one attempt of a chat that is refused", refuses, ({ requests, transport }) =>
    Effect.gen(function* () {
      yield* Effect.exit(transport.chat(request))
      equal(yield* requests, 1)
    })
  )

  test("makes one attempt of a stream that is refused", refuses, ({ requests, transport }) =>
    Effect.gen(function* () {
      yield* Effect.exit(Stream.runDrain(transport.stream(request)))
      equal(yield* requests, 1)
    })
  )

  test("ends the request of a chat that is interrupted", stalls, (running) =>
    Effect.gen(function* () {
      const fiber = yield* start(running.transport.chat(request))
      yield* untilReceived(running)
      yield* Fiber.interrupt(fiber)
      yield* untilAborted(running)
    })
  )

  test("ends the request of a stream that is interrupted", stalls, (running) =>
    Effect.gen(function* () {
      const fiber = yield* start(Stream.runDrain(running.transport.stream(request)))
      yield* untilReceived(running)
      yield* Fiber.interrupt(fiber)
      yield* untilAborted(running)
    })
  )

  test("ends the request of a stream whose reader leaves", stalls, (running) =>
    Effect.gen(function* () {
      yield* Stream.runDrain(Stream.take(running.transport.stream(request), 1))
      yield* untilAborted(running)
    })
  )
}
