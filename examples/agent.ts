/** An agent with a tool, streamed; a call that needs an approval is approved after the state was stored as JSON. */
import { Provider } from "@kimi-effect/client"
import { type AgentEvent, AgentLoop, AgentState, ToolSet } from "@kimi-effect/client/agent"
import { KimiNode } from "@kimi-effect/client/node"
import { Cost } from "@kimi-effect/core"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"

const toolkit = Toolkit.make(
  Tool.make("get_weather", {
    description: "Get current weather information for a location",
    parameters: Schema.Struct({
      location: Schema.String,
      unit: Schema.optionalKey(Schema.Literals(["celsius", "fahrenheit"]))
    }),
    success: Schema.String,
    needsApproval: true
  })
)

const handlers = toolkit.toLayer({
  get_weather: ({ location }) => Effect.succeed(`18 °C and clear in ${location}`)
})

const print = (event: AgentEvent.AgentEvent): Effect.Effect<void> => {
  switch (event._tag) {
    case "Text":
      return Console.log(event.text)
    case "ToolCall":
      return Console.log(`calls ${event.tool}(${event.arguments})`)
    case "ToolResult":
      return Console.log(`gets ${String(event.result.content)}`)
    case "Cost":
      return Console.log(`costs ${event.total.map(Cost.format).join(" + ")} so far`)
    default:
      return Effect.void
  }
}

const program = Effect.gen(function* () {
  const tools = yield* ToolSet.make(toolkit, { provider: Provider.providers.moonshot })
  const first = yield* AgentLoop.run({ tools, prompt: "What's the weather like in Paris, France?" })

  // The decision can come days later, in another process.
  const state = yield* AgentState.decode(JSON.parse(JSON.stringify(first.state)))
  const decisions = AgentState.approvals(state).map(AgentState.approve)
  yield* Console.log(`approves ${decisions.map(({ tool }) => tool).join()}`)

  yield* Stream.runForEach(AgentLoop.resumeStream(state, { tools, decisions, limits: { steps: 10 } }), print)
}).pipe(Effect.provide(Layer.merge(handlers, KimiNode.layerConfig())))

await Effect.runPromise(program)
