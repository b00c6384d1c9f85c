/**
 * A host with separate counters, and processes that call it under a shared
 * budget.
 */
import { type ChildProcess, fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import type { FromWorker, Settings } from "./messages.ts"

const path = fileURLToPath(new URL("./worker.ts", import.meta.url))

export interface Worker {
  readonly child: ChildProcess
  /** Resolves with the exit code; `null` when it was killed. */
  readonly ended: Effect.Effect<number | null>
}

export const makeHost = () => {
  const seen = { served: 0, used: 0, refusals: new Map<string, number>() }

  const onMessage = (message: FromWorker): void => {
    if (message.type === "served") {
      seen.served += 1
      seen.used += message.used
    } else if (message.type === "refused") {
      seen.refusals.set(message.tag, (seen.refusals.get(message.tag) ?? 0) + 1)
    }
  }

  /** Starts a process, which makes calls when this is done; it is killed with the scope. */
  const worker = (settings: Settings) =>
    Effect.acquireRelease(
      Effect.callback<Worker>((resume) => {
        const child = fork(path, [JSON.stringify(settings)], { execArgv: [] })
        const hasEnded = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)))
        child.on("message", (message: FromWorker) => {
          if (message.type === "ready") resume(Effect.succeed({ child, ended: Effect.promise(() => hasEnded) }))
          else onMessage(message)
        })
        child.once("exit", (code) => resume(Effect.die(new Error(`The worker ended with ${code}`))))
      }),
      ({ child, ended }) =>
        Effect.suspend(() => {
          child.kill("SIGKILL")
          return ended
        })
    )

  return { seen, worker }
}
