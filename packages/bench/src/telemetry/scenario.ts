/** The cost of telemetry: per call, per chunk of a stream, and when it is off. */
import { type Figure, median, summarize } from "../harness/Figure.ts"
import { start } from "../harness/childProcess.ts"
import type { CpuCost, RoundResult } from "./telemetryProbe.ts"

interface Size {
  readonly warmUp: number
  readonly rounds: number
}

const full: Size = { warmUp: 2, rounds: 9 }
const quick: Size = { warmUp: 1, rounds: 3 }

/** The number of chunks that the probe streams. */
const chunks = 1_000

export const run = async (isQuick: boolean): Promise<ReadonlyArray<Figure>> => {
  const { rounds, warmUp } = isQuick ? quick : full
  const child = await start(new URL("./telemetryProbe.ts", import.meta.url))
  const results: Array<RoundResult> = []
  for (let i = 0; i < warmUp + rounds; i++) {
    const result = (await child.ask(i)) as RoundResult
    if (i >= warmUp) results.push(result)
  }
  await child.stop()

  const of = (name: keyof RoundResult, member: keyof CpuCost) => median(results.map((result) => result[name][member]))
  const beyond = (name: keyof RoundResult, member: keyof CpuCost) =>
    summarize(results.map((result) => result[name][member] - result.off[member]))
  const perChunk = (name: keyof RoundResult, member: "separateReads" | "batchedReads") =>
    // Apart from its chunks, a stream costs as much as a call.
    (beyond(name, member).value - beyond(name, "call").value) / chunks

  const toOff = (name: keyof RoundResult, member: keyof CpuCost) =>
    summarize(results.map((result) => result[name][member] / result.off[member]))

  return [
    { name: "a call without telemetry", value: of("off", "call"), unit: "µs" },
    { name: "a call, metrics, spans and records on, beyond it", ...beyond("on", "call"), unit: "µs" },
    { name: "a call, with a line of JSON too, beyond it", ...beyond("logged", "call"), unit: "µs", threshold: 25 },
    { name: "a call, spans encoded for a collector too, beyond it", ...beyond("exported", "call"), unit: "µs" },
    {
      name: "a chunk of a stream, on, beyond off, 8 in a read",
      value: perChunk("on", "batchedReads"),
      unit: "µs",
      threshold: 0.3
    },
    {
      name: "a chunk of a stream, on, beyond off, each a read",
      value: perChunk("on", "separateReads"),
      unit: "µs",
      threshold: 0.3
    },
    {
      name: "a chunk of a stream without telemetry, each a read",
      value: of("off", "separateReads") / chunks,
      unit: "µs"
    },
    { name: "a call without telemetry, to another such", ...toOff("offAgain", "call"), unit: "x" },
    { name: "a call, metrics, spans and records on, to one without", ...toOff("on", "call"), unit: "x" },
    { name: "a call, with a line of JSON too, to one without", ...toOff("logged", "call"), unit: "x" },
    { name: "a call, spans encoded for a collector too, to one without", ...toOff("exported", "call"), unit: "x" },
    { name: "a stream, on, to one without, 8 chunks in a read", ...toOff("on", "batchedReads"), unit: "x" },
    { name: "a stream, on, to one without, each chunk a read", ...toOff("on", "separateReads"), unit: "x" }
  ]
}
