/**
 * Success and latency at a host that fails three times in ten, with the default
 * settings of every client. Every contestant has a separate process and server,
 * and their rounds are interleaved.
 */
import type { Figure } from "../harness/Figure.ts"
import { type Child, start } from "../harness/childProcess.ts"
import type { Round, RoundResult } from "./callsProbe.ts"
import { type Name, names } from "./contestants.ts"

const fullRounds = 10
const quickRounds = 2
const callsPerRound = 1_000

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
class Contest {
  readonly #server: Child<string>
  readonly #client: Child<unknown>
  readonly #latencies: Array<number> = []
  #succeeded = 0

  constructor(server: Child<string>, client: Child<unknown>) {
    this.#server = server
    this.#client = client
  }

  static async start(name: Name): Promise<Contest> {
    const server = await start<string>(module("./flakyServer.ts"))
    return new Contest(server, await start(module("./callsProbe.ts"), [name, server.message]))
  }

  async round(number: number): Promise<void> {
    const round: Round = { from: number * callsPerRound, calls: callsPerRound }
    const { latencies, succeeded } = (await this.#client.ask(round)) as RoundResult
    this.#latencies.push(...latencies)
    this.#succeeded += succeeded
  }

  /** The results, after which both processes end. */
  async end(): Promise<Measured> {
    const attempts = (await this.#server.ask("attempts")) as number
    await this.#client.stop()
    await this.#server.stop()
    const sorted = this.#latencies.toSorted((a, b) => a - b)
    const calls = sorted.length
    return {
      succeeded: this.#succeeded / calls,
      mean: sorted.reduce((a, b) => a + b, 0) / calls,
      p99: sorted[Math.floor(calls * 0.99)] ?? Number.NaN,
      attemptsPerCall: attempts / calls
    }
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
  const contests = new Map<Name, Contest>()
  for (const name of names) contests.set(name, await Contest.start(name))
  for (let round = 0; round < (isQuick ? quickRounds : fullRounds); round++) {
    for (let k = 0; k < names.length; k++) await contests.get(names[(round + k) % names.length] as Name)?.round(round)
  }
  const results = new Map<Name, Measured>()
  for (const [name, contest] of contests) results.set(name, await contest.end())
  return figuresOf(results)
}
