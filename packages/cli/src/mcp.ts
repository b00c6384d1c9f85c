/** Tools of MCP servers, through the client of `effect/ai`. */
import * as ToolSet from "@kimi-effect/client/agent/ToolSet"
import * as UndiciHttpClient from "@kimi-effect/client/node/UndiciHttpClient"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as McpClient from "effect/ai/McpClient"
import type { McpClientError } from "effect/ai/McpClientError"
import * as McpProtocol from "effect/ai/McpProtocol"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HttpClient from "effect/http/HttpClient"
import { HttpClientError, TransportError } from "effect/http/HttpClientError"
import * as Layer from "effect/Layer"
import * as ChildProcess from "effect/process/ChildProcess"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import * as PlatformError from "effect/PlatformError"
import * as Scope from "effect/Scope"
import { CommandError } from "./commandError.ts"
import { wordsOf } from "./commandWords.ts"
import * as configuration from "./configuration.ts"
import { reasonOf } from "./fileReason.ts"
import { nameOf, secretsOf } from "./mcpName.ts"
import { ServerOutput } from "./mcpOutput.ts"
import * as McpProcess from "./mcpProcess.ts"
import { isUrl, removed, withoutUsers } from "./mcpServer.ts"
import type { Given } from "./optionFlags.ts"
import { version } from "./version.ts"

type Protocol = McpProtocol.ProtocolAdapter<McpClient.ProtocolVersion>

/** Why a program was not started, which the error of the client does not have. */
const spawnReason = ({ reason }: McpClientError): string =>
  reason._tag === "TransportError" && PlatformError.isPlatformError(reason.cause)
    ? `: ${reasonOf(reason.cause.reason, "there is no such program")}`
    : ""

const failure = (server: string, error: McpClientError, output: ServerOutput) =>
  new CommandError(
    `The MCP server ${nameOf(server)} cannot be used: ${withoutUsers(error.message)}${spawnReason(error)}${output.reason}`,
    "Pass --mcp the command that starts the server, in one argument, or its http or https URL."
  )

/** Time in which a server over HTTP ends its session. The client would wait five seconds for it. */
const sessionEnd = "1 second"

const endsInTime = (client: HttpClient.HttpClient): HttpClient.HttpClient =>
  HttpClient.transform(client, (response, request) =>
    request.method === "DELETE"
      ? Effect.timeoutOrElse(response, {
          duration: sessionEnd,
          orElse: () => Effect.fail(new HttpClientError({ reason: new TransportError({ request }) }))
        })
      : response
  )

const startedOf = (
  server: string,
  protocol: Protocol,
  output: ServerOutput
): Effect.Effect<McpProcess.Started, McpClientError, ChildProcessSpawner | HttpClient.HttpClient | Scope.Scope> => {
  if (isUrl(server)) {
    const opened = McpClient.http({ protocol, url: server.trim() })
    return Effect.flatMap(HttpClient.HttpClient, (client) =>
      Effect.provideService(opened, HttpClient.HttpClient, endsInTime(client))
    ).pipe(Effect.map((transport) => ({ transport, awaitOutput: Effect.void })))
  }
  const [program = "", ...args] = wordsOf(server)
  const command = ChildProcess.make(program, args, { env: removed(Object.keys(process.env)), extendEnv: true })
  return McpProcess.start({ protocol, command }, output)
}

const toolkitFrom = ({ awaitOutput, transport }: McpProcess.Started) =>
  McpClient.make({ name: "kimi", version }).pipe(
    Effect.provideService(McpClient.Transport, transport),
    Effect.flatMap((client) => McpClient.toolkit(client)),
    Effect.tapError(() => awaitOutput)
  )

/** Not as a layer, which an interrupt would end before it is reported: a server may take seconds to end. */
const toolkitOf = Effect.fnUntraced(function* (server: string, protocol: Protocol) {
  const scope = yield* Scope.fork(yield* Effect.scope)
  const output = new ServerOutput(secretsOf(server))
  return yield* startedOf(server, protocol, output).pipe(
    Effect.flatMap(toolkitFrom),
    Effect.provideService(Scope.Scope, scope),
    Effect.tapError((error) => Scope.close(scope, Exit.fail(error))),
    Effect.mapError((error) => failure(server, error, output))
  )
})

/** A server has one of the two versions: the client does not negotiate. */
const connect = (server: string) =>
  toolkitOf(server, McpProtocol.v2025_11_25).pipe(
    Effect.catch((error) => Effect.mapError(toolkitOf(server, McpProtocol.v2026_07_28), () => error))
  )

/** The tools of the servers, which run until the scope closes. */
export const toolSet = Effect.fnUntraced(function* (servers: ReadonlyArray<string>, given: Given) {
  const { settings } = yield* configuration.loadWithoutKey(given)
  const http = UndiciHttpClient.layer.pipe(Layer.provide(Layer.succeed(KimiConfig.KimiConfig, settings.config)))
  // In the scope of the tools: a client that ends with the connecting could list tools, and call none.
  const context = yield* Layer.build(http)
  // Servers end together, so that several do not take longer than one.
  const scope = yield* Scope.fork(yield* Effect.scope, "parallel")
  const toolkits = yield* Effect.forEach(servers, connect).pipe(
    Effect.provide(context),
    Effect.provideService(Scope.Scope, scope)
  )
  return yield* ToolSet.make(toolkits)
})
