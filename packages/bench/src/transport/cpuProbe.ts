/** One contestant: runs the requested rounds and replies with their CPU time. */
import type { Contestant } from "./Contestant.ts"
import { load, type Name } from "./contestants.ts"
import { chunkCount, type Urls } from "./server.ts"

/** The work of one round. */
export interface Round {
  readonly urls: Urls
  readonly inFlight: number
  readonly calls: number
  readonly streams: number
}

/** Microseconds of CPU. */
export interface RoundResult {
  readonly perCall: number
  readonly perChunk: number
}

// No forced collection before a round, since a full one discards compiled code, unlike in a running service.
const cpuOf = async (work: () => Promise<void>): Promise<number> => {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return user + system
}

const chats = async (contestant: Contestant, { urls, inFlight, calls }: Round): Promise<void> => {
  let left = calls
  const worker = async () => {
    while (left-- > 0) {
      if ((await contestant.chat(urls.chat)) === "") throw new Error(`${contestant.name} got no response`)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
}

const streams = async (contestant: Contestant, { urls, streams }: Round): Promise<void> => {
  for (let i = 0; i < streams; i++) {
    const pieces = await contestant.stream(urls.stream)
    if (pieces !== chunkCount) throw new Error(`${contestant.name} saw ${pieces} pieces of ${chunkCount}`)
  }
}

const contestant = await load(process.argv[2] as Name)

process.on("message", async (round: Round) => {
  const call = await cpuOf(() => chats(contestant, round))
  const chunk = await cpuOf(() => streams(contestant, round))
  const result: RoundResult = { perCall: call / round.calls, perChunk: chunk / (round.streams * chunkCount) }
  process.send?.(result)
})
process.send?.("ready")
