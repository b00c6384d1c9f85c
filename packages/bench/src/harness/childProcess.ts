/** The child processes of a measurement: the server, and each contestant alone in a separate process. */
import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { packedModule } from "./packedApp.ts"

/** A measurement that fails leaves no process behind. */
const running = new Set<ChildProcess>()
process.once("exit", () => {
  for (const child of running) child.kill()
})

/** A process that has sent its first message. */
export interface Child<A> {
  readonly message: A
  /** Sends a message and waits for the reply. */
  readonly ask: (message: unknown) => Promise<unknown>
  readonly stop: () => Promise<void>
}

const nextMessage = async (child: ChildProcess, name: string): Promise<unknown> => {
  const abort = new AbortController()
  try {
    return await Promise.race([
      once(child, "message", { signal: abort.signal }).then(([message]) => message),
      once(child, "exit", { signal: abort.signal }).then(([code]) =>
        Promise.reject(new Error(`${name} ended with ${code}`))
      )
    ])
  } finally {
    abort.abort()
  }
}

/** Starts a module as a process, on the packed packages and with options for Node, and waits for its first message. */
export const start = async <A>(
  module: URL,
  args: ReadonlyArray<string> = [],
  nodeOptions: ReadonlyArray<string> = ["--expose-gc"]
): Promise<Child<A>> => {
  const child = fork(packedModule(module), args, {
    execArgv: [...nodeOptions],
    stdio: ["ignore", "inherit", "inherit", "ipc"]
  })
  running.add(child)
  child.once("exit", () => running.delete(child))
  const message = await nextMessage(child, module.pathname)
  return {
    // The module and the caller agree on the message's type.
    message: message as A,
    ask: (question) => {
      const answer = nextMessage(child, module.pathname)
      child.send(question as object)
      return answer
    },
    stop: async () => {
      if (child.exitCode !== null) return
      const exit = once(child, "exit")
      child.kill()
      await exit
    }
  }
}
