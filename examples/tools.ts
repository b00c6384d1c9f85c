/** One round of a tool call: the model requests it, the program returns the result, the model continues. */
import { KimiClient } from "@kimi-effect/client"
import { KimiNode } from "@kimi-effect/client/node"
import type { Message, Tool } from "@kimi-effect/core"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

const Location = Schema.Struct({ location: Schema.String })

const weather: Tool.ToolDefinition = {
  type: "function",
  function: {
    name: "get_weather",
    description: "Get current weather information for a location",
    parameters: { type: "object", properties: { location: { type: "string" } }, required: ["location"] }
  }
}

const program = Effect.gen(function* () {
  const kimi = yield* KimiClient.KimiClient
  const question: Message.Message = { role: "user", content: "What's the weather like in Paris, France?" }
  const first = yield* kimi.chat({ messages: [question], tools: [weather] })

  const results = yield* Effect.forEach(first.toolCalls, (call) =>
    Effect.gen(function* () {
      // Arguments are text written by the model: decode them before use.
      const { location } = yield* Schema.decodeEffect(Schema.fromJsonString(Location))(call.function.arguments)
      yield* Console.log(`${call.function.name}(${location})`)
      return { role: "tool" as const, tool_call_id: call.id, content: `18 °C and clear in ${location}` }
    })
  )

  // The assistant's message is sent back unchanged, with its reasoning.
  const second = yield* kimi.chat({ messages: [question, first.message, ...results] })
  yield* Console.log(second.text)
}).pipe(Effect.provide(KimiNode.layerConfig()))

await Effect.runPromise(program)
