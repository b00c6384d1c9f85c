/** Refused requests and broken streams. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { equal, failureOf, isTrue } from "../expect.ts"
import { type Behavior, greeting, hello, type Subject } from "./Subject.ts"

const refuses: Behavior = { _tag: "Refuses" }
const breaks: Behavior = { _tag: "Breaks", text: "The beginning of a longer answer" }

export const register = ({ test }: Subject): void => {
  test("fails a refused request with its reason", [refuses], ({ model }) =>
    Effect.gen(function* () {
      const error = yield* failureOf(model.generateText({ prompt: hello }), "the call succeeded")
      equal(error.reason._tag, "RateLimitError")
    })
  )

  test("fails a refused stream with its reason", [refuses], ({ model }) =>
    Effect.gen(function* () {
      const error = yield* failureOf(Stream.runDrain(model.streamText({ prompt: hello })), "the stream ended")
      equal(error.reason._tag, "RateLimitError")
    })
  )

  test("fails a stream that breaks", [breaks], ({ model }) =>
    Effect.asVoid(failureOf(Stream.runDrain(model.streamText({ prompt: hello })), "the stream ended"))
  )

  test("emits no finish of a stream that breaks", [breaks], ({ model }) =>
    Effect.gen(function* () {
      const types: Array<string> = []
      const read = Stream.runForEach(model.streamText({ prompt: hello }), ({ type }) =>
        Effect.sync(() => types.push(type))
      )
      yield* Effect.exit(read)
      isTrue(!types.includes("finish"), "the stream has a finish")
    })
  )

  test("can be called again after a failure", [refuses, greeting], ({ model }) =>
    Effect.gen(function* () {
      yield* Effect.exit(model.generateText({ prompt: hello }))
      equal((yield* model.generateText({ prompt: hello })).content.length > 0, true)
    })
  )
}
