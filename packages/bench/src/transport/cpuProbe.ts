/** One contestant: runs the requested rounds and replies with their CPU time. */
import type { Contestant } from "./Contestant.ts"
import { load, type Name } from "./contestants.ts"
import { chunkCount, type Round, type RoundResult, shortChunkCount } from "./workloads.ts"

// No forced collection before a round, since a full one discards compiled code, unlike in a running service.
const cpuOf = async (work: () => Promise<void>): Promise<number> => {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return user + system
}

/** Runs a task a number of times, with so many at once. */
const repeat = async (times: number, atOnce: number, task: () => Promise<void>): Promise<void> => {
  let left = times
  const worker = async () => {
    while (left-- > 0) await task()
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

const chat = (contestant: Contestant, url: string) => async (): Promise<void> => {
  if ((await contestant.chat(url)) === "") throw new Error(`${contestant.name} got no response`)
}

const stream = (contestant: Contestant, url: string, expected: number) => async (): Promise<void> => {
  const pieces = await contestant.stream(url)
  if (pieces !== expected) throw new Error(`${contestant.name} saw ${pieces} pieces of ${expected}`)
}

const contestant = await load(process.argv[2] as Name)

const perChat = async (url: string, calls: number, atOnce: number): Promise<number> =>
  (await cpuOf(() => repeat(calls, atOnce, chat(contestant, url)))) / calls

const perChunk = async (url: string, streams: number, atOnce: number, chunks: number): Promise<number> =>
  (await cpuOf(() => repeat(streams, atOnce, stream(contestant, url, chunks)))) / (streams * chunks)

process.on("message", async ({ callsAlone, callsInFlight, longStreams, shortStreams, urls }: Round) => {
  const result: RoundResult = {
    chatAlone: await perChat(urls.chat, callsAlone, 1),
    chatInFlight: await perChat(urls.chat, callsInFlight, 64),
    batchedStream: await perChunk(urls.batched, longStreams, 1, chunkCount),
    unbatchedStream: await perChunk(urls.unbatched, longStreams, 1, chunkCount),
    openStreams: await perChunk(urls.short, shortStreams, 32, shortChunkCount)
  }
  process.send?.(result)
})
process.send?.("ready")
