/** How long the agents of a worker stand still that is killed or frozen, until another worker works on all of them. */
import { randomUUID } from "node:crypto"
import { fork, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { start } from "../harness/childProcess.ts"
import { packedModule } from "../harness/packedApp.ts"
import type { Figure } from "../harness/Figure.ts"
import type { Message } from "./takeoverProbe.ts"

const agents = 20
/** Seconds. */
const lease = 2
const [steps, millis] = [40, 500]

const ends = [
  ["killed", "SIGKILL"],
  ["frozen", "SIGSTOP"]
] as const

/** The processes of a measurement that fails end with it. */
const running = new Set<ChildProcess>()
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL")
})

/** A worker, when it has joined the swarm, and when it works on all agents. */
const startWorker = (id: string, url: string) => {
  const args = [id, url, `${agents}`, `${lease}`]
  const child = fork(packedModule(new URL("./takeoverProbe.ts", import.meta.url)), args, { execArgv: [] })
  running.add(child)
  const [joined, all] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  child.once("exit", (code, signal) => {
    running.delete(child)
    const error = new Error(`A worker has ended with ${code ?? signal}`)
    joined.reject(error)
    all.reject(error)
  })
  const works = new Set<string>()
  child.on("message", (message: Message) => {
    if (message._tag === "Joined") joined.resolve()
    else if (works.add(message.agent).size === agents) all.resolve()
  })
  // The end of a worker after both is expected, and no unhandled rejection.
  for (const { promise } of [joined, all]) promise.catch(() => {})
  return { child, joined: joined.promise, all: all.promise }
}

const end = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, "exit")
  child.kill("SIGKILL")
  await exit
}

/** Seconds from the end of a worker that has all agents until another one has them. */
const measure = async (url: string, signal: NodeJS.Signals): Promise<number> => {
  const id = randomUUID()
  const first = startWorker(id, url)
  await first.all
  const second = startWorker(id, url)
  await second.joined
  const begin = performance.now()
  first.child.kill(signal)
  await second.all
  const seconds = (performance.now() - begin) / 1_000
  await end(first.child)
  await end(second.child)
  return seconds
}

export const run = async (isQuick: boolean): Promise<ReadonlyArray<Figure>> => {
  const figures: Array<Figure> = []
  for (const [name, signal] of ends) {
    const times: Array<number> = []
    for (let round = 0; round < (isQuick ? 1 : 5); round++) {
      const host = await start<string>(new URL("./host.ts", import.meta.url), [`${steps}`, `${millis}`])
      times.push(await measure(host.message, signal))
      await host.stop()
    }
    const value = Math.max(...times)
    figures.push({ name: `longest takeover of a ${name} worker`, value, unit: "s", threshold: 2 * lease })
  }
  return figures
}
