/** A conversation with tools, in the order that the host requires, stored between its turns. */
import { Conversation } from "@kimi-effect/client/agent"
import { KimiClient } from "@kimi-effect/client"
import { KimiNode } from "@kimi-effect/client/node"
import type { Tool } from "@kimi-effect/core"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"

const weather: Tool.ToolDefinition = {
  type: "function",
  function: {
    name: "get_weather",
    description: "Get current weather information for a location",
    parameters: { type: "object", properties: { location: { type: "string" } }, required: ["location"] }
  }
}

/** Calls the model until it calls no more tools. */
const answer = (conversation: Conversation.Ready): Effect.Effect<Conversation.Ready, unknown, KimiClient.KimiClient> =>
  Effect.gen(function* () {
    const kimi = yield* KimiClient.KimiClient
    const response = yield* kimi.chat(yield* conversation.pipe(Conversation.request({ tools: [weather] })))
    const added = conversation.pipe(Conversation.add(response))
    // Without a result for every call, the next request does not compile.
    return added.state === "calling" ? yield* answer(added.pipe(Conversation.results(() => "18 °C and clear"))) : added
  })

const program = Effect.gen(function* () {
  const asked = Conversation.make({ system: "Be brief.", cacheKey: "session-1" }).pipe(
    Conversation.user("What's the weather like in Paris, France?")
  )
  const answered = yield* answer(asked)
  yield* Console.log(answered.messages.map(({ role }) => role).join(" → "))

  const stored = JSON.stringify(Conversation.toJson(answered))
  const resumed = yield* Conversation.fromJson(JSON.parse(stored))
  yield* Console.log(`${resumed.state} after ${resumed.messages.length} messages`)

  const further = answered.pipe(Conversation.user("And in Rome?"))
  const { conversation, dropped } = yield* further.pipe(Conversation.trim({ maxTokens: 40 }))
  yield* Console.log(`${dropped.length} messages left out, ${conversation.messages.length} kept`)
}).pipe(Effect.provide(KimiNode.layerConfig()))

await Effect.runPromise(program)
