/** CPU per call, CPU per chunk and heap per open stream, beside the raw limit and the peers. */
import { type Figure, median } from "../harness/Figure.ts"
import { start } from "../harness/process.ts"
import type { Contestant } from "./Contestant.ts"
import { load, type Name, names } from "./contestants.ts"
import { chunkCount, type Urls } from "./server.ts"

const inFlight = 64
const openStreams = 500

interface Size {
  readonly rounds: number
  readonly calls: number
  readonly streams: number
}

const full: Size = { rounds: 9, calls: 1_024, streams: 24 }
const quick: Size = { rounds: 3, calls: 256, streams: 8 }

/** Microseconds of CPU of this process. */
const cpuOf = async (work: () => Promise<void>): Promise<number> => {
  globalThis.gc?.()
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return user + system
}

const chats = async (contestant: Contestant, url: string, calls: number): Promise<void> => {
  let left = calls
  const worker = async () => {
    while (left-- > 0) if ((await contestant.chat(url)) === "") throw new Error(`${contestant.name} got no answer`)
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
}

const streams = async (contestant: Contestant, url: string, count: number): Promise<void> => {
  for (let i = 0; i < count; i++) {
    const pieces = await contestant.stream(url)
    if (pieces !== chunkCount) throw new Error(`${contestant.name} saw ${pieces} pieces of ${chunkCount}`)
  }
}

type Table = Map<Name, Array<number>>

const ratio = (table: Table, name: Name, base: Name): number =>
  median((table.get(name) ?? []).map((value, round) => value / (table.get(base)?.[round] ?? Number.NaN)))

const figuresOf = (what: string, unit: string, table: Table, bar: number): ReadonlyArray<Figure> => [
  ...names.map((name) => ({ name: `${what}, ${name}`, value: median(table.get(name) ?? []), unit })),
  ...names
    .filter((name) => name !== "openai")
    .map((name): Figure => {
      const figure = { name: `${what}, ${name} to openai`, value: ratio(table, name, "openai"), unit: "x" }
      return name === "kimi-effect" ? { ...figure, bar } : figure
    })
]

const measureCpu = async (urls: Urls, size: Size): Promise<ReadonlyArray<Figure>> => {
  const contestants = new Map<Name, Contestant>()
  for (const name of names) contestants.set(name, await load(name))
  const perCall: Table = new Map(names.map((name) => [name, []]))
  const perChunk: Table = new Map(names.map((name) => [name, []]))
  // Round 0 warms up and is thrown away. The order turns with the rounds.
  for (let round = 0; round <= size.rounds; round++) {
    const turned = names.map((_, i) => names[(i + round) % names.length] as Name)
    for (const name of turned) {
      const contestant = contestants.get(name) as Contestant
      const call = (await cpuOf(() => chats(contestant, urls.chat, size.calls))) / size.calls
      const chunk = (await cpuOf(() => streams(contestant, urls.stream, size.streams))) / (size.streams * chunkCount)
      if (round > 0) {
        perCall.get(name)?.push(call)
        perChunk.get(name)?.push(chunk)
      }
    }
  }
  for (const contestant of contestants.values()) await contestant.close()
  return [
    ...figuresOf(`CPU per chat, ${inFlight} in flight`, "µs", perCall, 0.34),
    ...figuresOf(`CPU per chunk of ${chunkCount}`, "µs", perChunk, 0.36)
  ]
}

const measureHeap = async (urls: Urls, rounds: number): Promise<ReadonlyArray<Figure>> => {
  const table: Table = new Map(names.map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      const child = await start<number>(new URL("./heapProbe.ts", import.meta.url), [name, urls.hold, `${openStreams}`])
      table.get(name)?.push(child.message)
      await child.stop()
    }
  }
  return figuresOf(`heap per open stream, ${openStreams} open`, "bytes", table, 0.7)
}

export const run = async (isQuick: boolean): Promise<ReadonlyArray<Figure>> => {
  const server = await start<Urls>(new URL("./server.ts", import.meta.url))
  try {
    const cpu = await measureCpu(server.message, isQuick ? quick : full)
    return [...cpu, ...(await measureHeap(server.message, isQuick ? 1 : 3))]
  } finally {
    await server.stop()
  }
}
