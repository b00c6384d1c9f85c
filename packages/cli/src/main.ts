/** The program `kimi`. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Runtime from "effect/Runtime"
import { BrokenOutput, Unwritten } from "./brokenOutput.ts"
import * as exitCodes from "./exitCodes.ts"
import { wantsJson } from "./jsonArgument.ts"
import { run } from "./run.ts"
import * as services from "./services.ts"

class ExitCode extends Error {
  override readonly [Runtime.errorExitCode]: number
  constructor(code: number) {
    super()
    this[Runtime.errorExitCode] = code
  }
}

const isHelp = (arg: string): boolean => ["--help", "-h", "--version"].includes(arg)

/** Whether a command calls a model, so that each part of its output costs money. */
const callsModel = (args: ReadonlyArray<string>): boolean => {
  const [name, subcommand = ""] = args
  if (args.some(isHelp)) return false
  if (name === "batch") return ["run", "resume"].includes(subcommand)
  return name === "chat" || (name === "swarm" && !["status", "cancel"].includes(subcommand))
}

/** The failure of a write that nothing waits for, such as that of a help text, is known after the write. */
const settled = Effect.callback<void>((resume) => {
  setImmediate(() => resume(Effect.void))
})

/** The failure of the output, with the cost of what could not be written. */
const outputFailure = (failure: NodeJS.ErrnoException) =>
  Effect.gen(function* () {
    const { OutputError } = yield* loadModule(() => import("./outputError.ts"))
    const error = new OutputError(failure)
    const { cost } = yield* Unwritten
    if (cost === undefined) return error
    const { SpentError } = yield* loadModule(() => import("./spentError.ts"))
    return new SpentError(error, cost)
  })

/** Reports that the output cannot be written, once, and returns the exit code. */
const reported = (failure: NodeJS.ErrnoException, args: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    // The reader of a pipe, such as `head`, has read enough of what was printed.
    if (failure.code === "EPIPE" && !callsModel(args)) return 0
    const { report } = yield* loadModule(() => import("./failure.ts"))
    return yield* report(Cause.fail(yield* outputFailure(failure)), { command: args[0] ?? "", isJson: wantsJson(args) })
  })

/** Runs the command while its output can be written. One that has failed by itself has reported that. */
const runWhileWritable = (args: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const broken = yield* BrokenOutput
    // The listener stays: without one, a further error would end the process.
    process.stdout.on("error", (failure) => Deferred.doneUnsafe(broken, Exit.succeed(failure)))
    // The command is interrupted: calls in flight are aborted, and money that is held is released.
    const code = yield* Effect.raceFirst(run(args), Effect.as(Deferred.await(broken), exitCodes.interrupted))
    if (code !== 0 && code !== exitCodes.interrupted) return code
    yield* settled
    return Deferred.isDoneUnsafe(broken) ? yield* reported(yield* Deferred.await(broken), args) : code
  })

/** Runs the command on the arguments of the process, and ends the process with its exit code. */
export const main = (): void => {
  const args = process.argv.slice(2)

  // Progress and logs without a reader end no batch, as an error without a listener would.
  process.stderr.on("error", () => {})

  NodeRuntime.runMain(
    runWhileWritable(args).pipe(
      Effect.flatMap((code) => (code === 0 ? Effect.void : Effect.fail(new ExitCode(code)))),
      Effect.provide(services.layer)
    ),
    { disableErrorReporting: true }
  )
}
