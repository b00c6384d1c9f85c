/**
 * CPU per call, CPU per chunk and heap per open stream, compared with the lower
 * bound and with other libraries. Every contestant runs in a separate process,
 * and their rounds are interleaved.
 */
import { type Figure, summarize } from "../harness/Figure.ts"
import { type Child, start } from "../harness/childProcess.ts"
import { type Name, names } from "./contestants.ts"
import { type Round, type RoundResult, type Urls, type Workload, workloads } from "./workloads.ts"

const openStreams = 500

interface Size extends Omit<Round, "urls"> {
  readonly warmUp: number
  readonly rounds: number
  readonly heapRounds: number
}

const full: Size = {
  // Until the code of streams is compiled: cold code costs up to three times as much, and by chance.
  warmUp: 8,
  rounds: 7,
  callsAlone: 1_024,
  callsInFlight: 4_096,
  longStreams: 40,
  shortStreams: 640,
  heapRounds: 3
}
const quick: Size = { ...full, warmUp: 1, rounds: 3, callsInFlight: 2_048, longStreams: 20, shortStreams: 320 }
/** For ratios that are compared with those of the same size. */
const compared: Size = { ...quick, warmUp: 3, heapRounds: 1 }

const module = (name: string): URL => new URL(name, import.meta.url)

type Samples = Map<Name, Array<number>>

const makeSamples = (names: ReadonlyArray<Name>): Samples => new Map(names.map((name) => [name, []]))

/** The ratios of the rounds of one contestant to those of another. */
const ratios = (values: Samples, name: Name, base: Name): ReadonlyArray<number> =>
  (values.get(name) ?? []).map((value, round) => value / (values.get(base)?.[round] ?? Number.NaN))

interface Bars {
  readonly defaults: number
  readonly full: number
  /** Only for workloads that are common in such runtimes. */
  readonly fetch?: number
}

const barOf = (name: Name, { defaults, fetch, full }: Bars): number | undefined => {
  switch (name) {
    case "kimi-effect":
      return defaults
    case "kimi-effect, full":
      return full
    case "kimi-effect, fetch":
      return fetch
    default:
      return undefined
  }
}

/** The lower bound, and the library whose cost is the unit of the thresholds. */
const bases: ReadonlyArray<Name> = ["undici", "openai"]

const ratioFigures = (what: string, values: Samples, base: Name, bars: Bars): ReadonlyArray<Figure> =>
  [...values.keys()]
    .filter((name) => name !== base)
    .map((name): Figure => {
      const figure = { name: `${what}, ${name} to ${base}`, ...summarize(ratios(values, name, base)), unit: "x" }
      const threshold = base === "openai" ? barOf(name, bars) : undefined
      return threshold === undefined ? figure : { ...figure, threshold }
    })

const figuresOf = (what: string, unit: string, values: Samples, bars: Bars): ReadonlyArray<Figure> => [
  ...[...values].map(([name, samples]) => ({ name: `${what}, ${name}`, ...summarize(samples), unit })),
  ...bases.filter((base) => values.has(base)).flatMap((base) => ratioFigures(what, values, base, bars))
]

const workloadNames = Object.keys(workloads) as ReadonlyArray<Workload>

const measureCpu = async (urls: Urls, size: Size, names: ReadonlyArray<Name>): Promise<ReadonlyArray<Figure>> => {
  const children = new Map<Name, Child<unknown>>()
  for (const name of names) children.set(name, await start(module("./cpuProbe.ts"), [name]))
  const samples = new Map<Workload, Samples>(workloadNames.map((workload) => [workload, makeSamples(names)]))
  const round: Round = { ...size, urls }
  for (let i = 0; i < size.warmUp + size.rounds; i++) {
    // The order rotates, so that no contestant always follows the same one.
    for (let k = 0; k < names.length; k++) {
      const name = names[(i + k) % names.length] as Name
      // The probe replies to every round with its result.
      const result = (await children.get(name)?.ask(round)) as RoundResult
      if (i < size.warmUp) continue
      for (const workload of workloadNames) samples.get(workload)?.get(name)?.push(result[workload])
    }
  }
  for (const child of children.values()) await child.stop()
  return workloadNames.flatMap((workload) =>
    figuresOf(workloads[workload].name, "µs", samples.get(workload) ?? makeSamples([]), workloads[workload])
  )
}

const measureHeap = async (urls: Urls, rounds: number, names: ReadonlyArray<Name>): Promise<ReadonlyArray<Figure>> => {
  const perStream = makeSamples(names)
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      const child = await start<number>(module("./heapProbe.ts"), [name, urls.hold, `${openStreams}`])
      perStream.get(name)?.push(child.message)
      await child.stop()
    }
  }
  return figuresOf(`heap per open stream, ${openStreams} open`, "bytes", perStream, { defaults: 0.68, full: 0.75 })
}

const measure = async (size: Size, names: ReadonlyArray<Name>): Promise<ReadonlyArray<Figure>> => {
  const server = await start<Urls>(module("./server.ts"))
  try {
    return [
      ...(await measureCpu(server.message, size, names)),
      ...(await measureHeap(server.message, size.heapRounds, names))
    ]
  } finally {
    await server.stop()
  }
}

export const run = (isQuick: boolean): Promise<ReadonlyArray<Figure>> => measure(isQuick ? quick : full, names)

/** Measures kimi-effect next to openai alone. */
export const runOurs = (): Promise<ReadonlyArray<Figure>> =>
  measure(
    compared,
    names.filter((name) => name === "openai" || name.startsWith("kimi-effect"))
  )
