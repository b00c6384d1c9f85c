/** One contestant: makes the requested calls and replies with how they ended. */
import { load, type Name } from "./contestants.ts"

export interface RoundResult {
  readonly succeeded: number
  /** Milliseconds of every call, failed ones included. */
  readonly latencies: ReadonlyArray<number>
}

const inFlight = 64

const measure = async (calls: number, call: () => Promise<unknown>): Promise<RoundResult> => {
  const latencies: Array<number> = []
  let succeeded = 0
  let left = calls
  const worker = async () => {
    while (left-- > 0) {
      const startedAt = performance.now()
      await call().then(
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
