/**
 * CPU per call, CPU per chunk and heap per open stream, compared with the lower
 * bound and with other libraries. Every contestant runs in a separate process,
 * and their rounds are interleaved.
 */
import { type Figure, median } from "../harness/Figure.ts"
import { type Child, start } from "../harness/childProcess.ts"
import { type Name, names } from "./contestants.ts"
import type { Round, RoundResult } from "./cpuProbe.ts"
import { chunkCount, type Urls } from "./server.ts"

const inFlight = 64
const openStreams = 500

interface Size {
  readonly warmUp: number
  readonly rounds: number
  readonly calls: number
  readonly streams: number
  readonly heapRounds: number
}

const full: Size = { warmUp: 2, rounds: 7, calls: 4_096, streams: 80, heapRounds: 3 }
const quick: Size = { warmUp: 1, rounds: 3, calls: 2_048, streams: 40, heapRounds: 1 }

const module = (name: string): URL => new URL(name, import.meta.url)

type Samples = Map<Name, Array<number>>

const makeSamples = (): Samples => new Map(names.map((name) => [name, []]))

const ratio = (values: Samples, name: Name, base: Name): number =>
  median((values.get(name) ?? []).map((value, round) => value / (values.get(base)?.[round] ?? Number.NaN)))

const figuresOf = (what: string, unit: string, values: Samples, bar: number): ReadonlyArray<Figure> => [
  ...names.map((name) => ({ name: `${what}, ${name}`, value: median(values.get(name) ?? []), unit })),
  ...names
    .filter((name) => name !== "openai")
    .map((name): Figure => {
      const figure = { name: `${what}, ${name} to openai`, value: ratio(values, name, "openai"), unit: "x" }
      return name === "kimi-effect" ? { ...figure, threshold: bar } : figure
    })
]

const measureCpu = async (urls: Urls, size: Size): Promise<ReadonlyArray<Figure>> => {
  const children = new Map<Name, Child<unknown>>()
  for (const name of names) children.set(name, await start(module("./cpuProbe.ts"), [name]))
  const perCall = makeSamples()
  const perChunk = makeSamples()
  const round: Round = { urls, inFlight, calls: size.calls, streams: size.streams }
  for (let i = 0; i < size.warmUp + size.rounds; i++) {
    // The order rotates, so that no contestant always follows the same one.
    for (let k = 0; k < names.length; k++) {
      const name = names[(i + k) % names.length] as Name
      // The probe replies to every round with its result.
      const result = (await children.get(name)?.ask(round)) as RoundResult
      if (i < size.warmUp) continue
      perCall.get(name)?.push(result.perCall)
      perChunk.get(name)?.push(result.perChunk)
    }
  }
  for (const child of children.values()) await child.stop()
  return [
    ...figuresOf(`CPU per chat, ${inFlight} in flight`, "µs", perCall, 0.34),
    ...figuresOf(`CPU per chunk of ${chunkCount}`, "µs", perChunk, 0.36)
  ]
}

const measureHeap = async (urls: Urls, rounds: number): Promise<ReadonlyArray<Figure>> => {
  const perStream = makeSamples()
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      const child = await start<number>(module("./heapProbe.ts"), [name, urls.hold, `${openStreams}`])
      perStream.get(name)?.push(child.message)
      await child.stop()
    }
  }
  return figuresOf(`heap per open stream, ${openStreams} open`, "bytes", perStream, 0.7)
}

export const run = async (isQuick: boolean): Promise<ReadonlyArray<Figure>> => {
  const size = isQuick ? quick : full
  const server = await start<Urls>(module("./server.ts"))
  try {
    return [...(await measureCpu(server.message, size)), ...(await measureHeap(server.message, size.heapRounds))]
  } finally {
    await server.stop()
  }
}
