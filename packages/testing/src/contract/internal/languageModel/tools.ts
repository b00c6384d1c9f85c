/** The calls of whole responses. */
import type { LanguageModel } from "effect/ai/LanguageModel"
import * as Chat from "effect/ai/Chat"
import * as AiLanguageModel from "effect/ai/LanguageModel"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { equal } from "../expect.ts"
import { calls, hello, messagesOf, order, Orders, recordOrders, resultsOf, says, type Subject } from "./Subject.ts"

const run = (model: LanguageModel) => {
  const { handlers, received } = recordOrders(({ item }) => Effect.succeed(`ordered ${item}`))
  const response = Effect.provide(model.generateText({ prompt: hello, toolkit: Orders }), handlers)
  return Effect.map(response, ({ content }) => ({ content, received }))
}

/** A conversation of these turns, and its last request. */
const converse = (model: LanguageModel, turns: number) => {
  const { handlers } = recordOrders(({ item }) => Effect.succeed(`ordered ${item}`))
  return Effect.gen(function* () {
    const chat = yield* Chat.empty
    for (let turn = 0; turn < turns; turn++) yield* chat.generateText({ prompt: hello, toolkit: Orders })
    return chat
  }).pipe(Effect.provideService(AiLanguageModel.LanguageModel, model), Effect.provide(handlers))
}

const registerIds = ({ test }: Subject): void => {
  const turns = [calls(order("tea")), calls(order("jam")), says("Done.")]

  test("gives the calls of different responses different ids", turns, ({ model }) =>
    Effect.gen(function* () {
      const chat = yield* converse(model, 2)
      const history = yield* chat.export
      const ids = [
        ...JSON.stringify(history).matchAll(
          /"type":"tool-call"[^}]*?"id":"([^"]+)"|"id":"([^"]+)"[^}]*?"type":"tool-call"/g
        )
      ]
      equal(new Set(ids.map(([, first, second]) => first ?? second)).size, 2)
    })
  )

  test("sends the ids of the host back", turns, ({ model, requests }) =>
    Effect.gen(function* () {
      yield* converse(model, 3)
      const messages = messagesOf((yield* requests)[2])
      equal(
        messages.flatMap((message) => message.calls.map(({ id }) => id)),
        ["order_item_0", "order_item_0"]
      )
    })
  )
}

export const register = (subject: Subject): void => {
  const { test } = subject

  test("runs the tool of a call", [calls(order("tea"))], ({ model }) =>
    Effect.map(run(model), ({ content }) => equal(resultsOf(content), ["ordered tea"]))
  )

  test("runs the tools of several calls", [calls(order("tea"), order("jam"))], ({ model }) =>
    Effect.map(run(model), ({ content }) => equal(resultsOf(content).length, 2))
  )

  test(
    "gives a tool the JSON form of its parameters",
    [calls({ name: "order_item", arguments: '{"item":"tea","on":"2026-11-27T00:00:00.000Z"}' })],
    ({ model }) =>
      Effect.gen(function* () {
        const [call] = (yield* run(model)).received
        equal(call?.on === undefined ? undefined : DateTime.formatIso(call.on), "2026-11-27T00:00:00.000Z")
      })
  )

  test(
    "runs no tool of a truncated response",
    [{ _tag: "Answers", calls: [order("tea")], finishReason: "length" }],
    ({ model }) => Effect.map(run(model), ({ received }) => equal(received.length, 0))
  )

  test("sends the result of a call", [calls(order("tea")), says("Done.")], ({ model, requests }) =>
    Effect.gen(function* () {
      yield* converse(model, 2)
      const result = messagesOf((yield* requests)[1]).find(({ role }) => role === "tool")
      equal(result?.content, "ordered tea")
    })
  )
  registerIds(subject)
}
