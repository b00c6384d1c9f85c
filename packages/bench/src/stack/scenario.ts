/**
 * The cost and the benefit of the stages: CPU of single stages compared with
 * other libraries, CPU of the whole stack, and success and latency with default
 * settings on a host that fails three times in ten.
 */
import { type Figure, median } from "../harness/Figure.ts"
import { start } from "../harness/childProcess.ts"
import type { RoundResult as PipelineResult } from "./pipelineProbe.ts"
import { type Name as Client, names as clients, type Result } from "./reliabilityProbe.ts"
import type { Name as Stage, RoundResult as StagesResult } from "./stagesProbe.ts"

interface Size {
  readonly warmUp: number
  readonly rounds: number
  readonly calls: number
}

const full: Size = { warmUp: 2, rounds: 9, calls: 10_000 }
const quick: Size = { warmUp: 1, rounds: 3, calls: 2_000 }

const module = (name: string): URL => new URL(name, import.meta.url)

/** The results of the measured rounds of one probe. */
const runRounds = async <A>(probe: string, { rounds, warmUp }: Size): Promise<ReadonlyArray<A>> => {
  const child = await start(module(probe))
  const results: Array<A> = []
  for (let i = 0; i < warmUp + rounds; i++) {
    const result = (await child.ask(i)) as A
    if (i >= warmUp) results.push(result)
  }
  await child.stop()
  return results
}

const overhead = (results: ReadonlyArray<StagesResult>, name: Stage, bare: Stage): number =>
  median(results.map((result) => result[name] - result[bare]))

const measureStages = async (size: Size): Promise<ReadonlyArray<Figure>> => {
  const results = await runRounds<StagesResult>("./stagesProbe.ts", size)
  const figure = (name: Stage, bare: Stage, bar?: number): Figure => ({
    name: `${name}, beyond the bare call`,
    value: overhead(results, name, bare),
    unit: "µs",
    ...(bar === undefined ? {} : { threshold: bar })
  })
  return [
    figure("breaker, kimi-effect", "fiber, bare", 1),
    figure("breaker, effect", "fiber, bare"),
    figure("breaker, cockatiel", "promise, bare"),
    figure("breaker, opossum", "promise, bare"),
    figure("admission, kimi-effect", "fiber, bare", 3)
  ]
}

const measurePipeline = async (size: Size): Promise<ReadonlyArray<Figure>> => {
  const results = await runRounds<PipelineResult>("./pipelineProbe.ts", size)
  const of = (name: keyof PipelineResult) => median(results.map((result) => result[name]))
  const beyondTransport = (name: "defaults" | "everything") =>
    median(results.map((result) => result[name] - result.transport))
  const timesTransport = (name: "defaults" | "everything") =>
    median(results.map((result) => result[name] / result.transport))
  return [
    { name: "an attempt alone", value: of("transport"), unit: "µs" },
    {
      name: "a call with default stages, beyond the attempt",
      value: beyondTransport("defaults"),
      unit: "µs",
      threshold: 60
    },
    {
      name: "a call with every stage on, beyond the attempt",
      value: beyondTransport("everything"),
      unit: "µs",
      threshold: 60
    },
    { name: "a call with default stages, to the attempt", value: timesTransport("defaults"), unit: "x" },
    { name: "a call with every stage on, to the attempt", value: timesTransport("everything"), unit: "x" }
  ]
}

const measureReliability = async ({ calls }: Size): Promise<ReadonlyArray<Figure>> => {
  const results = new Map<Client, Result>()
  for (const name of clients) {
    const server = await start<string>(module("./flakyServer.ts"))
    const client = await start<Result>(module("./reliabilityProbe.ts"), [name, server.message, `${calls}`])
    results.set(name, client.message)
    await client.stop()
    await server.stop()
  }
  const of = (name: Client, member: keyof Result) => results.get(name)?.[member] ?? Number.NaN
  return [
    ...clients.map((name): Figure => {
      const figure = {
        name: `calls that succeed at 30 % failures, ${name}`,
        value: of(name, "succeeded"),
        unit: "of 1"
      }
      return name === "kimi-effect" ? { ...figure, threshold: 0.999, isHigherBetter: true } : figure
    }),
    ...clients.map((name) => ({ name: `mean latency at 30 % failures, ${name}`, value: of(name, "mean"), unit: "ms" })),
    ...clients.map((name) => ({ name: `p99 latency at 30 % failures, ${name}`, value: of(name, "p99"), unit: "ms" })),
    {
      name: "mean latency at 30 % failures, kimi-effect to openai",
      value: of("kimi-effect", "mean") / of("openai", "mean"),
      unit: "x",
      threshold: 1.25
    }
  ]
}

export const run = async (isQuick: boolean): Promise<ReadonlyArray<Figure>> => {
  const size = isQuick ? quick : full
  return [...(await measureStages(size)), ...(await measurePipeline(size)), ...(await measureReliability(size))]
}
