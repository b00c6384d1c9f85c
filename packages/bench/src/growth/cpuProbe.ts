/** One contestant: replies to every round with its CPU time at each point. */
import { cpuOf, repeat } from "../harness/cpu.ts"
import { chat, stream } from "../transport/checkedCalls.ts"
import { load } from "../transport/contestants.ts"
import { chunks, inFlight, type Name, type Round, type RoundResult } from "./points.ts"

const contestant = await load(process.argv[2] as Name)

const perCall = async ({ calls, urls }: Round, atOnce: number): Promise<number> =>
  (await cpuOf(() => repeat(calls, atOnce, chat(contestant, urls.chat)))) / calls

const perChunk = async ({ chunks: total, urls }: Round, at: number): Promise<number> => {
  const count = chunks[at] ?? Number.NaN
  const streams = Math.ceil(total / count)
  const cpu = await cpuOf(() => repeat(streams, 1, stream(contestant, urls.streams[at] ?? "", count)))
  return cpu / (streams * count)
}

const measure = async (round: Round): Promise<RoundResult> => {
  const result = { perCall: inFlight.map(() => Number.NaN), perChunk: chunks.map(() => Number.NaN) }
  for (const { at, curve } of round.order) {
    result[curve][at] = await (curve === "perCall" ? perCall(round, inFlight[at] ?? Number.NaN) : perChunk(round, at))
  }
  return result
}

process.on("message", async (round: Round) => process.send?.(await measure(round)))
process.send?.("ready")
