/** Child processes of a measurement: a server beside the client, or one client alone with its heap. */
import { fork } from "node:child_process"
import { once } from "node:events"

/** A process that has sent its first message. */
export interface Child<A> {
  readonly message: A
  readonly stop: () => Promise<void>
}

/** Starts a module as a process and waits for the first message it sends. */
export const start = async <A>(module: URL, args: ReadonlyArray<string> = []): Promise<Child<A>> => {
  const child = fork(module, args, { execArgv: ["--expose-gc"], stdio: ["ignore", "inherit", "inherit", "ipc"] })
  const failed = once(child, "exit").then(([code]) =>
    Promise.reject(new Error(`${module.pathname} ended with ${code}`))
  )
  const [message] = await Promise.race([once(child, "message"), failed])
  failed.catch(() => undefined)
  return {
    // The module and the caller agree on the message's type.
    message: message as A,
    stop: async () => {
      if (child.exitCode !== null) return
      const exit = once(child, "exit")
      child.kill()
      await exit
    }
  }
}
