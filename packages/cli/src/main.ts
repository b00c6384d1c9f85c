#!/usr/bin/env node
/** The program `kimi`. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import { run } from "./run.ts"

class ExitCode extends Error {
  override readonly [Runtime.errorExitCode]: number
  constructor(code: number) {
    super()
    this[Runtime.errorExitCode] = code
  }
}

// The reader of a pipe, such as `head`, has read enough.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1))

NodeRuntime.runMain(
  run(process.argv.slice(2)).pipe(
    Effect.flatMap((code) => (code === 0 ? Effect.void : Effect.fail(new ExitCode(code)))),
    Effect.provide(NodeServices.layer)
  ),
  { disableErrorReporting: true }
)
