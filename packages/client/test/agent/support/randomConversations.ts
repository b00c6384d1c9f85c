/** Random conversations and histories, from a source of chance. */
import type { ResponseMessage } from "@kimi-effect/core/ChatResponse"
import type { Content, Message } from "@kimi-effect/core/Message"
import type { ToolCall } from "@kimi-effect/core/Tool"
import { Effect } from "effect"
import * as Conversation from "../../../src/agent/Conversation.ts"
import { callOf, responseOf } from "./conversations.ts"

/** A number from 0 to 1, 1 excluded. */
export type Chance = () => number

const pick = <A>(chance: Chance, values: readonly [A, ...ReadonlyArray<A>]): A =>
  values[Math.floor(chance() * values.length)] ?? values[0]

const texts = ["", "Hi", "a longer text ".repeat(20), "你好"] as const

const contentOf = (chance: Chance): Content =>
  pick<Content>(chance, [
    pick(chance, texts),
    "Hi",
    [],
    [{ type: "text", text: pick(chance, texts) }],
    [
      { type: "text", text: pick(chance, texts) },
      { type: "image_url", image_url: { url: "data:image/png;base64,AA==" } }
    ]
  ])

/** Ids repeat over turns, and in some messages. */
const callsOf = (chance: Chance): readonly [ToolCall, ...ReadonlyArray<ToolCall>] => {
  const first = callOf("f_0")
  return pick<readonly [ToolCall, ...ReadonlyArray<ToolCall>]>(chance, [
    [first],
    [first, callOf("f_1", "g")],
    [first, callOf("f_1"), callOf("f_2")],
    [first, first]
  ])
}

const responseMessageOf = (chance: Chance): ResponseMessage => ({
  role: "assistant",
  content: pick(chance, texts),
  ...(chance() < 0.7 ? { reasoning_content: pick(chance, texts) } : {}),
  ...(chance() < 0.5 ? { tool_calls: callsOf(chance) } : {})
})

/** The host refuses two tools of one name. */
const toolsOf = (chance: Chance) =>
  [{ type: "function", function: { name: `loaded_${Math.floor(chance() * 1e9)}` } }] as const

const grow = (chance: Chance, conversation: Conversation.Ready): Conversation.Conversation =>
  pick<() => Conversation.Conversation>(chance, [
    () => conversation.pipe(Conversation.user(contentOf(chance))),
    () => conversation.pipe(Conversation.add(responseOf(responseMessageOf(chance)))),
    () => conversation.pipe(Conversation.addTruncated(responseOf(responseMessageOf(chance)))),
    () => conversation.pipe(Conversation.assistant(pick(chance, texts))),
    () => conversation.pipe(Conversation.partial(pick(chance, texts))),
    () => conversation.pipe(Conversation.system(pick(chance, texts))),
    () => conversation.pipe(Conversation.loadTools(toolsOf(chance))),
    () => conversation.pipe(Conversation.calls({ reasoning_content: pick(chance, texts), tool_calls: callsOf(chance) }))
  ])()

/** One random operation that the state allows. */
const step = (chance: Chance, conversation: Conversation.Conversation): Effect.Effect<Conversation.Conversation> => {
  switch (conversation.state) {
    case "empty":
      return Effect.succeed(conversation.pipe(Conversation.user(contentOf(chance))))
    case "ready":
      return Effect.succeed(grow(chance, conversation))
    case "continuing":
      return Effect.succeed(conversation.pipe(Conversation.add(responseOf(responseMessageOf(chance)))))
    case "calling":
      return chance() < 0.5
        ? Effect.succeed(conversation.pipe(Conversation.results(() => contentOf(chance))))
        : Effect.orDie(conversation.pipe(Conversation.result(pick(chance, conversation.calls).id, contentOf(chance))))
  }
}

/** An operation that is possible in every state. */
const restructure = (
  chance: Chance,
  conversation: Conversation.Conversation
): Effect.Effect<Conversation.Conversation> =>
  pick<() => Effect.Effect<Conversation.Conversation>>(chance, [
    () => Effect.succeed(conversation.pipe(Conversation.fork({ length: Math.floor(chance() * 12) }))),
    () => Effect.succeed(conversation.pipe(Conversation.repair()).conversation),
    () => Effect.orDie(Conversation.fromJson(JSON.parse(JSON.stringify(Conversation.toJson(conversation))))),
    () =>
      Effect.match(Conversation.trim({ maxTokens: 50 + Math.floor(chance() * 400) })(conversation), {
        onFailure: () => conversation,
        onSuccess: (trimmed) => trimmed.conversation
      })
  ])()

/** A conversation after random operations. */
export const randomConversation = (chance: Chance): Effect.Effect<Conversation.Conversation> =>
  Effect.gen(function* () {
    let conversation: Conversation.Conversation = Conversation.make(chance() < 0.5 ? { system: "Be brief." } : {})
    const steps = Math.floor(chance() * 20)
    for (let i = 0; i < steps; i += 1) {
      const next: Effect.Effect<Conversation.Conversation> =
        chance() < 0.15 ? restructure(chance, conversation) : step(chance, conversation)
      conversation = yield* next
    }
    return conversation
  })

/** Messages in any order, valid or not. */
export const randomHistory = (chance: Chance): ReadonlyArray<Message> =>
  Array.from({ length: Math.floor(chance() * 12) }, (): Message => {
    const partial = chance() < 0.2
    return pick<() => Message>(chance, [
      () => ({ role: "user", content: contentOf(chance) }),
      () => ({ role: "system", content: pick(chance, texts) }),
      () => ({ ...responseMessageOf(chance), ...(partial ? { partial } : {}) }),
      () => ({ role: "tool", tool_call_id: pick(chance, ["f_0", "f_1", "f_9"]), content: contentOf(chance) })
    ])()
  })
