/** The cost of the stages: CPU of single stages compared with other libraries, and CPU of the whole stack. */
import { type Figure, median } from "../harness/Figure.ts"
import { start } from "../harness/childProcess.ts"
import type { Name as Option, RoundResult as InFlightResult } from "./inFlightProbe.ts"
import type { RoundResult as PipelineResult } from "./pipelineProbe.ts"
import type { Name as Stage, RoundResult as StagesResult } from "./stagesProbe.ts"

interface Size {
  readonly warmUp: number
  readonly rounds: number
}

const full: Size = { warmUp: 2, rounds: 9 }
const quick: Size = { warmUp: 1, rounds: 3 }

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
      name: "an attempt at a MockProvider, beyond the attempt",
      value: median(results.map((result) => result.mock - result.transport)),
      unit: "µs",
      threshold: 20
    },
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

const measureInFlight = async (size: Size): Promise<ReadonlyArray<Figure>> => {
  const results = await runRounds<InFlightResult>("./inFlightProbe.ts", size)
  const beyond = (name: Option, base: Option | "transport") =>
    median(results.map((result) => result[name] - result[base]))
  const added: ReadonlyArray<Option> = ["telemetry", "budget", "limits", "full"]
  return [
    { name: "64 in flight, default stages, beyond the attempt", value: beyond("defaults", "transport"), unit: "µs" },
    ...added.map((name) => ({
      name: `64 in flight, ${name} on, beyond default stages`,
      value: beyond(name, "defaults"),
      unit: "µs"
    }))
  ]
}

export const run = async (isQuick: boolean): Promise<ReadonlyArray<Figure>> => {
  const size = isQuick ? quick : full
  return [...(await measureStages(size)), ...(await measurePipeline(size)), ...(await measureInFlight(size))]
}
