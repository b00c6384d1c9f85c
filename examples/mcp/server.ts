/** An MCP server with one tool, which clients start as a process. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as McpProtocol from "effect/ai/McpProtocol"
import * as McpServer from "effect/ai/McpServer"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"

const Weather = Toolkit.make(
  Tool.make("get_weather", {
    description: "Get current weather information for a location",
    parameters: Schema.Struct({ location: Schema.String }),
    success: Schema.String
  })
)

const handlers = Weather.toLayer({ get_weather: ({ location }) => Effect.succeed(`18 °C and clear in ${location}`) })

const server = McpServer.layerStdio({
  name: "weather",
  version: "1.0.0",
  protocols: [McpProtocol.v2025_11_25],
  registrations: Layer.provide(McpServer.toolkit(Weather), handlers)
}).pipe(
  Layer.provide(NodeServices.layer),
  // Standard output has the messages of the protocol and nothing else.
  Layer.provide(Layer.succeed(Logger.LogToStderr, true))
)

NodeRuntime.runMain(Layer.launch(server))
