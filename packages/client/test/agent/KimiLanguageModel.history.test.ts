/** Conversations that `effect/ai` keeps in a form that the host refuses. Unscripted replies check the history. */
import { assert, describe, it } from "@effect/vitest"
import { Reply } from "@kimi-effect/testing"
import { Deferred, Effect, Fiber, Schema, Stream } from "effect"
import { Chat, Prompt, type Response, Tool, Toolkit } from "effect/ai"
import type { Server, Setting } from "../node/support/kimi.ts"
import { lastMessages, withModel } from "./support/languageModel.ts"

const Remove = Tool.make("remove", {
  description: "Removes a file",
  parameters: Schema.Struct({ path: Schema.String }),
  success: Schema.String,
  needsApproval: true
})
const Removal = Toolkit.make(Remove)

/** Every call of this model has the same id, as Kimi's ids repeat over turns. */
const removal = (path: string) => Reply.toolCalls([{ name: "remove", arguments: { path } }], { reasoning: "Hm." })

/** Runs a test with a tool that remembers the paths that it has removed. */
const withRemoval = <A, E, R>(test: (removed: ReadonlyArray<string>) => Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const removed: Array<string> = []
    const handlers = Removal.toLayer({
      remove: ({ path }) =>
        Effect.sync(() => {
          removed.push(path)
          return `removed ${path}`
        })
    })
    return Effect.provide(test(removed), handlers)
  })

const approvalOf = (response: { readonly content: ReadonlyArray<Response.AnyPart> }): string => {
  const part = response.content.find(({ type }) => type === "tool-approval-request")
  assert.strictEqual(part?.type, "tool-approval-request")
  return part?.type === "tool-approval-request" ? part.approvalId : ""
}

const answer = (approvalId: string, approved: boolean) =>
  Prompt.fromMessages([Prompt.toolMessage({ content: [Prompt.toolApprovalResponsePart({ approvalId, approved })] })])

const roles = (messages: ReadonlyArray<{ readonly [name: string]: unknown }>) => messages.map(({ role }) => role)

/** The contents of the tool messages of the last request. */
const results = (server: Server) =>
  Effect.map(lastMessages(server), (messages) =>
    messages.filter(({ role }) => role === "tool").map(({ content }) => content)
  )

describe("a history with approvals", () => {
  it.live("has the result of an approved call right after the call", () =>
    withModel((server) =>
      withRemoval(() =>
        Effect.gen(function* () {
          const chat = yield* Chat.empty
          yield* server.reply(removal("/tmp/a"))
          const asked = yield* chat.generateText({ prompt: "Clean up", toolkit: Removal })
          yield* chat.generateText({ prompt: answer(approvalOf(asked), true), toolkit: Removal })
          yield* chat.generateText({ prompt: "Go on", toolkit: Removal, toolChoice: "none" })
          const messages = yield* lastMessages(server)
          assert.deepStrictEqual(roles(messages), ["user", "assistant", "tool", "assistant", "user"])
          assert.strictEqual(messages[2]?.["content"], "removed /tmp/a")
        })
      )
    )
  )

  it.live("answers a call without an approval", () =>
    withModel((server) =>
      withRemoval((removed) =>
        Effect.gen(function* () {
          const chat = yield* Chat.empty
          yield* server.reply(removal("/tmp/a"))
          yield* chat.generateText({ prompt: "Clean up", toolkit: Removal })
          yield* chat.generateText({ prompt: "Never mind", toolkit: Removal, toolChoice: "none" })
          assert.deepStrictEqual(yield* results(server), ["This call was not run."])
          assert.deepStrictEqual(removed, [])
        })
      )
    )
  )

  it.live("reports a denied call to the model", () =>
    withModel((server) =>
      withRemoval((removed) =>
        Effect.gen(function* () {
          const chat = yield* Chat.empty
          yield* server.reply(removal("/tmp/a"))
          const asked = yield* chat.generateText({ prompt: "Clean up", toolkit: Removal })
          yield* chat.generateText({ prompt: answer(approvalOf(asked), false), toolkit: Removal })
          assert.deepStrictEqual(yield* results(server), ['{"type":"execution-denied"}'])
          assert.deepStrictEqual(removed, [])
        })
      )
    )
  )

  // The first call is answered after the second one with the same id of the host was made.
  it.live.each([
    { first: true, second: false },
    { first: false, second: true }
  ])("runs the approved one of two calls with the same id of the host: %o", ({ first, second }) =>
    withModel((server) =>
      withRemoval((removed) =>
        Effect.gen(function* () {
          const chat = yield* Chat.empty
          yield* server.reply(removal("/tmp/a"), removal("/etc"))
          const one = yield* chat.generateText({ prompt: "Clean up", toolkit: Removal })
          const two = yield* chat.generateText({ prompt: "More", toolkit: Removal })
          const restored = yield* Effect.flatMap(chat.exportJson, Chat.fromJson)
          const answers = Prompt.concat(answer(approvalOf(one), first), answer(approvalOf(two), second))
          yield* restored.generateText({ prompt: answers, toolkit: Removal })
          assert.deepStrictEqual(removed, first ? ["/tmp/a"] : ["/etc"])
          const denied = '{"type":"execution-denied"}'
          assert.deepStrictEqual(yield* results(server), first ? ["removed /tmp/a", denied] : [denied, "removed /etc"])
        })
      )
    )
  )

  it.live("sends the ids of the host back", () =>
    withModel((server) =>
      withRemoval(() =>
        Effect.gen(function* () {
          const chat = yield* Chat.empty
          yield* server.reply(removal("/tmp/a"), removal("/etc"))
          yield* chat.generateText({ prompt: "Clean up", toolkit: Removal })
          yield* chat.generateText({ prompt: "More", toolkit: Removal })
          yield* chat.generateText({ prompt: "Stop", toolkit: Removal, toolChoice: "none" })
          const ids = (yield* lastMessages(server)).filter(({ role }) => role === "tool")
          assert.deepStrictEqual(
            ids.map((message) => message["tool_call_id"]),
            ["remove_0", "remove_0"]
          )
        })
      )
    )
  )
})

