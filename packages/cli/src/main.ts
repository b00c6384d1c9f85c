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

/** Runs the command on the arguments of the process, and ends the process with its exit code. */
export const main = (): void => {
  process.stdout.on("error", ({ code }: NodeJS.ErrnoException) => {
    // The reader of a pipe, such as `head`, has read enough.
    if (code === "EPIPE") process.exit(0)
    process.stderr.write(`kimi: the output cannot be written: ${code}\n`)
    process.exit(exitCodes.other)
  })

  // Progress and logs without a reader end no batch, as an error without a listener would.
  process.stderr.on("error", () => {})

  NodeRuntime.runMain(
    run(process.argv.slice(2)).pipe(
      Effect.flatMap((code) => (code === 0 ? Effect.void : Effect.fail(new ExitCode(code)))),
      Effect.provide(services.layer)
    ),
    { disableErrorReporting: true }
  )
}
