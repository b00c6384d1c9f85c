/** Random conversations at a server that enforces the rules of the host. */
import { assert, describe, it } from "@effect/vitest"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import * as ModelCatalog from "@kimi-effect/core/ModelCatalog"
import { MockServer } from "@kimi-effect/testing/node"
import { Effect, Random } from "effect"
import { runs, seedOf } from "../../../../test/support/depth.ts"
import * as Conversation from "../../src/agent/Conversation.ts"
import { randomConversation, randomHistory } from "../agent/support/randomConversations.ts"
import { type Client, connect } from "./support/kimi.ts"

const models = ModelCatalog.knownModels.filter(({ lifecycle }) => lifecycle.state === "live")

/** The models for messages, which some models do not let load tools. */
const modelsFor = (messages: ChatRequest["messages"]): ReadonlyArray<string> => {
  const loadsTools = messages.some((message) => message.role === "system" && message.tools !== undefined)
  return models.filter(({ capabilities }) => capabilities.dynamicTools || !loadsTools).map(({ id }) => id)
}

/** Makes a request with each model, thinking and not, and fails with the first refusal: of the client's check or of the server. */
const accepted = (kimi: Client, messages: ChatRequest["messages"]) =>
  Effect.gen(function* () {
    for (const model of modelsFor(messages)) {
      yield* kimi.chat({ model, messages })
      if (model === "kimi-k2.6") yield* kimi.chat({ model, messages, thinking: { type: "disabled" } })
    }
  })

const chanceOf = (name: string) =>
  Random.withSeed(
    Effect.map(Random.Random, (random) => () => random.nextDoubleUnsafe()),
    seedOf(name)
  )

const server = Effect.gen(function* () {
  const mock = yield* MockServer.MockServer
  return { mock, kimi: yield* connect(mock) }
})

describe("a conversation after random operations", () => {
  it.live("is a typed error or accepted by every model", () =>
    Effect.gen(function* () {
      const { kimi } = yield* server
      const chance = yield* chanceOf("conversations")
      const outcomes = new Map<string, number>()
      for (let run = 0; run < runs({ sample: 150, deep: 2_000 }); run += 1) {
        const conversation = yield* randomConversation(chance)
        const isSendable = conversation.state === "ready" || conversation.state === "continuing"
        const outcome = yield* isSendable
          ? conversation.pipe(
              Conversation.request(),
              Effect.match({ onFailure: ({ _tag }) => _tag, onSuccess: (request) => request })
            )
          : Effect.succeed(conversation.state)
        if (typeof outcome !== "string") yield* accepted(kimi, outcome.messages)
        const name = typeof outcome === "string" ? outcome : "accepted"
        outcomes.set(name, (outcomes.get(name) ?? 0) + 1)
      }
      const expected = ["accepted", "calling", "EmptyMessageError", "MissingReasoningError", "ToolHistoryError"]
      assert.includeMembers([...outcomes.keys()], expected)
    }).pipe(Effect.scoped, Effect.provide(MockServer.layer()))
  )

  it.live("is accepted by every model after a repair", () =>
    Effect.gen(function* () {
      const { kimi } = yield* server
      const chance = yield* chanceOf("repaired conversations")
      for (let run = 0; run < runs({ sample: 60, deep: 2_000 }); run += 1) {
        const { conversation } = (yield* randomConversation(chance)).pipe(Conversation.repair())
        if (conversation.state === "empty") continue
        const { messages } = yield* conversation.pipe(Conversation.request())
        yield* accepted(kimi, messages)
      }
    }).pipe(Effect.scoped, Effect.provide(MockServer.layer()))
  )
})

describe("random messages", () => {
  it.live("are accepted by every model after a repair", () =>
    Effect.gen(function* () {
      const { kimi } = yield* server
      const chance = yield* chanceOf("histories")
      let repairs = 0
      for (let run = 0; run < runs({ sample: 60, deep: 2_000 }); run += 1) {
        const { changes, conversation } = Conversation.repair()(randomHistory(chance))
        repairs += changes.length
        if (conversation.state === "empty") continue
        const { messages } = yield* conversation.pipe(Conversation.request())
        yield* accepted(kimi, messages)
      }
      assert.isAbove(repairs, 50)
    }).pipe(Effect.scoped, Effect.provide(MockServer.layer()))
  )
})
