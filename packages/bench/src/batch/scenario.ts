/**
 * What a batch adds to calls of `chat`: CPU time of a row, the rate at a server,
 * memory while it runs, and the time to continue a finished job.
 */
import { start } from "../harness/childProcess.ts"
import { type Figure, summarize } from "../harness/Figure.ts"
import type { Urls } from "../transport/workloads.ts"
import type { RoundResult as CpuResult } from "./cpuProbe.ts"
import type { Result as MemoryResult } from "./memoryProbe.ts"
import type { RoundResult as RateResult } from "./rateProbe.ts"
import type { Result as ResumeResult } from "./resumeProbe.ts"

interface Size {
  readonly warmUp: number
  readonly cpuRounds: number
  /** Pairs of a batch and of `forEach`, one after the other, so that both get the same share of a busy machine. */
  readonly pairs: number
  /** As many as a job has: a run of 1,000 rows has one or two collections of garbage, one of 20,000 about thirty. */
  readonly pairRows: number
  readonly rows: number
  /** Processes whose memory is measured. */
  readonly processes: number
  readonly finished: number
}

const full: Size = {
  warmUp: 2,
  cpuRounds: 7,
  pairs: 30,
  pairRows: 20_000,
  rows: 20_000,
  processes: 7,
  finished: 100_000
}
const quick: Size = { warmUp: 1, cpuRounds: 3, pairs: 10, pairRows: 500, rows: 5_000, processes: 1, finished: 20_000 }

const module = (name: string): URL => new URL(name, import.meta.url)

const measureCpu = async ({ cpuRounds, warmUp }: Size): Promise<ReadonlyArray<Figure>> => {
  const probe = await start(module("./cpuProbe.ts"))
  const results: Array<CpuResult> = []
  for (let round = 0; round < warmUp + cpuRounds; round++) {
    const result = (await probe.ask(round)) as CpuResult
    if (round >= warmUp) results.push(result)
  }
  await probe.stop()
  const beyond = (name: "batch" | "job") => summarize(results.map((result) => result[name] - result.chat))
  const toChat = (name: "batch" | "job") => summarize(results.map((result) => result[name] / result.chat))
  return [
    { name: "CPU of a call of chat", ...summarize(results.map(({ chat }) => chat)), unit: "µs" },
    { name: "CPU of a row, beyond chat", ...beyond("batch"), unit: "µs", threshold: 40 },
    { name: "CPU of a row from file to file, beyond chat", ...beyond("job"), unit: "µs" },
    { name: "CPU of a row to that of chat", ...toChat("batch"), unit: "x" },
    { name: "CPU of a row from file to file to that of chat", ...toChat("job"), unit: "x" }
  ]
}

const measureRate = async (baseUrl: string, { pairRows, pairs, warmUp }: Size): Promise<ReadonlyArray<Figure>> => {
  const probe = await start(module("./rateProbe.ts"), [baseUrl, `${pairRows}`])
  const results: Array<RateResult> = []
  for (let round = 0; round < warmUp + pairs; round++) {
    const result = (await probe.ask(round % 2 === 0 ? "batch first" : "forEach first")) as RateResult
    if (round >= warmUp) results.push(result)
  }
  await probe.stop()
  const rateOf = (name: keyof RateResult) => summarize(results.map((result) => (pairRows * 1_000) / result[name].wall))
  // Of each pair, so that a pause of the machine in one of them does not decide.
  const ratioOf = (time: "cpu" | "wall") => summarize(results.map(({ batch, forEach }) => forEach[time] / batch[time]))
  return [
    { name: `rate of ${pairs} times ${pairRows} rows, forEach`, ...rateOf("forEach"), unit: "rows/s" },
    { name: `rate of ${pairs} times ${pairRows} rows, batch`, ...rateOf("batch"), unit: "rows/s" },
    {
      name: "rate of a batch to that of forEach over chat",
      ...ratioOf("wall"),
      unit: "x",
      threshold: 0.9,
      isHigherBetter: true
    },
    // It does not depend on what else the machine does.
    { name: "CPU of forEach over chat to that of a batch", ...ratioOf("cpu"), unit: "x", isHigherBetter: true }
  ]
}

const measureMemory = async (baseUrl: string, { processes, rows }: Size): Promise<ReadonlyArray<Figure>> => {
  const from = rows / 10
  // A young generation of one size: by default V8 lets it grow by tens of MiB, also in a program that keeps nothing.
  const nodeOptions = ["--expose-gc", "--max-semi-space-size=4"]
  const results: Array<MemoryResult> = []
  // When V8 collects depends on what else the machine does: single processes differ by 20 MiB.
  for (let count = 0; count < processes; count++) {
    const probe = await start<MemoryResult>(module("./memoryProbe.ts"), [baseUrl, `${from}`, `${rows}`], nodeOptions)
    await probe.stop()
    results.push(probe.message)
  }
  const of = (valueOf: (result: MemoryResult) => number) => ({ ...summarize(results.map(valueOf)), unit: "MiB" })
  return [
    {
      name: `growth of what a job keeps from row ${from} to ${rows}`,
      ...of(({ live }) => live[1] - live[0]),
      threshold: 2
    },
    {
      name: `growth of the memory of a job from row ${from} to its largest of ${rows} rows`,
      ...of(({ before, peak }) => peak - before),
      threshold: 30
    },
    { name: `largest memory of ${rows} plain calls`, ...of(({ plain }) => plain) },
    { name: `largest memory of a job of ${rows} rows after them`, ...of(({ peak }) => peak) }
  ]
}

const measureResume = async ({ finished }: Size): Promise<ReadonlyArray<Figure>> => {
  const probe = await start<ResumeResult>(module("./resumeProbe.ts"), [`${finished}`])
  await probe.stop()
  const { gzip, plain } = probe.message
  return [
    { name: `time to continue a finished job of ${finished} rows`, value: plain, unit: "s", threshold: 3 },
    { name: `time to continue a finished job of ${finished} rows, compressed`, value: gzip, unit: "s", threshold: 3 }
  ]
}

/** The ratios, without what takes the longest. */
export const runRatios = async (): Promise<ReadonlyArray<Figure>> => {
  const cpu = await measureCpu(quick)
  const server = await start<Urls>(new URL("../transport/server.ts", import.meta.url))
  try {
    return [...cpu, ...(await measureRate(server.message.chat, quick))]
  } finally {
    await server.stop()
  }
}

export const run = async (isQuick: boolean): Promise<ReadonlyArray<Figure>> => {
  const size = isQuick ? quick : full
  const cpu = await measureCpu(size)
  const server = await start<Urls>(new URL("../transport/server.ts", import.meta.url))
  const rate = await measureRate(server.message.chat, size)
  const memory = await measureMemory(server.message.chat, size)
  await server.stop()
  return [...cpu, ...rate, ...memory, ...(await measureResume(size))]
}
