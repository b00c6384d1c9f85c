/** One contestant: replies to every round with its CPU time at each point. */
import { cpuOf, repeat } from "../harness/cpu.ts"
import { chat, stream } from "../transport/checkedCalls.ts"
import { load } from "../transport/contestants.ts"
import { chunks, inFlight, type Name, type Round, type RoundResult } from "./points.ts"

const contestant = await load(process.argv[2] as Name)

const measure = async ({ calls, chunks: total, urls }: Round): Promise<RoundResult> => {
  const perCall: Array<number> = []
  for (const atOnce of inFlight) {
    perCall.push((await cpuOf(() => repeat(calls, atOnce, chat(contestant, urls.chat)))) / calls)
  }
  const perChunk: Array<number> = []
  for (const [at, count] of chunks.entries()) {
    const task = stream(contestant, urls.streams[at] ?? "", count)
    perChunk.push((await cpuOf(() => repeat(Math.ceil(total / count), 1, task))) / (Math.ceil(total / count) * count))
  }
  return { perCall, perChunk }
}

process.on("message", async (round: Round) => process.send?.(await measure(round)))
process.send?.("ready")
