/** Responses that fail or break. */
import { isKimiError } from "@kimi-effect/core/KimiError"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import { equal, failureOf, isTrue } from "../expect.ts"
import { read, request, type Subject, text } from "./Subject.ts"

const refuses = { _tag: "Refuses" } as const
const breaks = { _tag: "Breaks", text } as const
const truncates = { _tag: "Truncates", text } as const

const tagOf = (error: unknown): string => (isKimiError(error) ? error._tag : "not an error of the library")

export const register = ({ test }: Subject): void => {
  test("fails a chat that is refused with the error of the refusal", refuses, ({ transport }) =>
    Effect.gen(function* () {
      equal(tagOf(yield* failureOf(transport.chat(request), "the chat succeeded")), "RateLimitError")
    })
  )

  test("fails a stream that is refused with the error of the refusal", refuses, ({ transport }) =>
    Effect.gen(function* () {
      const all = Stream.runDrain(transport.stream(request))
      equal(tagOf(yield* failureOf(all, "the stream succeeded")), "RateLimitError")
    })
  )

  test("fails a chat whose response breaks", breaks, ({ transport }) =>
    Effect.gen(function* () {
      const error = yield* failureOf(transport.chat(request), "the chat succeeded")
      isTrue(isKimiError(error), "it is not an error of the library")
    })
  )

  test("fails a stream that breaks", breaks, ({ transport }) =>
    Effect.gen(function* () {
      const { events, exit } = yield* read(transport)
      equal([Exit.isFailure(exit), events.some(({ _tag }) => _tag === "Finish")], [true, false])
    })
  )

  test("fails a stream that ends without its end mark", truncates, ({ transport }) =>
    Effect.gen(function* () {
      const { exit } = yield* read(transport)
      equal(tagOf(yield* failureOf(exit, "the stream succeeded")), "StreamTruncatedError")
    })
  )
}
