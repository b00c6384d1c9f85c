/** Whole responses and complete streams. */
import * as StreamFold from "@kimi-effect/core/StreamFold"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { equal } from "../expect.ts"
import { answers, read, request, type Subject } from "./Subject.ts"

const registerStreams = ({ test }: Subject): void => {
  test("streams the response that it returns whole", answers, ({ transport }) =>
    Effect.gen(function* () {
      const whole = yield* transport.chat(request)
      const streamed = Option.getOrThrow(StreamFold.fold((yield* read(transport)).events))
      equal(
        [streamed.text, streamed.reasoning, streamed.finishReason],
        [whole.text, whole.reasoning, whole.finishReason]
      )
    })
  )

  test("begins a stream with its only start", answers, ({ transport }) =>
    Effect.gen(function* () {
      const { events } = yield* read(transport)
      equal(
        [events.findIndex(({ _tag }) => _tag === "Start"), events.findLastIndex(({ _tag }) => _tag === "Start")],
        [0, 0]
      )
    })
  )

  test("ends a stream with its only finish", answers, ({ transport }) =>
    Effect.gen(function* () {
      const { events } = yield* read(transport)
      const last = events.length - 1
      equal(
        [events.findIndex(({ _tag }) => _tag === "Finish"), events.findLastIndex(({ _tag }) => _tag === "Finish")],
        [last, last]
      )
    })
  )

  test("reports the usage of a stream", answers, ({ transport }) =>
    Effect.gen(function* () {
      const { events } = yield* read(transport)
      const usages = events.flatMap((event) => (event._tag === "Usage" ? [event.usage.completion_tokens] : []))
      equal(usages, [20])
    })
  )
}

export const register = (subject: Subject): void => {
  const { test } = subject

  test("returns the text of a response", answers, ({ transport }) =>
    Effect.gen(function* () {
      equal((yield* transport.chat(request)).text, "Hello to you too!")
    })
  )

  test("returns the reasoning of a response", answers, ({ transport }) =>
    Effect.gen(function* () {
      equal((yield* transport.chat(request)).reasoning, "They greet me.")
    })
  )

  test("returns why a response ended", answers, ({ transport }) =>
    Effect.gen(function* () {
      equal((yield* transport.chat(request)).finishReason, "stop")
    })
  )

  test("returns the usage of a response", answers, ({ transport }) =>
    Effect.gen(function* () {
      const { usage } = yield* transport.chat(request)
      equal([usage?.prompt_tokens, usage?.completion_tokens], [10, 20])
    })
  )

  test("names its host in a response", answers, ({ transport }) =>
    Effect.gen(function* () {
      equal((yield* transport.chat(request)).provider, transport.provider.id)
    })
  )

  registerStreams(subject)
}