describe("a history with an interrupted tool", () => {
  it.live("can be continued", () =>
    withModel((server) =>
      Effect.gen(function* () {
        const started = yield* Deferred.make<void>()
        const Sleep = Toolkit.make(Tool.make("sleep", { success: Schema.String }))
        const handlers = Sleep.toLayer({
          sleep: () => Effect.andThen(Deferred.succeed(started, undefined), Effect.never)
        })
        const chat = yield* Chat.empty
        yield* server.reply(Reply.toolCalls([{ name: "sleep" }], { reasoning: "Tired." }))
        const running = yield* chat
          .streamText({ prompt: "Sleep", toolkit: Sleep })
          .pipe(Stream.runDrain, Effect.provide(handlers), Effect.forkChild)
        yield* Deferred.await(started)
        yield* Fiber.interrupt(running)
        yield* chat
          .generateText({ prompt: "Wake up", toolkit: Sleep, toolChoice: "none" })
          .pipe(Effect.provide(handlers))
        const messages = yield* lastMessages(server)
        assert.deepStrictEqual(roles(messages), ["user", "assistant", "tool", "user"])
        assert.strictEqual(messages[1]?.["reasoning_content"], "Tired.")
        assert.strictEqual(messages[2]?.["content"], "This call was not run.")
      })
    )
  )
})

describe("a history of another source", () => {
  const call = Prompt.toolCallPart({ id: "a", name: "look", params: { at: "sky" }, providerExecuted: false })
  const result = Prompt.toolResultPart({
    id: "a",
    name: "look",
    isFailure: false,
    result: { sees: "blue" },
    providerExecuted: false
  })
  const user = (text: string) => Prompt.userMessage({ content: [Prompt.textPart({ text })] })
  const send = (messages: ReadonlyArray<Prompt.Message>, settings = {}, setting: Setting = {}) =>
    withModel(
      (server) =>
        Effect.gen(function* () {
          const chat = yield* Chat.fromPrompt(Prompt.fromMessages(messages))
          yield* chat.generateText({ prompt: "And now?" })
          return yield* lastMessages(server)
        }),
      settings,
      setting
    )

  it.live("sends an empty reasoning with calls that have lost theirs", () =>
    Effect.gen(function* () {
      const messages = yield* send([
        user("Look"),
        Prompt.assistantMessage({ content: [call] }),
        Prompt.toolMessage({ content: [result] })
      ])
      assert.strictEqual(messages[1]?.["reasoning_content"], "")
    })
  )

  it.live("sends no reasoning to a model that does not think", () =>
    Effect.gen(function* () {
      const reasoning = Prompt.reasoningPart({ text: "Hm." })
      const messages = yield* send(
        [
          user("Look"),
          Prompt.assistantMessage({ content: [reasoning, call] }),
          Prompt.toolMessage({ content: [result] })
        ],
        { model: "kimi-k2-0905-preview" },
        { client: { provider: "custom" }, server: { models: ["kimi-k2-0905-preview"] } }
      )
      assert.isUndefined(messages[1]?.["reasoning_content"])
    })
  )

  it.live("sends results as JSON", () =>
    Effect.gen(function* () {
      const messages = yield* send([
        user("Look"),
        Prompt.assistantMessage({ content: [call] }),
        Prompt.toolMessage({ content: [result] })
      ])
      assert.strictEqual(messages[2]?.["content"], '{"sees":"blue"}')
    })
  )

  it.live("leaves out a result that has no call", () =>
    Effect.gen(function* () {
      const messages = yield* send([user("Look"), Prompt.toolMessage({ content: [result] })])
      assert.deepStrictEqual(roles(messages), ["user", "user"])
    })
  )

  it.live("leaves out an empty message of the model", () =>
    Effect.gen(function* () {
      const silent = Prompt.assistantMessage({ content: [Prompt.reasoningPart({ text: "Hm." })] })
      const messages = yield* send([user("Look"), silent])
      assert.deepStrictEqual(roles(messages), ["user", "user"])
    })
  )

  it.live("gives each of two calls with the same id its own result", () =>
    Effect.gen(function* () {
      const second = Prompt.toolResultPart({ ...result, result: "grey" })
      const turn = (part: Prompt.ToolResultPart) => [
        Prompt.assistantMessage({ content: [call] }),
        Prompt.toolMessage({ content: [part] })
      ]
      const messages = yield* send([user("Look"), ...turn(result), ...turn(second)])
      assert.deepStrictEqual(
        messages.filter(({ role }) => role === "tool").map(({ content }) => content),
        ['{"sees":"blue"}', "grey"]
      )
    })
  )
})
