/** Complete streams. */
import type { LanguageModel } from "effect/ai/LanguageModel"
import type * as Response from "effect/ai/Response"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { equal, isTrue } from "../expect.ts"
import { calls, greeting, hello, order, Orders, recordOrders, resultsOf, type Subject, summaryOf } from "./Subject.ts"

const deltasOf = (parts: ReadonlyArray<Response.AnyPart>, type: "text-delta" | "reasoning-delta"): string =>
  parts.flatMap((part) => (part.type === type ? [part.delta] : [])).join("")

const read = (model: LanguageModel) => Stream.runCollect(model.streamText({ prompt: hello }))

const readWithTool = (model: LanguageModel) => {
  const { handlers, received } = recordOrders(({ item }) => Effect.succeed(`ordered ${item}`))
  return Effect.provide(
    Effect.map(Stream.runCollect(model.streamText({ prompt: hello, toolkit: Orders })), (parts) => ({
      parts,
      received
    })),
    handlers
  )
}

const wholeWithTool = (model: LanguageModel) => {
  const { handlers } = recordOrders(({ item }) => Effect.succeed(`ordered ${item}`))
  return Effect.provide(model.generateText({ prompt: hello, toolkit: Orders }), handlers)
}

export const register = ({ test }: Subject): void => {
  test("streams the text of a response", [greeting], ({ model }) =>
    Effect.map(read(model), (parts) => equal(deltasOf(parts, "text-delta"), "Hello to you too!"))
  )

  test("streams the reasoning of a response", [greeting], ({ model }) =>
    Effect.map(read(model), (parts) => equal(deltasOf(parts, "reasoning-delta"), "They greet me."))
  )

  test("streams what a whole response has", [greeting, greeting], ({ model }) =>
    Effect.gen(function* () {
      const streamed = summaryOf(yield* read(model))
      const whole = summaryOf((yield* model.generateText({ prompt: hello })).content)
      equal([streamed.finish, ...streamed.tokens], [whole.finish, ...whole.tokens])
    })
  )

  test("streams the calls of a whole response", [calls(order("tea")), calls(order("tea"))], ({ model }) =>
    Effect.gen(function* () {
      const streamed = summaryOf((yield* readWithTool(model)).parts)
      equal(streamed.calls, summaryOf((yield* wholeWithTool(model)).content).calls)
    })
  )

  test("ends a stream with its only finish", [greeting], ({ model }) =>
    Effect.map(read(model), (parts) => {
      const last = parts.length - 1
      equal(
        [parts.findIndex(({ type }) => type === "finish"), parts.findLastIndex(({ type }) => type === "finish")],
        [last, last]
      )
    })
  )

  test("ends the reasoning of a stream before its calls", [calls(order("tea"))], ({ model }) =>
    Effect.map(readWithTool(model), ({ parts }) => {
      const end = parts.findIndex(({ type }) => type === "reasoning-end")
      const call = parts.findIndex(({ type }) => type.startsWith("tool-"))
      isTrue(end >= 0 && end < call, "the reasoning is open when the call begins")
    })
  )

  test("runs the tool of a streamed call", [calls(order("tea"))], ({ model }) =>
    Effect.map(readWithTool(model), ({ parts }) => equal(resultsOf(parts), ["ordered tea"]))
  )

  test(
    "runs no tool of a truncated stream",
    [{ _tag: "Answers", calls: [order("tea")], finishReason: "length" }],
    ({ model }) => Effect.map(readWithTool(model), ({ received }) => equal(received.length, 0))
  )
}
