/**
 * The services of a process that `effect/cli` and the commands use. Those of
 * Node are loaded when one of their operations runs: a command that only writes
 * its result, such as `kimi models`, starts without them.
 */
import * as NodePath from "@effect/platform-node/NodePath"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as PlatformError from "effect/PlatformError"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import * as Stdio from "effect/Stdio"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import * as Terminal from "effect/Terminal"
import { BrokenOutput } from "./brokenOutput.ts"
import * as HangUp from "./hangUp.ts"

type Services = ChildProcessSpawner.ChildProcessSpawner | Stdio.Stdio | Terminal.Terminal

/** The services of Node, built once. */
type Node = Effect.Effect<Context.Context<Services>>

/** Its file system alone, which most commands with files need, and which loads few modules. */
type NodeFiles = Effect.Effect<FileSystem.FileSystem>

/** Operations of a file system that are effects, and from which Effect derives the others. */
const fileOperations = [
  "access",
  "chmod",
  "chown",
  "copy",
  "copyFile",
  "link",
  "lstat",
  "makeDirectory",
  "makeTempDirectory",
  "makeTempDirectoryScoped",
  "makeTempFile",
  "makeTempFileScoped",
  "open",
  "readDirectory",
  "readDirectoryEntries",
  "readFile",
  "readLink",
  "realPath",
  "remove",
  "rename",
  "stat",
  "symlink",
  "truncate",
  "utimes",
  "writeFile"
] as const satisfies ReadonlyArray<keyof FileSystem.FileSystem>

type FileOperations = Pick<FileSystem.FileSystem, (typeof fileOperations)[number]>

const fileSystem = (files: NodeFiles): FileSystem.FileSystem => {
  const operation =
    (name: keyof FileOperations) =>
    (...args: ReadonlyArray<unknown>): Effect.Effect<unknown, PlatformError.PlatformError> =>
      Effect.flatMap(files, (loaded) =>
        (loaded[name] as (...args: ReadonlyArray<unknown>) => Effect.Effect<unknown, PlatformError.PlatformError>)(
          ...args
        )
      )
  const operations = Object.fromEntries(fileOperations.map((name) => [name, operation(name)]))
  return FileSystem.make({
    // Each operation has the arguments and the result of the one with its name.
    ...(operations as unknown as FileOperations),
    watch: (path, options) => Stream.unwrap(Effect.map(files, (loaded) => loaded.watch(path, options)))
  })
}

const stdio = (node: Node): Stdio.Stdio => {
  const loaded = Effect.map(node, Context.get(Stdio.Stdio))
  return Stdio.make({
    args: Effect.sync(() => process.argv.slice(2)),
    stdinIsTerminal: Effect.sync(() => process.stdin.isTTY === true),
    stdoutIsTerminal: Effect.sync(() => process.stdout.isTTY === true),
    stderrIsTerminal: Effect.sync(() => process.stderr.isTTY === true),
    stdin: Stream.unwrap(Effect.map(loaded, ({ stdin }) => stdin)),
    stdout: (options) => Sink.unwrap(Effect.map(loaded, (node) => node.stdout(options))),
    stderr: (options) => Sink.unwrap(Effect.map(loaded, (node) => node.stderr(options)))
  })
}

const display = (text: string): Effect.Effect<void, PlatformError.PlatformError> =>
  Effect.uninterruptible(
    Effect.flatMap(BrokenOutput, (broken) =>
      Effect.callback((resume) => {
        process.stdout.write(text, (cause) => {
          if (cause === null || cause === undefined) return resume(Effect.void)
          // Before the event of the stream: what runs next knows it.
          Deferred.doneUnsafe(broken, Exit.succeed(cause))
          resume(
            Effect.fail(PlatformError.systemError({ _tag: "Unknown", module: "Terminal", method: "display", cause }))
          )
        })
      })
    )
  )

const terminal = (node: Node): Terminal.Terminal => {
  const loaded = Effect.map(node, Context.get(Terminal.Terminal))
  return Terminal.make({
    columns: Effect.sync(() => process.stdout.columns ?? 0),
    rows: Effect.sync(() => process.stdout.rows ?? 0),
    size: Effect.flatMap(loaded, ({ size }) => size),
    readInput: Effect.andThen(
      HangUp.listen,
      Effect.flatMap(loaded, ({ readInput }) => readInput)
    ),
    readLine: Effect.flatMap(loaded, ({ readLine }) => readLine),
    display
  })
}

const spawner = (node: Node) => {
  const loaded = Effect.map(node, Context.get(ChildProcessSpawner.ChildProcessSpawner))
  return ChildProcessSpawner.make((command) => Effect.flatMap(loaded, ({ spawn }) => spawn(command)))
}

export const layer = Layer.effectContext(
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    const built = <A>(load: () => Promise<{ readonly layer: Layer.Layer<A> }>) =>
      Effect.cached(Effect.flatMap(loadModule(load), ({ layer }) => Layer.buildWithScope(layer, scope)))
    const node: Node = yield* built(() => import("@effect/platform-node/NodeServices"))
    const files = Effect.map(
      yield* built(() => import("@effect/platform-node/NodeFileSystem")),
      Context.get(FileSystem.FileSystem)
    )
    return Context.make(FileSystem.FileSystem, fileSystem(files)).pipe(
      Context.add(Stdio.Stdio, stdio(node)),
      Context.add(Terminal.Terminal, terminal(node)),
      Context.add(ChildProcessSpawner.ChildProcessSpawner, spawner(node))
    )
  })
).pipe(Layer.merge(NodePath.layer))
