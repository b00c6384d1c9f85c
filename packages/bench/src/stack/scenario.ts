/** The cost of the stages: CPU of single stages compared with other libraries, and CPU of the whole stack. */
import { type Figure, summarize } from "../harness/Figure.ts"
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

/** The contestants of each stage, with the bare call of their kind, and the cost that kimi-effect may have. */
const stages = {
  breaker: {
    threshold: 1,
    contestants: { "kimi-effect": "fiber", effect: "fiber", cockatiel: "promise", opossum: "promise" }
  },
  admission: { threshold: 3, contestants: { "kimi-effect": "fiber", bottleneck: "promise" } },
  concurrency: {
    threshold: 3,
    contestants: { "kimi-effect": "fiber", "p-limit": "promise", cockatiel: "promise", bottleneck: "promise" }
  }
} as const

const measureStages = async (size: Size): Promise<ReadonlyArray<Figure>> => {
  const results = await runRounds<StagesResult>("./stagesProbe.ts", size)
  const toEffectBreaker = (name: Stage) => summarize(results.map((result) => result[name] / result["breaker, effect"]))
  const overheads = Object.entries(stages).flatMap(([stage, { contestants, threshold }]) =>
    Object.entries(contestants).map(([name, bare]): Figure => {
      // The names of the table are those of the probe.
      const of = (result: StagesResult) => result[`${stage}, ${name}` as Stage] - result[`${bare}, bare` as Stage]
      const figure = { name: `${stage}, beyond the bare call, ${name}`, ...summarize(results.map(of)), unit: "µs" }
      return name === "kimi-effect" ? { ...figure, threshold } : figure
    })
  )
  return [
    ...overheads,
    {
      name: "a call through the breaker to one through Effect's",
      ...toEffectBreaker("breaker, kimi-effect"),
      unit: "x"
    },
    {
      name: "a call through admission to one through Effect's breaker",
      ...toEffectBreaker("admission, kimi-effect"),
      unit: "x"
    }
  ]
}

const measurePipeline = async (size: Size): Promise<ReadonlyArray<Figure>> => {
  const results = await runRounds<PipelineResult>("./pipelineProbe.ts", size)
  const of = (valueOf: (result: PipelineResult) => number) => summarize(results.map(valueOf))
  return [
    { name: "an attempt alone", ...of(({ transport }) => transport), unit: "µs" },
    {
      name: "an attempt at a MockProvider, beyond the attempt",
      ...of(({ mock, transport }) => mock - transport),
      unit: "µs",
      threshold: 20
    },
    {
      name: "a call with default stages, beyond the attempt",
      ...of(({ defaults, transport }) => defaults - transport),
      unit: "µs",
      threshold: 60
    },
    {
      name: "a call with every stage on, beyond the attempt",
      ...of(({ everything, transport }) => everything - transport),
      unit: "µs",
      threshold: 60
    },
    {
      name: "a call with every stage on, to one with default stages",
      ...of(({ defaults, everything }) => everything / defaults),
      unit: "x"
    }
  ]
}

const measureInFlight = async (size: Size): Promise<ReadonlyArray<Figure>> => {
  const results = await runRounds<InFlightResult>("./inFlightProbe.ts", size)
  const of = (valueOf: (result: InFlightResult) => number) => summarize(results.map(valueOf))
  const added: ReadonlyArray<Option> = ["telemetry", "budget", "limits", "full"]
  return [
    {
      name: "64 in flight, default stages, beyond the attempt",
      ...of(({ defaults, transport }) => defaults - transport),
      unit: "µs"
    },
    ...added.map((name) => ({
      name: `64 in flight, ${name} on, beyond default stages`,
      ...of((result) => result[name] - result.defaults),
      unit: "µs"
    })),
    ...added.map((name) => ({
      name: `64 in flight, ${name} on, to default stages`,
      ...of((result) => result[name] / result.defaults),
      unit: "x"
    }))
  ]
}

export const run = async (isQuick: boolean): Promise<ReadonlyArray<Figure>> => {
  const size = isQuick ? quick : full
  return [...(await measureStages(size)), ...(await measurePipeline(size)), ...(await measureInFlight(size))]
}
