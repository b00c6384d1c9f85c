/**
 * Success and latency at a host that fails three times in ten, with the default
 * settings of every client. Every contestant has a separate process and server.
 * Calls mostly wait between attempts, so all contestants run at the same time:
 * together they need less than half of two cores.
 */
import type { Figure } from "../harness/Figure.ts"
import { type Child, start } from "../harness/childProcess.ts"
import type { Result } from "./callsProbe.ts"
import { type Name, names } from "./contestants.ts"

const fullCalls = 5_000
const quickCalls = 2_000

interface Measured {
  /** As a fraction. */
  readonly succeeded: number
  /** Mean milliseconds of all calls. */
  readonly mean: number
  /** The 99th percentile in milliseconds. */
  readonly p99: number
  readonly attemptsPerCall: number
}

const module = (name: string): URL => new URL(name, import.meta.url)

/** One client and its host. */
interface Contest {
  readonly server: Child<string>
  readonly client: Child<unknown>
}

const startContest = async (name: Name): Promise<Contest> => {
  const server = await start<string>(module("./flakyServer.ts"))
  return { server, client: await start(module("./callsProbe.ts"), [name, server.message]) }
}

/** Makes the calls, after which both processes end. */
const measure = async ({ client, server }: Contest, calls: number): Promise<Measured> => {
  const { latencies, succeeded } = (await client.ask(calls)) as Result
  const attempts = (await server.ask("attempts")) as number
  await client.stop()
  await server.stop()
  const sorted = latencies.toSorted((a, b) => a - b)
  return {
    succeeded: succeeded / calls,
    mean: sorted.reduce((a, b) => a + b, 0) / calls,
    p99: sorted[Math.floor(calls * 0.99)] ?? Number.NaN,
    attemptsPerCall: attempts / calls
  }
}

const isOurs = (name: Name): boolean => name.startsWith("kimi-effect")

const figuresOf = (names: ReadonlyArray<Name>, results: ReadonlyMap<Name, Measured>): ReadonlyArray<Figure> => {
  const of = (name: Name, member: keyof Measured): number => results.get(name)?.[member] ?? Number.NaN
  const each = (what: string, member: keyof Measured, unit: string): ReadonlyArray<Figure> =>
    names.map((name) => ({ name: `${what}, ${name}`, value: of(name, member), unit }))
  return [
    ...each("calls that succeed at 30 % failures", "succeeded", "of 1").map((figure, index) =>
      isOurs(names[index] as Name) ? { ...figure, threshold: 0.999, isHigherBetter: true } : figure
    ),
    ...each("mean latency", "mean", "ms"),
    ...each("p99 latency", "p99", "ms"),
    ...each("attempts per call", "attemptsPerCall", ""),
    ...names.filter(isOurs).map((name) => ({
      name: `mean latency, ${name} to openai`,
      value: of(name, "mean") / of("openai", "mean"),
      unit: "x",
      threshold: 1.25
    }))
  ]
}

const measureAll = async (names: ReadonlyArray<Name>, calls: number): Promise<ReadonlyArray<Figure>> => {
  const contests = new Map<Name, Contest>()
  for (const name of names) contests.set(name, await startContest(name))
  const results = await Promise.all(
    [...contests].map(async ([name, contest]) => [name, await measure(contest, calls)] as const)
  )
  return figuresOf(names, new Map(results))
}

export const run = (isQuick: boolean): Promise<ReadonlyArray<Figure>> =>
  measureAll(names, isQuick ? quickCalls : fullCalls)

/** Measures kimi-effect next to openai alone. */
export const runOurs = (): Promise<ReadonlyArray<Figure>> =>
  measureAll(
    names.filter((name) => name === "openai" || isOurs(name)),
    quickCalls
  )
