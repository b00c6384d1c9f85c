/** A loop of tools: the model calls a function of this program and answers with its result. */
import { Provider } from "@kimi-effect/client"
import { AgentLoop, ToolSet } from "@kimi-effect/client/agent"
import { Cost } from "@kimi-effect/core"
import { Reply } from "@kimi-effect/testing"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import { clientOf, show } from "./host.ts"

const toolkit = Toolkit.make(
  Tool.make("get_weather", {
    description: "The weather of a city",
    parameters: Schema.Struct({ city: Schema.String }),
    success: Schema.String
  })
)

const handlers = toolkit.toLayer({ get_weather: ({ city }) => Effect.succeed(`18 °C and clear in ${city}`) })

const replies = [
  Reply.toolCalls([
    { name: "get_weather", arguments: { city: "Paris" } },
    { name: "get_weather", arguments: { city: "Oslo" } }
  ]),
  Reply.chatResponse({ content: "Both cities have 18 °C and a clear sky." })
]

export const toolLoop = Effect.gen(function* () {
  const tools = yield* ToolSet.make(toolkit, { provider: Provider.providers.moonshot })
  const calls: Array<string> = []
  yield* Stream.runForEach(AgentLoop.stream({ tools, prompt: "Compare the weather of Paris and Oslo." }), (event) => {
    switch (event._tag) {
      case "ToolCall":
        return Effect.sync(() => void calls.push(`${event.tool}(${event.arguments})`))
      case "Finished":
        return show(
          `after ${calls.join(" and ")}: ${event.result.text} ` +
            `(${event.result.steps} steps, ${event.result.cost.map(Cost.format).join(" + ")})`
        )
      default:
        return Effect.void
    }
  })
}).pipe(Effect.provide(Layer.merge(handlers, clientOf(replies))))
