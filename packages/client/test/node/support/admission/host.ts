/**
 * A host with separate counters, and processes that call it.
 */
import { type ChildProcess, fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import type { FromWorker, Settings, ToWorker } from "./messages.ts"

/** The calls of an account that the host received. */
interface HostUsage {
  requests: number
  tokens: number
  running: number
  /** Most calls at the same time. */
  peak: number
}

interface Worker {
  readonly child: ChildProcess
  readonly send: (message: ToWorker) => void
  readonly logs: Array<readonly [level: string, text: string]>
  readonly failures: Array<{ readonly account: string; readonly tag: string; readonly millis: number }>
  /** Resolves with the exit code. */
  readonly ended: Effect.Effect<number | null>
}

export interface Host {
  readonly seen: (account: string) => HostUsage
  /** Starts a process that calls this host; it is killed with the scope. */
  readonly worker: (settings: Settings) => ReturnType<typeof begin>
  /** Waits until a condition holds. If it does not before the test's time is over, the test fails with its name. */
  readonly until: (name: string, isSo: () => boolean) => Effect.Effect<void>
}

/** Shorter than the time of a test, whose own error does not contain what the test waited for. */
const maxMillis = 28_000

const path = fileURLToPath(new URL("./worker.ts", import.meta.url))

const begin = (settings: Settings, onMessage: (message: FromWorker, worker: Worker) => void) =>
  Effect.acquireRelease(
    Effect.callback<Worker>((resume) => {
      const child = fork(path, [JSON.stringify(settings)], { execArgv: [] })
      const hasEnded = new Promise<number | null>((resolve) => child.once("exit", resolve))
      const worker: Worker = {
        child,
        // A killed worker receives no messages.
        send: (message) => void (child.connected && child.send(message)),
        logs: [],
        failures: [],
        ended: Effect.promise(() => hasEnded)
      }
      child.on("message", (message: FromWorker) => {
        if (message.type === "ready") resume(Effect.succeed(worker))
        else onMessage(message, worker)
      })
      child.once("exit", (code) => resume(Effect.die(new Error(`The worker ended with ${code}`))))
    }),
    ({ child, ended }) =>
      Effect.suspend(() => {
        child.kill("SIGKILL")
        return ended
      })
  )

/** `serviceMillis` is the duration of each call. */
export const makeHost = (serviceMillis: number): Host => {
  const accounts = new Map<string, HostUsage>()
  const watchers = new Set<() => void>()
  const endsAt = performance.now() + maxMillis

  const seen = (account: string): HostUsage => {
    const known = accounts.get(account) ?? { requests: 0, tokens: 0, running: 0, peak: 0 }
    accounts.set(account, known)
    return known
  }

  const onMessage = (message: FromWorker, worker: Worker): void => {
    if (message.type === "log") worker.logs.push([message.level, message.text])
    else if (message.type === "failed") worker.failures.push(message)
    else if (message.type === "begin") {
      const counters = seen(message.account)
      counters.requests += 1
      counters.tokens += message.tokens
      counters.running += 1
      counters.peak = Math.max(counters.peak, counters.running)
      setTimeout(() => {
        counters.running -= 1
        worker.send({ type: "over", id: message.id })
        notify()
      }, serviceMillis)
    }
    notify()
  }

  const notify = (): void => {
    for (const watcher of watchers) watcher()
  }

  return {
    seen,
    worker: (settings) => begin(settings, onMessage),
    until: (name, isSo) =>
      Effect.timeoutOrElse(
        Effect.callback<void>((resume) => {
          const watcher = (): void => {
            if (isSo()) resume(Effect.void)
          }
          watchers.add(watcher)
          watcher()
          return Effect.sync(() => watchers.delete(watcher))
        }),
        {
          duration: Math.max(0, endsAt - performance.now()),
          orElse: () =>
            Effect.die(new Error(`Still waiting until ${name}. Seen: ${JSON.stringify(Object.fromEntries(accounts))}`))
        }
      )
  }
}
