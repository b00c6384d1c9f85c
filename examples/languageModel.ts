/** Kimi as the `LanguageModel` of `effect/ai`: a conversation with a tool, and an object. A scripted provider answers. */
import * as KimiLanguageModel from "@kimi-effect/client/agent/KimiLanguageModel"
import { MockProvider, Reply } from "@kimi-effect/testing"
import * as Chat from "effect/ai/Chat"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

const Weather = Toolkit.make(
  Tool.make("get_weather", {
    description: "The weather of a city",
    parameters: Schema.Struct({ city: Schema.String }),
    success: Schema.String
  })
)
const handlers = Weather.toLayer({ get_weather: ({ city }) => Effect.succeed(`-3 °C and snow in ${city}`) })

const conversation = Effect.gen(function* () {
  const chat = yield* Chat.fromPrompt("Answer in one sentence.")
  let response = yield* chat.generateText({ prompt: "How is the weather in Oslo?", toolkit: Weather })
  // Effect runs the tools of one response; the model continues with their results.
  while (response.finishReason === "tool-calls") {
    for (const result of response.toolResults) yield* Console.log(`${result.name}: ${result.result}`)
    response = yield* chat.generateText({ prompt: [], toolkit: Weather })
  }
  yield* Console.log(response.text)
})

const Forecast = Schema.Struct({ city: Schema.String, celsius: Schema.Finite })

const object = Effect.gen(function* () {
  const { value } = yield* LanguageModel.generateObject({ prompt: "It is 3 below zero in Oslo.", schema: Forecast })
  yield* Console.log(`${value.city}: ${value.celsius} °C`)
}).pipe(KimiLanguageModel.withConfigOverride({ reasoning_effort: "low" }))

// In an application, `KimiNode.layerConfig()` takes the place of this client.
const client = MockProvider.layerClient({
  script: [
    Reply.toolCalls([{ name: "get_weather", arguments: { city: "Oslo" } }], { reasoning: "I need the weather." }),
    "It is snowing in Oslo at -3 °C.",
    Reply.object(Forecast, { city: "Oslo", celsius: -3 })
  ]
})

await Effect.runPromise(
  Effect.andThen(conversation, object).pipe(
    Effect.provide(Layer.merge(handlers, Layer.provide(KimiLanguageModel.model("kimi-k3"), client)))
  )
)
