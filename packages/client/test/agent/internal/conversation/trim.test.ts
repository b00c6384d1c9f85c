import { assert, describe, it } from "@effect/vitest"
import * as Message from "@kimi-effect/core/Message"
import * as TokenCount from "@kimi-effect/core/TokenCount"
import { Effect } from "effect"
import * as Conversation from "../../../../src/agent/Conversation.ts"
import { callOf } from "../../support/conversations.ts"

const call = callOf("f_0", "f", JSON.stringify({ text: "x".repeat(350) }))
const caller = Message.assistant("", { tool_calls: [call], reasoning_content: "y".repeat(350) })
const result = Message.tool("f_0", "z".repeat(350))
const user = (name: string) => Message.user(name.repeat(350))
const assistant = (name: string) => Message.assistant(name.repeat(350))
const system = Message.system("Be brief.")

const tokensOf = (messages: ReadonlyArray<Message.Message>) => TokenCount.ofPrompt({ model: "", messages })

/** Trims a history to the size of the messages that are expected, so that one token less is too few for them. */
const trimmedTo = (
  history: ReadonlyArray<Message.Message>,
  expected: ReadonlyArray<Message.Message>,
  less = 0
): Effect.Effect<Conversation.Trimmed<Conversation.Conversation>, unknown> =>
  Effect.gen(function* () {
    const conversation = yield* Conversation.fromMessages(history, { cacheKey: "k" })
    return yield* conversation.pipe(Conversation.trim({ maxTokens: tokensOf(expected) - less }))
  })

describe("trim", () => {
  const turns = [system, user("a"), assistant("b"), user("c"), caller, result, assistant("d"), user("e")]

  it.effect("leaves a conversation that fits as it is", () =>
    Effect.gen(function* () {
      const conversation = yield* Conversation.fromMessages(turns)
      const trimmed = yield* conversation.pipe(Conversation.trim({ maxTokens: tokensOf(turns) }))
      assert.strictEqual(trimmed.conversation, conversation)
      assert.deepInclude(trimmed, { dropped: [], droppedTokens: 0, tokens: tokensOf(turns) })
    })
  )

  it.effect("drops the oldest turn first", () =>
    Effect.gen(function* () {
      const kept = [system, user("c"), caller, result, assistant("d"), user("e")]
      const { conversation, dropped, droppedTokens, tokens } = yield* trimmedTo(turns, kept)
      assert.deepStrictEqual(conversation.messages, kept)
      assert.deepStrictEqual(dropped, [user("a"), assistant("b")])
      assert.strictEqual(tokens, tokensOf(kept))
      assert.strictEqual(droppedTokens, tokensOf(turns) - tokensOf(kept))
    })
  )

  it.effect("drops a call with its result", () =>
    Effect.gen(function* () {
      const { conversation } = yield* trimmedTo(
        turns,
        [system, user("c"), caller, result, assistant("d"), user("e")],
        1
      )
      assert.deepStrictEqual(conversation.messages, [system, user("e")])
    })
  )

  it.effect("keeps the question of a long turn", () =>
    Effect.gen(function* () {
      const history = [user("a"), caller, result, caller, result, caller, result]
      const { conversation, dropped } = yield* trimmedTo(history, [user("a"), caller, result, caller, result])
      assert.deepStrictEqual(conversation.messages, [user("a"), caller, result, caller, result])
      assert.deepStrictEqual(dropped, [caller, result])
    })
  )

  it.effect("drops a result with its call, even if the call alone were enough", () =>
    Effect.gen(function* () {
      const history = [user("a"), caller, result, assistant("b")]
      const { conversation, dropped } = yield* trimmedTo(history, history, 1)
      assert.deepStrictEqual(conversation.messages, [user("a"), assistant("b")])
      assert.deepStrictEqual(dropped, [caller, result])
    })
  )

  it.effect("keeps instructions within the conversation", () =>
    Effect.gen(function* () {
      const tools = Message.system("Now in French.")
      const { conversation } = yield* trimmedTo([user("a"), tools, assistant("b"), user("c")], [tools, user("c")])
      assert.deepStrictEqual(conversation.messages, [tools, user("c")])
    })
  )

  it.effect("keeps the state with its calls", () =>
    Effect.gen(function* () {
      const { conversation } = yield* trimmedTo([user("a"), assistant("b"), user("c"), caller], [user("c"), caller])
      assert.deepInclude(conversation, { state: "calling", cacheKey: "k" })
      assert.deepStrictEqual(conversation.state === "calling" ? conversation.calls : [], [call])
    })
  )

  it.effect("drops down to the target once the window is exceeded", () =>
    Effect.gen(function* () {
      const conversation = yield* Conversation.fromMessages(turns)
      const limits = { maxTokens: tokensOf(turns) - 1, targetTokens: tokensOf([system, user("e")]) }
      const trimmed = yield* conversation.pipe(Conversation.trim(limits))
      assert.deepStrictEqual(trimmed.conversation.messages, [system, user("e")])
    })
  )

  it.effect("counts the tools of the request", () =>
    Effect.gen(function* () {
      const tools = [{ type: "function", function: { name: "f", description: "d".repeat(350) } }] as const
      const conversation = yield* Conversation.fromMessages(turns)
      const trimmed = yield* conversation.pipe(Conversation.trim({ maxTokens: tokensOf(turns), tools }))
      assert.isAbove(trimmed.dropped.length, 0)
    })
  )

  it.effect("fails when what must be kept does not fit", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(trimmedTo(turns, [system, user("e")], 1))
      const limit = tokensOf([system, user("e")]) - 1
      assert.deepInclude(error, { _tag: "ContextLengthError", limit, requested: limit + 1 })
    })
  )

  it.effect.each([
    { maxTokens: 0 },
    { maxTokens: Number.NaN },
    { maxTokens: 10, targetTokens: 11 },
    { maxTokens: 10, targetTokens: Number.NaN }
  ])("refuses options that are no window: %o", (options) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Conversation.make().pipe(Conversation.trim(options)))
      assert.strictEqual(error._tag, "InvalidRequestError")
    })
  )
})
