/**
 * How cost grows: CPU per call with the calls in flight, CPU per chunk with the
 * length of a stream, and the used heap with the number of calls. Every contestant runs in
 * a separate process, and their rounds are interleaved. In each round the points are
 * measured in a random order, so that the code that is compiled and the memory that is
 * used while a process runs do not favor the later ones. `KIMI_SEED` repeats the orders.
 */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { type Figure, summarize } from "../harness/Figure.ts"
import { type Child, start } from "../harness/childProcess.ts"
import {
  chunks,
  inFlight,
  type Name,
  names,
  type Point,
  points,
  type Round,
  type RoundResult,
  type Urls
} from "./points.ts"

interface Size extends Omit<Round, "urls" | "order"> {
  readonly warmUp: number
  readonly rounds: number
  /** Calls over which the heap is measured. */
  readonly memoryCalls: number
}

const full: Size = { warmUp: 2, rounds: 5, calls: 4_000, chunks: 40_000, memoryCalls: 100_000 }
const quick: Size = { warmUp: 1, rounds: 2, calls: 500, chunks: 10_000, memoryCalls: 5_000 }

/** How many times the cost of a middle point the last one may take for kimi-effect. */
const maxGrowth = { perCall: 1.5, perChunk: 1.25, heap: 1.1 } as const

const module = (name: string): URL => new URL(name, import.meta.url)

const isOurs = (name: Name): boolean => name.startsWith("kimi-effect")

type Results = ReadonlyMap<Name, ReadonlyArray<RoundResult>>

/** An order of the points for each round, which all contestants have in common. */
const drawOrders = (seed: string, rounds: number): ReadonlyArray<ReadonlyArray<Point>> =>
  Effect.runSync(
    Effect.forEach(Array.from({ length: rounds }), () => Random.shuffle(points)).pipe(Random.withSeed(seed))
  )

const measureCpu = async (urls: Urls, { rounds, warmUp, ...work }: Size): Promise<Results> => {
  const children = new Map<Name, Child<unknown>>()
  const results = new Map<Name, Array<RoundResult>>()
  for (const name of names) children.set(name, await start(module("./cpuProbe.ts"), [name]))
  const seed = process.env["KIMI_SEED"] ?? "growth"
  process.stderr.write(`KIMI_SEED=${seed}\n`)
  for (const [i, order] of drawOrders(seed, warmUp + rounds).entries()) {
    const round: Round = { calls: work.calls, chunks: work.chunks, urls, order }
    // The order rotates, so that no contestant always follows the same one.
    for (let k = 0; k < names.length; k++) {
      const name = names[(i + k) % names.length] as Name
      // The probe replies to every round with its result.
      const result = (await children.get(name)?.ask(round)) as RoundResult
      if (i >= warmUp) results.set(name, [...(results.get(name) ?? []), result])
    }
  }
  for (const child of children.values()) await child.stop()
  return results
}

/** The curve of each contestant, and how much its last point costs as a multiple of the one to compare it with. */
const curves = (
  results: Results,
  member: keyof RoundResult,
  points: ReadonlyArray<number>,
  base: number,
  nameOf: (point: number) => string
): ReadonlyArray<Figure> => {
  const last = points.length - 1
  const from = points.indexOf(base)
  const of = (name: Name, valueOf: (values: ReadonlyArray<number>) => number | undefined) =>
    summarize((results.get(name) ?? []).map((round) => valueOf(round[member]) ?? Number.NaN))
  return [
    ...points.flatMap((point, at) =>
      names.map((name) => ({ name: `${nameOf(point)}, ${name}`, ...of(name, (values) => values[at]), unit: "µs" }))
    ),
    ...names.map((name): Figure => {
      // Of the same round, so that the load of the machine is the same.
      const growth = of(name, (values) => (values[last] ?? Number.NaN) / (values[from] ?? Number.NaN))
      const what = `${nameOf(points[last] ?? 0)} to ${base}`
      const figure = { name: `${what}, ${name}`, ...growth, unit: "x" }
      return isOurs(name) ? { ...figure, threshold: maxGrowth[member] } : figure
    })
  ]
}

const measureHeap = async (url: string, calls: number): Promise<ReadonlyArray<Figure>> => {
  // All at once: the load of the machine does not change what is on the heap.
  const heaps = await Promise.all(
    names.map(async (name) => {
      const child = await start<ReadonlyArray<number>>(module("./memoryProbe.ts"), [name, url, `${calls}`])
      await child.stop()
      return [name, child.message] as const
    })
  )
  const at = (values: ReadonlyArray<number>, tenth: number): number => values[tenth - 1] ?? Number.NaN
  return [
    ...[1, 2, 5, 10].flatMap((tenth) =>
      heaps.map(([name, values]) => ({
        name: `heap after ${(calls * tenth) / 10} calls, ${name}`,
        value: at(values, tenth) / 1024 ** 2,
        unit: "MB"
      }))
    ),
    ...heaps.map(([name, values]): Figure => {
      const figure = {
        name: `heap after all calls to a fifth of them, ${name}`,
        value: at(values, 10) / at(values, 2),
        unit: "x"
      }
      return isOurs(name) ? { ...figure, threshold: maxGrowth.heap } : figure
    })
  ]
}

export const run = async (isQuick: boolean): Promise<ReadonlyArray<Figure>> => {
  const size = isQuick ? quick : full
  const server = await start<Urls>(module("./server.ts"))
  try {
    const results = await measureCpu(server.message, size)
    return [
      ...curves(results, "perCall", inFlight, 64, (point) => `CPU per chat at ${point} in flight`),
      ...curves(results, "perChunk", chunks, 1_000, (point) => `CPU per chunk of a stream of ${point}`),
      ...(await measureHeap(server.message.chat, size.memoryCalls))
    ]
  } finally {
    await server.stop()
  }
}
