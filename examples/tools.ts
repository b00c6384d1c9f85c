/** One round of a tool call: the model requests it, the program returns the result, the model continues. */
import { KimiClient } from "@kimi-effect/client"
import { ToolSet } from "@kimi-effect/client/agent"
import { KimiNode } from "@kimi-effect/client/node"
import type { Message } from "@kimi-effect/core"
import { Tool, Toolkit } from "effect/ai"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

const GetWeather = Tool.make("get_weather", {
  description: "Get current weather information for a location",
  parameters: Schema.Struct({ location: Schema.String }),
  success: Schema.Struct({ celsius: Schema.Finite, sky: Schema.Literals(["clear", "cloudy"]) })
})

const Weather = Toolkit.make(GetWeather)

const weather = Weather.toLayer({
  get_weather: ({ location }) =>
    Effect.as(Console.log(`get_weather(${location})`), { celsius: 18, sky: "clear" as const })
})

const program = Effect.gen(function* () {
  const kimi = yield* KimiClient.KimiClient
  const tools = yield* ToolSet.make(Weather)
  const question: Message.Message = { role: "user", content: "What's the weather like in Paris, France?" }
  const first = yield* kimi.chat({ messages: [question], tools: tools.definitions })

  const results = yield* Effect.forEach(first.toolCalls, (call) =>
    Effect.gen(function* () {
      const decoded = yield* tools.decode(ToolSet.fromToolCall(call))
      const { content } = yield* tools.run(decoded)
      return { role: "tool" as const, tool_call_id: call.id, content }
    }).pipe(
      // The model reads what was wrong and can call again. The messages contain no argument.
      Effect.catchTag(["ToolNotFoundError", "ToolArgumentsError"], ({ message }) =>
        Effect.succeed({ role: "tool" as const, tool_call_id: call.id, content: message })
      )
    )
  )

  // The assistant's message is sent back unchanged, with its reasoning.
  const messages = [question, first.message, ...results]
  const second = yield* kimi.chat({ messages, tools: tools.definitions })
  yield* Console.log(second.text)
}).pipe(Effect.provide(Layer.merge(KimiNode.layerConfig(), weather)))

await Effect.runPromise(program)
