/** The command as a process. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"

export const program = fileURLToPath(new URL("../src/bin.ts", import.meta.url))
export const key = "sk-of-the-process"

/** The variables of each process. Its home is below a file, where no user, root included, can create it. */
export const environment = {
  PATH: process.env["PATH"],
  HOME: join(program, "home"),
  NODE_DISABLE_COMPILE_CACHE: "1",
  KIMI_API_KEY: key
}

interface Variables {
  readonly [name: string]: string | undefined
}

export const start = (args: ReadonlyArray<string>, env: Variables = {}, cwd?: string) =>
  Effect.acquireRelease(
    Effect.sync(() => spawn(process.execPath, [program, ...args], { cwd, env: { ...environment, ...env } })),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export const ended = (child: ChildProcessWithoutNullStreams) =>
  Effect.callback<Ended>((resume) => {
    let [stdout, stderr] = ["", ""]
    child.stdout.on("data", (text) => {
      stdout += String(text)
    })
    child.stderr.on("data", (text) => {
      stderr += String(text)
    })
    child.once("close", (code) => resume(Effect.succeed({ code, stdout, stderr })))
  })

export const firstOutput = (child: ChildProcessWithoutNullStreams) =>
  Effect.callback<string>((resume) => {
    child.stdout.once("data", (text) => resume(Effect.succeed(String(text))))
  })
