/** Runs the command in this process, with its output collected. */
import * as NodeChildProcessSpawner from "@effect/platform-node/NodeChildProcessSpawner"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import type * as Cause from "effect/Cause"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Console from "effect/Console"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import * as Terminal from "effect/Terminal"
import { interrupted } from "../src/exitCodes.ts"
import { AreOne } from "../src/openLine.ts"
import { type InputEvent, TypedInput } from "../src/prompt/typedInput.ts"
import { run } from "../src/run.ts"

interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface Options {
  readonly env?: { readonly [name: string]: string }
  /** What is piped into the command. Without it, standard input is a terminal. */
  readonly stdin?: string
  /** Lines that are typed, each when the command asks for one; then Ctrl-D. The output is then a terminal too. */
  readonly typed?: ReadonlyArray<string>
  /** Keys that are pressed, such as `down` or `ctrl-c`. The output is then a terminal too. */
  readonly keys?: ReadonlyArray<string>
  /** Whether stdout and stderr are one pipe. They are collected separately. */
  readonly areOne?: boolean
  /** The output after which the command is interrupted. */
  readonly until?: string | undefined
  /** The command is interrupted when it ends. */
  readonly interrupt?: Effect.Effect<void>
  /** Is given what the command writes to stderr. */
  readonly onError?: (text: string) => void
}

const inputOf = (key: string): Terminal.UserInput => {
  const ctrl = key.startsWith("ctrl-")
  return { input: Option.none(), key: { name: key.replace("ctrl-", ""), ctrl, meta: false, shift: false } }
}

export const runKimi = (
  args: ReadonlyArray<string>,
  { areOne = false, env = {}, interrupt = Effect.never, keys, onError = () => {}, stdin, typed, until }: Options = {}
) =>
  Effect.gen(function* () {
    let stdout = ""
    const shown = Deferred.makeUnsafe<number>()
    const errors: Array<string> = []
    const lines = (typed ?? []).map((line) => `${line}\r`)
    const input = yield* Queue.make<InputEvent, Cause.Done>()
    const console: Console.Console = {
      ...globalThis.console,
      log: (text: unknown) => {
        stdout += `${String(text)}\n`
      },
      error: (text: unknown) => {
        errors.push(`${String(text)}\n`)
        onError(String(text))
      }
    }
    const terminal = Terminal.make({
      columns: Effect.succeed(80),
      rows: Effect.succeed(24),
      size: Effect.die("not used"),
      readInput: Effect.gen(function* () {
        const queue = yield* Queue.make<Terminal.UserInput, Cause.Done>()
        yield* Queue.offerAll(queue, (keys ?? []).map(inputOf))
        return queue
      }),
      readLine: Effect.die("not used: it also returns the lines of earlier questions"),
      display: (text) =>
        Effect.sync(() => {
          stdout += text
          if (/(?:> |\[y\/N\] )$/.test(text))
            Queue.offerUnsafe(input, { _tag: "Typed", text: lines.shift() ?? "\u0004" })
          if (until !== undefined && stdout.includes(until)) Deferred.doneUnsafe(shown, Effect.succeed(interrupted))
        })
    })
    const isTerminal = typed !== undefined || keys !== undefined
    const stopped = Effect.raceFirst(Deferred.await(shown), Effect.as(interrupt, interrupted))
    const code = yield* Effect.raceFirst(run(args), stopped).pipe(
      Effect.provide(
        Layer.mergeAll(
          NodeFileSystem.layer,
          NodePath.layer,
          Layer.succeed(Terminal.Terminal, terminal),
          Layer.provide(NodeChildProcessSpawner.layer, [NodeFileSystem.layer, NodePath.layer]),
          Stdio.layerTest({
            stdinIsTerminal: Effect.succeed(stdin === undefined),
            stdoutIsTerminal: Effect.succeed(isTerminal),
            stdin: Stream.fromIterable(stdin === undefined ? [] : [new TextEncoder().encode(stdin)])
          })
        )
      ),
      Effect.provideService(TerminalCapabilities.TerminalCapabilities, {
        canColor: false,
        canAnimate: isTerminal,
        canPrompt: isTerminal
      }),
      Effect.provideService(TypedInput, { events: Effect.succeed(input), suspend: Effect.void }),
      Effect.provideService(Console.Console, console),
      Effect.provideService(AreOne, Effect.succeed(areOne)),
      Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env: { ...env } }))
    )
    return { code, stdout, stderr: errors.join("") } satisfies Outcome
  })
