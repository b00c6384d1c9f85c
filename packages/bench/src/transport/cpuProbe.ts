/** One contestant: runs the requested rounds and replies with their CPU time. */
import { cpuOf, repeat } from "../harness/cpu.ts"
import { chat, stream } from "./checkedCalls.ts"
import { load, type Name } from "./contestants.ts"
import { chunkCount, type Round, type RoundResult, shortChunkCount } from "./workloads.ts"

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
