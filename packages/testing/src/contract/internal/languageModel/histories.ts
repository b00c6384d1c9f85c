/** What is sent of earlier turns, in conversations that `Chat` keeps. */
import * as Chat from "effect/ai/Chat"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Prompt from "effect/ai/Prompt"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { eventually, start } from "../eventually.ts"
import { equal } from "../expect.ts"
import {
  approval,
  approvalOf,
  ApprovedOrders,
  calls,
  greeting,
  hello,
  messagesOf,
  order,
  Orders,
  recordOrders,
  type Running,
  says,
  type Subject
} from "./Subject.ts"

type Turn = readonly [role: string, content: string]

/** The roles and the contents of the messages of the last request. */
const lastTurns = ({ requests }: Running): Effect.Effect<ReadonlyArray<Turn>> =>
  Effect.map(requests, (all) => messagesOf(all.at(-1)).map(({ content, role }) => [role, content] as const))

/** The results that the last request has, in their order. */
const lastResults = (running: Running) =>
  Effect.map(lastTurns(running), (turns) => turns.filter(([role]) => role === "tool").map(([, content]) => content))

/** A conversation with a tool that needs approval, and what has been ordered. */
const withApprovals = <A, E>(
  { model }: Running,
  test: (
    ask: (prompt: Prompt.RawInput) => Effect.Effect<string, unknown, LanguageModel.LanguageModel>,
    ordered: () => ReadonlyArray<string>
  ) => Effect.Effect<A, E, LanguageModel.LanguageModel>
) => {
  const { handlers, received } = recordOrders(({ item }) => Effect.succeed(`ordered ${item}`))
  return Effect.gen(function* () {
    const chat = yield* Chat.empty
    const ask = (prompt: Prompt.RawInput) =>
      Effect.provide(
        Effect.map(chat.generateText({ prompt, toolkit: ApprovedOrders }), ({ content }) => approvalOf(content)),
        handlers
      )
    return yield* test(ask, () => received.map(({ item }) => item))
  }).pipe(Effect.provideService(LanguageModel.LanguageModel, model))
}

const registerApprovals = ({ test }: Subject): void => {
  test("runs no call that needs an approval", [calls(order("tea"))], (running) =>
    withApprovals(running, (ask, ordered) =>
      Effect.gen(function* () {
        yield* ask(hello)
        equal(ordered(), [])
      })
    )
  )

  test("sends the result of an approved call", [calls(order("tea")), says("Done.")], (running) =>
    withApprovals(running, (ask) =>
      Effect.gen(function* () {
        yield* ask(approval(yield* ask(hello), true))
        equal(yield* lastResults(running), ["ordered tea"])
      })
    )
  )

  test(
    "keeps the result of an approved call next to it",
    [calls(order("tea")), says("Done."), says("Bye.")],
    (running) =>
      withApprovals(running, (ask) =>
        Effect.gen(function* () {
          yield* ask(approval(yield* ask(hello), true))
          yield* ask("Bye")
          equal(
            (yield* lastTurns(running)).map(([role]) => role),
            ["user", "assistant", "tool", "assistant", "user"]
          )
        })
      )
  )

  test("answers a call without an approval", [calls(order("tea")), greeting], (running) =>
    withApprovals(running, (ask) =>
      Effect.gen(function* () {
        yield* ask(hello)
        yield* ask("Never mind")
        equal((yield* lastResults(running)).length, 1)
      })
    )
  )

  const two = [calls(order("tea")), calls(order("poison")), says("Done.")]

  test("runs the approved one of two calls with the same id of the host", two, (running) =>
    withApprovals(running, (ask, ordered) =>
      Effect.gen(function* () {
        const first = yield* ask(hello)
        const second = yield* ask("More")
        yield* ask(Prompt.concat(approval(first, true), approval(second, false)))
        equal(ordered(), ["tea"])
      })
    )
  )
}

const registerInterruptions = ({ test }: Subject): void => {
  test("answers a call whose tool was interrupted", [calls(order("tea")), greeting], (running) =>
    Effect.gen(function* () {
      const { handlers, received } = recordOrders(() => Effect.never)
      const chat = yield* Chat.empty
      let hasCall = false
      const stream = Stream.runForEach(chat.streamText({ prompt: hello, toolkit: Orders }), ({ type }) =>
        Effect.sync(() => {
          hasCall ||= type === "tool-call"
        })
      )
      const fiber = yield* start(Effect.provide(stream, handlers))
      yield* eventually(
        Effect.sync(() => hasCall && received.length === 1),
        "the tool runs"
      )
      yield* Fiber.interrupt(fiber)
      yield* Effect.exit(chat.generateText({ prompt: "Continue" }))
      equal(
        (yield* lastTurns(running)).map(([role]) => role),
        ["user", "assistant", "tool", "user"]
      )
    }).pipe(Effect.provideService(LanguageModel.LanguageModel, running.model))
  )

  test(
    "closes the connection of an interrupted call",
    [{ _tag: "Stalls", text: "Hel" }],
    ({ aborted, model, requests }) =>
      Effect.gen(function* () {
        const fiber = yield* start(model.generateText({ prompt: hello }))
        yield* eventually(
          Effect.map(requests, ({ length }) => length === 1),
          "the host receives the request"
        )
        yield* Fiber.interrupt(fiber)
        yield* eventually(
          Effect.map(aborted, (count) => count === 1),
          "the host sees the end of the request"
        )
      })
  )

  test("closes the connection of a stream that is left", [{ _tag: "Stalls", text: "Hel" }], ({ aborted, model }) =>
    Effect.gen(function* () {
      const stream = model.streamText({ prompt: hello })
      yield* Stream.runHead(Stream.filter(stream, ({ type }) => type === "text-delta"))
      yield* eventually(
        Effect.map(aborted, (count) => count === 1),
        "the host sees the end of the request"
      )
    })
  )
}

const registerReasoning = ({ test }: Subject): void => {
  const reasoningOf = ({ requests }: Running) =>
    Effect.map(requests, (all) => messagesOf(all.at(-1)).find(({ role }) => role === "assistant")?.reasoning)
  const turns = [calls(order("tea")), says("Done.")]

  test("sends the reasoning of a call back", turns, (running) =>
    Effect.gen(function* () {
      const { handlers } = recordOrders(() => Effect.succeed("ordered"))
      const chat = yield* Chat.empty
      for (const prompt of [hello, "Continue"]) {
        yield* Effect.provide(chat.generateText({ prompt, toolkit: Orders }), handlers)
      }
      equal(yield* reasoningOf(running), "I need a tool.")
    }).pipe(Effect.provideService(LanguageModel.LanguageModel, running.model))
  )

  test("sends the reasoning of a streamed call back", turns, (running) =>
    Effect.gen(function* () {
      const { handlers } = recordOrders(() => Effect.succeed("ordered"))
      const chat = yield* Chat.empty
      for (const prompt of [hello, "Continue"]) {
        yield* Effect.provide(Stream.runDrain(chat.streamText({ prompt, toolkit: Orders })), handlers)
      }
      equal(yield* reasoningOf(running), "I need a tool.")
    }).pipe(Effect.provideService(LanguageModel.LanguageModel, running.model))
  )
}

export const register = (subject: Subject): void => {
  registerReasoning(subject)
  registerApprovals(subject)
  registerInterruptions(subject)
}
