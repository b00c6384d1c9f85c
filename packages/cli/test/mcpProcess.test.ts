import { existsSync, watch, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as McpProtocol from "effect/ai/McpProtocol"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as ChildProcess from "effect/process/ChildProcess"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import * as Scope from "effect/Scope"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { ServerOutput } from "../src/mcpOutput.ts"
import * as McpProcess from "../src/mcpProcess.ts"
import { withServer } from "./mockedHost.ts"
import { runKimi } from "./runKimi.ts"
import { temporaryFolder } from "./temporaryFolder.ts"

const options = { command: ChildProcess.make("server", []), protocol: McpProtocol.v2025_11_25 }

/** A server that ends when it is killed, and at the end of its input if it listens. Its scope is being closed. */
const closing = Effect.fnUntraced(function* (isListening: boolean) {
  const exited = yield* Deferred.make<ChildProcessSpawner.ExitCode>()
  const exit = Effect.asVoid(Deferred.succeed(exited, ChildProcessSpawner.ExitCode(0)))
  const signals: Array<string> = []
  const handle = ChildProcessSpawner.makeHandle({
    pid: ChildProcessSpawner.ProcessId(1),
    exitCode: Deferred.await(exited),
    isRunning: Effect.succeed(true),
    kill: ({ forceKillAfter, killSignal } = {}) =>
      Effect.suspend(() => {
        const after =
          forceKillAfter === undefined
            ? ""
            : `, SIGKILL after ${Duration.format(Duration.fromInputUnsafe(forceKillAfter))}`
        signals.push(`${killSignal}${after}`)
        return exit
      }),
    stdin: isListening ? Sink.onExit(Sink.drain, () => exit) : Sink.drain,
    stdout: Stream.never,
    stderr: Stream.never,
    all: Stream.never,
    getInputFd: () => Sink.drain,
    getOutputFd: () => Stream.never,
    unref: Effect.die("not used")
  })
  const scope = yield* Scope.make()
  yield* McpProcess.start(options, new ServerOutput()).pipe(
    Effect.provideService(Scope.Scope, scope),
    Effect.provideService(
      ChildProcessSpawner.ChildProcessSpawner,
      ChildProcessSpawner.make(() => Effect.succeed(handle))
    )
  )
  return { closed: yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true }), signals }
})

describe("a server of --mcp that ends", () => {
  it.effect("gets no signal if it ends with its input", () =>
    Effect.gen(function* () {
      const { closed, signals } = yield* closing(true)
      yield* Fiber.join(closed)
      assert.deepStrictEqual(signals, [])
    })
  )

  it.effect("gets SIGTERM a second after the end of its input", () =>
    Effect.gen(function* () {
      const { closed, signals } = yield* closing(false)
      yield* TestClock.adjust("999 millis")
      assert.deepStrictEqual(signals, [])
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(closed)
      assert.deepStrictEqual(signals, ["SIGTERM, SIGKILL after 500ms"])
    })
  )

  it.effect("is killed at a further Ctrl-C", () =>
    Effect.gen(function* () {
      const { closed, signals } = yield* closing(false)
      yield* Fiber.join(closed)
      assert.deepStrictEqual(signals, ["SIGKILL"])
    }).pipe(Effect.provideService(McpProcess.NextSignal, Effect.void))
  )

  // The time of the test does not pass, so that only the further Ctrl-C ends the server.
  it.effect("is waited for after the interrupt is reported", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        const [path, started] = [join(folder, "server.cjs"), join(folder, "started")]
        writeFileSync(
          path,
          `process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); require("node:fs").writeFileSync(${JSON.stringify(started)}, "")`
        )
        const isStarted = Effect.callback<void>((resume) => {
          const watcher = watch(folder, () => existsSync(started) && resume(Effect.void))
          return Effect.sync(() => watcher.close())
        })
        const isReported = yield* Deferred.make<void>()
        const { code } = yield* runKimi(["chat", "Hi", "--yes", "--mcp", `${process.execPath} ${path}`], {
          env,
          interrupt: isStarted,
          onError: (text) => text.includes("Interrupted.") && Deferred.doneUnsafe(isReported, Effect.void)
        }).pipe(Effect.provideService(McpProcess.NextSignal, Deferred.await(isReported)))
        assert.strictEqual(code, 130)
      })
    )
  )
})
