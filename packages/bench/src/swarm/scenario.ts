/**
 * A swarm over sockets: 100 agents with 15 calls of the model each, at a host
 * that takes 500 ms for each call, with 100 agents at the same time. Compared
 * with the shortest time that its schedule allows, and with one call after
 * another. And a durable swarm of two processes in PostgreSQL, one of which ends.
 */
import { start } from "../harness/childProcess.ts"
import { type Figure, summarize } from "../harness/Figure.ts"
import type { Result } from "./swarmProbe.ts"
import * as Postgres from "./postgres.ts"
import * as Takeover from "./takeover.ts"

interface Size {
  readonly agents: number
  readonly steps: number
  readonly millis: number
  readonly rounds: number
}

const full: Size = { agents: 100, steps: 15, millis: 500, rounds: 3 }
const quick: Size = { agents: 100, steps: 3, millis: 200, rounds: 1 }
/** A few seconds that are mostly steps, so that the begin of a process does not decide. */
const compared: Size = { agents: 100, steps: 6, millis: 500, rounds: 1 }

/** The defaults of `Swarm`: agents at first, and at most. */
const initial = 5
const concurrency = 100

/**
 * Rounds of calls from the begin to the end, if nothing but the host takes time:
 * one agent first, until its response is there; then as many as may work, of
 * which each response adds one.
 */
const idealRounds = (agents: number, steps: number): number => {
  let capacity = initial
  let working = 1
  let started = 1
  let rounds = 0
  while (started < agents) {
    rounds++
    capacity = Math.min(concurrency, capacity + working)
    const added = Math.min(agents - started, Math.max(0, capacity - working))
    working += added
    started += added
  }
  return rounds + steps
}

const measure = async (agents: number, steps: number, millis: number): Promise<Result> => {
  const host = await start<string>(new URL("./host.ts", import.meta.url), [steps, millis].map(String))
  const probe = await start<Result>(new URL("./swarmProbe.ts", import.meta.url), [host.message, `${agents}`])
  await probe.stop()
  const answered = await host.ask("answered")
  await host.stop()
  const { finished, steps: done } = probe.message
  // The first swarm of the probe has one agent.
  if (finished !== agents || done !== agents * steps || answered !== (agents + 1) * steps) {
    throw new Error(`${finished} agents finished with ${done} steps, and the host answered ${String(answered)} calls`)
  }
  return probe.message
}

const megabyte = 1_048_576

/** The figures of the swarm in one process. */
const measureOne = async (size: Size): Promise<ReadonlyArray<Figure>> => {
  const { agents, millis, rounds, steps } = size
  const results: Array<Result> = []
  for (let round = 0; round < rounds; round++) results.push(await measure(agents, steps, millis))
  const of = (valueOf: (result: Result) => number) => summarize(results.map(valueOf))
  const ideal = (idealRounds(agents, steps) * millis) / 1_000
  const serial = (agents * steps * millis) / 1_000
  // A few short steps do not amortize the begin of a process.
  const threshold = <A extends number>(value: A) => (size === full ? { threshold: value } : {})
  return [
    { name: `time of ${agents} agents with ${steps} steps`, ...of(({ wall }) => wall), unit: "s" },
    { name: "ideal time for the same ramp", value: ideal, unit: "s" },
    { name: "time beyond the ideal", ...of(({ wall }) => (wall / ideal - 1) * 100), unit: "%", ...threshold(15) },
    { name: "time to the ideal", ...of(({ wall }) => wall / ideal), unit: "x" },
    {
      name: "faster than one call after another",
      ...of(({ wall }) => serial / wall),
      unit: "x",
      isHigherBetter: true,
      ...threshold(40)
    },
    {
      name: "peak of the memory above idle",
      ...of(({ idle, peak }) => (peak - idle) / megabyte),
      unit: "MB",
      threshold: 150
    },
    { name: "CPU per step", ...of(({ cpu }) => (cpu * 1_000) / (agents * steps)), unit: "ms" }
  ]
}

export const run = async (isQuick: boolean): Promise<ReadonlyArray<Figure>> => [
  ...(await measureOne(isQuick ? quick : full)),
  ...(await Postgres.orSkipped("the takeover of a worker", () => Takeover.run(isQuick)))
]

/** The ratios of a short run. */
export const runRatios = (): Promise<ReadonlyArray<Figure>> => measureOne(compared)
