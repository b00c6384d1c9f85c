/** An agent with the tools of an MCP server, which runs as a process of this machine. */
import { fileURLToPath } from "node:url"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { AgentLoop, ToolSet } from "@kimi-effect/client/agent"
import { KimiNode } from "@kimi-effect/client/node"
import * as McpClient from "effect/ai/McpClient"
import * as McpProtocol from "effect/ai/McpProtocol"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ChildProcess from "effect/process/ChildProcess"
import * as Stream from "effect/Stream"

const weather = McpClient.layerStdio({
  name: "reports",
  version: "1.0.0",
  protocol: McpProtocol.v2025_11_25,
  command: ChildProcess.make(process.execPath, [fileURLToPath(new URL("server.ts", import.meta.url))])
}).pipe(Layer.provide(NodeServices.layer))

const program = Effect.gen(function* () {
  // A prefix as the second argument keeps the tools of several servers apart.
  const toolkit = yield* McpClient.toolkit(yield* McpClient.McpClient)
  // Their schemas are rewritten in the part of JSON Schema that Kimi reads.
  const tools = yield* ToolSet.make(toolkit)
  yield* Console.log(
    `tools: ${tools.definitions.map((it) => (it.type === "function" ? it.function.name : it.type)).join()}`
  )

  const run = AgentLoop.stream({
    tools,
    prompt: "What's the weather like in Paris, France?",
    limits: { steps: 5 }
  })
  yield* Stream.runForEach(run, (event) => {
    switch (event._tag) {
      case "ToolResult":
        return Console.log(`the server returned: ${String(event.result.content)}`)
      case "Finished":
        return Console.log(`${event.result.outcome._tag} after ${event.result.steps} steps`)
      default:
        return Effect.void
    }
  })
}).pipe(
  // A server that cannot be started, or does not answer.
  Effect.catchTag("McpClientError", ({ message }) => Console.error(message)),
  Effect.provide(Layer.merge(weather, KimiNode.layerConfig()))
)

await Effect.runPromise(program)
