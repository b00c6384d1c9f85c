/** One contestant: makes the requested calls and replies with how they ended. */
import type { Contestant } from "./Contestant.ts"
import { load, type Name } from "./contestants.ts"

/** The calls of one round, by number. */
export interface Round {
  readonly from: number
  readonly calls: number
}

export interface RoundResult {
  readonly succeeded: number
  /** Milliseconds of every call, failed ones included. */
  readonly latencies: ReadonlyArray<number>
}

const inFlight = 64

const measure = async ({ calls, from }: Round, chat: Contestant["chat"]): Promise<RoundResult> => {
  const latencies: Array<number> = []
  let succeeded = 0
  let next = from
  const worker = async () => {
    while (next < from + calls) {
      const startedAt = performance.now()
      await chat(next++).then(
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
  process.on("message", async (round: Round) => process.send?.(await measure(round, contestant.chat)))
  process.send("ready")
}
