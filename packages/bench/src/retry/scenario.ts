/**
 * Success and latency at a host that fails three times in ten, with the default
 * settings of every client. Every contestant has a separate process and server.
 */
import type { Figure } from "../harness/Figure.ts"
import { start } from "../harness/childProcess.ts"
import type { Result } from "./callsProbe.ts"
import { type Name, names } from "./contestants.ts"

const full = 10_000
const quick = 2_000

interface Measured extends Result {
  readonly attemptsPerCall: number
}

const module = (name: string): URL => new URL(name, import.meta.url)

const measure = async (name: Name, calls: number): Promise<Measured> => {
  const server = await start<string>(module("./flakyServer.ts"))
  try {
    const probe = await start<Result>(module("./callsProbe.ts"), [name, server.message, `${calls}`])
    await probe.stop()
    return { ...probe.message, attemptsPerCall: ((await server.ask("attempts")) as number) / calls }
  } finally {
    await server.stop()
  }
}

const isOurs = (name: Name): boolean => name.startsWith("kimi-effect")

const figuresOf = (results: ReadonlyMap<Name, Measured>): ReadonlyArray<Figure> => {
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

export const run = async (isQuick: boolean): Promise<ReadonlyArray<Figure>> => {
  const results = new Map<Name, Measured>()
  for (const name of names) results.set(name, await measure(name, isQuick ? quick : full))
  return figuresOf(results)
}
