/** Tools of MCP servers, through the client of `effect/ai`. */
import * as ToolSet from "@kimi-effect/client/agent/ToolSet"
import * as UndiciHttpClient from "@kimi-effect/client/node/UndiciHttpClient"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as McpClient from "effect/ai/McpClient"
import type { McpClientError } from "effect/ai/McpClientError"
import * as McpProtocol from "effect/ai/McpProtocol"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { HttpClient } from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as ChildProcess from "effect/process/ChildProcess"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import { CommandError } from "./commandError.ts"
import * as configuration from "./configuration.ts"
import { isUrl, nameOf, removed, withoutUsers } from "./mcpServer.ts"
import type { Given } from "./optionFlags.ts"
import { version } from "./version.ts"

type Protocol = McpProtocol.ProtocolAdapter<McpClient.ProtocolVersion>

/** The words of a command line; quotes group words, and nothing is expanded. */
const wordsOf = (text: string): ReadonlyArray<string> =>
  Array.from(
    text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g),
    ([, double, single, plain]) => double ?? single ?? plain ?? ""
  )

const failure = (server: string) => (error: McpClientError) =>
  new CommandError(
    `The MCP server ${nameOf(server)} cannot be used: ${withoutUsers(error.message)}`,
    "Pass --mcp the command that starts the server, in one argument, or its http or https URL."
  )

const layerOf = (
  server: string,
  protocol: Protocol
): Layer.Layer<McpClient.McpClient, McpClientError, ChildProcessSpawner | HttpClient> => {
  const identity = { name: "kimi", version, protocol }
  if (isUrl(server)) return McpClient.layerHttp({ ...identity, url: server.trim() })
  const [program = "", ...args] = wordsOf(server)
  const command = ChildProcess.make(program, args, { env: removed(Object.keys(process.env)), extendEnv: true })
  return McpClient.layerStdio({ ...identity, command })
}

const connect = Effect.fnUntraced(function* (server: string) {
  const build = (protocol: Protocol) =>
    Effect.flatMap(Layer.build(layerOf(server, protocol)), (context) =>
      McpClient.toolkit(Context.get(context, McpClient.McpClient))
    )
  // A server has one of the two: the client does not negotiate.
  return yield* build(McpProtocol.v2025_11_25).pipe(
    Effect.catch((error) => Effect.mapError(build(McpProtocol.v2026_07_28), () => error)),
    Effect.mapError(failure(server))
  )
})

/** The tools of the servers, which run until the scope closes. */
export const toolSet = Effect.fnUntraced(function* (servers: ReadonlyArray<string>, given: Given) {
  const { settings } = yield* configuration.loadWithoutKey(given)
  const http = UndiciHttpClient.layer.pipe(Layer.provide(Layer.succeed(KimiConfig.KimiConfig, settings.config)))
  // In the scope of the tools: a client that ends with the connecting could list tools, and call none.
  const context = yield* Layer.build(http)
  const toolkits = yield* Effect.provide(Effect.forEach(servers, connect), context)
  return yield* ToolSet.make(toolkits)
})
