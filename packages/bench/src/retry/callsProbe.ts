/** One contestant: makes the requested calls and replies with how they ended. */
import type { Contestant } from "./Contestant.ts"
import { load, type Name } from "./contestants.ts"

export interface Result {
  readonly succeeded: number
  /** Milliseconds of every call, failed ones included. */
  readonly latencies: ReadonlyArray<number>
}

const inFlight = 64

/** Milliseconds after which a call counts as failed, as one of LangChain's may wait minutes between its attempts. */
const deadline = 30_000

const withDeadline = (call: Promise<unknown>): Promise<unknown> => {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error("The call is late")), deadline)
  return Promise.race([call, promise]).finally(() => clearTimeout(timer))
}

const measure = async (calls: number, chat: Contestant["chat"]): Promise<Result> => {
  const latencies: Array<number> = []
  let succeeded = 0
  let next = 0
  const worker = async () => {
    while (next < calls) {
      const startedAt = performance.now()
      await withDeadline(chat(next++)).then(
        () => succeeded++,
        () => undefined
      )
      latencies.push(performance.now() - startedAt)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
  return { succeeded, latencies }
}

const [name, baseUrl = ""] = process.argv.slice(2)

if (process.send !== undefined) {
  const contestant = await load(name as Name, baseUrl)
  process.on("message", async (calls: number) => process.send?.(await measure(calls, contestant.chat)))
  process.send("ready")
}
