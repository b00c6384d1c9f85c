/** The program `kimi`. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import * as exitCodes from "./exitCodes.ts"
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

/** Ends with an exit code when the output cannot be written any more. */
const brokenOutput = (args: ReadonlyArray<string>) =>
  Effect.callback<number>((resume) => {
    // The listener stays: without one, a further error would end the process.
    process.stdout.on("error", ({ code }: NodeJS.ErrnoException) => {
      // The reader of a pipe, such as `head`, has read enough of what was printed.
      if (code === "EPIPE" && !callsModel(args)) return resume(Effect.succeed(0))
      const reason = code === "EPIPE" ? "its reader has gone, and the command was stopped" : code
      process.stderr.write(`kimi: the output cannot be written: ${reason}\n`)
      resume(Effect.succeed(code === "EPIPE" ? exitCodes.notRead : exitCodes.other))
    })
  })

/** Runs the command on the arguments of the process, and ends the process with its exit code. */
export const main = (): void => {
  const args = process.argv.slice(2)

  // Progress and logs without a reader end no batch, as an error without a listener would.
  process.stderr.on("error", () => {})

  NodeRuntime.runMain(
    // A command whose output is not read is interrupted: calls in flight are aborted, and money that is held is released.
    Effect.raceFirst(run(args), brokenOutput(args)).pipe(
      Effect.flatMap((code) => (code === 0 ? Effect.void : Effect.fail(new ExitCode(code)))),
      Effect.provide(services.layer)
    ),
    { disableErrorReporting: true }
  )
}
