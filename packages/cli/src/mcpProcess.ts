/**
 * The process of an MCP server. The transport of `effect/ai` waits five seconds before each step of its end, and drops
 * what it writes to stderr.
 */
import * as McpClient from "effect/ai/McpClient"
import type { McpClientError } from "effect/ai/McpClientError"
import type * as McpProtocol from "effect/ai/McpProtocol"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as ChildProcess from "effect/process/ChildProcess"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ServerOutput } from "./mcpOutput.ts"

/** Time for the end after stdin has ended, and then after SIGTERM. */
const grace = { input: "1 second", signal: "500 millis" } as const

const nextSignal = Effect.callback<void>((resume) => {
  const end = () => resume(Effect.void)
  process.on("SIGINT", end)
  return Effect.sync(() => process.off("SIGINT", end))
})

/** Ctrl-C while a server ends, which is then killed. A test replaces it. */
export const NextSignal: Context.Reference<Effect.Effect<void>> = Context.Reference<Effect.Effect<void>>(
  "kimi/NextSignal",
  { defaultValue: () => nextSignal }
)

type Handle = ChildProcessSpawner.ChildProcessHandle

/** Ends the process while the transport closes, which has then nothing to wait for. */
const end = ({ exitCode, kill }: Handle) =>
  Effect.gen(function* () {
    const stopped = Effect.andThen(
      Effect.sleep(grace.input),
      kill({ killSignal: "SIGTERM", forceKillAfter: grace.signal })
    )
    const killed = Effect.andThen(yield* NextSignal, kill({ killSignal: "SIGKILL" }))
    yield* Effect.raceFirst(Effect.raceFirst(stopped, killed), Effect.exit(exitCode))
  }).pipe(Effect.ignore)

interface Options {
  readonly command: ChildProcess.Command
  readonly protocol: McpProtocol.ProtocolAdapter<McpClient.ProtocolVersion>
}

/** A server that cannot be used has mostly ended: the time until its exit code and all of its output are known. */
const outputWait = "1 second"

const asked = ({ exitCode }: Handle, output: ServerOutput) =>
  Effect.tap(Effect.exit(exitCode), (exit) =>
    Effect.sync(() => {
      if (Exit.isSuccess(exit)) output.exitCode = exit.value
    })
  )

export interface Started {
  readonly transport: McpClient.Transport
  /** Waits until the output of a server is known that cannot be used. */
  readonly awaitOutput: Effect.Effect<void>
}

/** Starts the server, which ends with the scope. */
export const start = (
  options: Options,
  output: ServerOutput
): Effect.Effect<Started, McpClientError, ChildProcessSpawner.ChildProcessSpawner | Scope.Scope> =>
  Effect.gen(function* () {
    const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
    let handle: Handle | undefined
    const isRead = yield* Deferred.make<void>()
    const spawn = (command: ChildProcess.Command) =>
      Effect.map(spawner.spawn(command), (spawned) => {
        handle = spawned
        const stderr = spawned.stderr.pipe(
          Stream.tap((bytes) => Effect.sync(() => output.add(bytes))),
          Stream.ensuring(Deferred.succeed(isRead, undefined))
        )
        return ChildProcessSpawner.makeHandle({ ...spawned, stderr })
      })
    const transport = yield* Effect.provideService(
      McpClient.stdio(options),
      ChildProcessSpawner.ChildProcessSpawner,
      ChildProcessSpawner.make(spawn)
    )
    // After the finalizer of the transport, so that it runs before that one.
    yield* Effect.addFinalizer(() =>
      handle === undefined ? Effect.void : Effect.forkDetach(end(handle), { startImmediately: true })
    )
    const known = handle === undefined ? Effect.void : Effect.andThen(asked(handle, output), Deferred.await(isRead))
    return { transport, awaitOutput: Effect.asVoid(Effect.timeoutOption(known, outputWait)) }
  })
