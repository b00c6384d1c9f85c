/**
 * The cost of a cached response compared with a call to the host: from memory
 * through the whole client, the lookup alone, and from an SQLite file; and the
 * gain of a cache for a workload with repeated prompts.
 */
import { type Figure, summarize } from "../harness/Figure.ts"
import { type Child, start } from "../harness/childProcess.ts"
import type { Urls } from "../transport/workloads.ts"
import { type Name as Client, names as clients, type RoundResult as HitResult } from "./hitProbe.ts"
import type { Name as Part, RoundResult as LookupResult } from "./lookupProbe.ts"
import type { RoundResult as StoreResult } from "./storeProbe.ts"
import type { Name as Cached, Result as ZipfResult } from "./zipfProbe.ts"

interface Size {
  readonly warmUp: number
  readonly rounds: number
  /** Calls per round to the cache and to the server. */
  readonly calls: { readonly [C in Client]: number }
  readonly workload: number
  readonly workloads: number
}

const full: Size = {
  warmUp: 2,
  rounds: 7,
  calls: { "kimi-effect": 50_000, openai: 1_000 },
  workload: 10_000,
  workloads: 3
}
const quick: Size = {
  warmUp: 1,
  rounds: 3,
  calls: { "kimi-effect": 20_000, openai: 500 },
  workload: 10_000,
  workloads: 1
}

const module = (name: string): URL => new URL(name, import.meta.url)

const measureHits = async (baseUrl: string, { calls, rounds, warmUp }: Size): Promise<ReadonlyArray<Figure>> => {
  const children = new Map<Client, Child<unknown>>()
  for (const name of clients) children.set(name, await start(module("./hitProbe.ts"), [name, baseUrl]))
  const results = new Map<Client, Array<HitResult>>(clients.map((name) => [name, []]))
  for (let i = 0; i < warmUp + rounds; i++) {
    for (const name of clients) {
      // The probe replies to every round with its result.
      const result = (await children.get(name)?.ask(calls[name])) as HitResult
      if (i >= warmUp) results.get(name)?.push(result)
    }
  }
  for (const child of children.values()) await child.stop()
  const of = (name: Client, member: keyof HitResult) => (results.get(name) ?? []).map((result) => result[member])
  const times = (member: keyof HitResult) => {
    const hits = of("kimi-effect", member)
    return summarize(of("openai", member).map((value, round) => value / (hits[round] ?? Number.NaN)))
  }
  return [
    // A hit does not wait, so its CPU time is its duration, independent of the load on the machine.
    { name: "hit in memory through KimiClient.chat", ...summarize(of("kimi-effect", "wall")), unit: "µs" },
    {
      name: "hit in memory through KimiClient.chat, CPU",
      ...summarize(of("kimi-effect", "cpu")),
      unit: "µs",
      threshold: 15
    },
    { name: "openai's call to the local server", ...summarize(of("openai", "wall")), unit: "µs" },
    { name: "openai's call to the local server, CPU", ...summarize(of("openai", "cpu")), unit: "µs" },
    { name: "openai's call to the hit", ...times("wall"), unit: "x", threshold: 20, isHigherBetter: true },
    // The cache saves the time of the client; the server's time is not counted.
    { name: "openai's call to the hit, CPU", ...times("cpu"), unit: "x", threshold: 20, isHigherBetter: true }
  ]
}

const measureLookup = async ({ rounds, warmUp }: Size): Promise<ReadonlyArray<Figure>> => {
  const child = await start(module("./lookupProbe.ts"))
  const results: Array<LookupResult> = []
  for (let i = 0; i < warmUp + rounds; i++) {
    const result = (await child.ask(i)) as LookupResult
    if (i >= warmUp) results.push(result)
  }
  await child.stop()
  const figure = (name: string, part: Part): Figure => ({
    name,
    ...summarize(results.map((result) => result[part])),
    unit: "µs"
  })
  return [
    figure("digest and lru-cache.get, bare", "bare"),
    figure("lookup of the cache", "lookup"),
    {
      name: "lookup to bare",
      ...summarize(results.map(({ bare, lookup }) => lookup / bare)),
      unit: "x",
      threshold: 5
    },
    figure("of a lookup: its key", "key"),
    figure("of a call outside the lookup: the check of the request", "check"),
    figure("of a call outside the lookup: the span", "span")
  ]
}

const measureStore = async (baseUrl: string, { rounds, warmUp }: Size): Promise<ReadonlyArray<Figure>> => {
  const child = await start(module("./storeProbe.ts"), [baseUrl])
  const results: Array<StoreResult> = []
  for (let i = 0; i < warmUp + rounds; i++) {
    const result = (await child.ask(i)) as StoreResult
    if (i >= warmUp) results.push(result)
  }
  await child.stop()
  const of = (member: keyof StoreResult) => summarize(results.map((result) => result[member]))
  return [
    { name: "hit in an SQLite file through KimiClient.chat", ...of("wall"), unit: "µs" },
    { name: "hit in an SQLite file through KimiClient.chat, CPU", ...of("cpu"), unit: "µs", threshold: 150 }
  ]
}

const measureWorkload = async (baseUrl: string, { workload, workloads }: Size): Promise<ReadonlyArray<Figure>> => {
  const run = async (name: Cached): Promise<ZipfResult> => {
    const child = await start<ZipfResult>(module("./zipfProbe.ts"), [name, baseUrl, `${workload}`])
    await child.stop()
    return child.message
  }
  const results: Array<{ readonly [C in Cached]: ZipfResult }> = []
  for (let i = 0; i < workloads; i++) results.push({ uncached: await run("uncached"), cached: await run("cached") })
  const of = (name: Cached, member: keyof ZipfResult) => summarize(results.map((result) => result[name][member]))
  const what = "repeated prompts (Zipf, a = 1, 1,000 distinct)"
  return [
    { name: `${what}, hit rate`, ...of("cached", "hitRate"), unit: "of 1", threshold: 0.6, isHigherBetter: true },
    { name: `${what}, uncached`, ...of("uncached", "callsPerSecond"), unit: "calls/s" },
    { name: `${what}, cached`, ...of("cached", "callsPerSecond"), unit: "calls/s" },
    {
      name: `${what}, cached to uncached`,
      ...summarize(results.map(({ cached, uncached }) => cached.callsPerSecond / uncached.callsPerSecond)),
      unit: "x",
      threshold: 3,
      isHigherBetter: true
    }
  ]
}

export const run = async (isQuick: boolean): Promise<ReadonlyArray<Figure>> => {
  const size = isQuick ? quick : full
  const server = await start<Urls>(module("../transport/server.ts"))
  try {
    const { chat } = server.message
    return [
      ...(await measureHits(chat, size)),
      ...(await measureLookup(size)),
      ...(await measureStore(chat, size)),
      ...(await measureWorkload(chat, size))
    ]
  } finally {
    await server.stop()
  }
}
