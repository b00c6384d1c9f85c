/** The peak of the resident memory over many calls, each contestant in a separate process. */
import { type Figure, median } from "../harness/Figure.ts"
import { runNode } from "./processes.ts"

const contestants = ["defaults", "full", "openai"] as const

type Name = (typeof contestants)[number]

export const memoryFigures = async (
  app: string,
  baseUrl: string,
  { calls, rounds }: { readonly calls: number; readonly rounds: number }
): Promise<ReadonlyArray<Figure>> => {
  const peaks: Readonly<Record<Name, Array<number>>> = { defaults: [], full: [], openai: [] }
  for (let round = 0; round < rounds; round++) {
    for (const name of contestants) {
      peaks[name].push(Number((await runNode(app, ["memory.ts", name, baseUrl, `${calls}`])).stdout))
    }
  }
  const what = `peak memory over ${calls} calls`
  const ratio = (name: Name) => median(peaks[name].map((peak, round) => peak / (peaks.openai[round] ?? Number.NaN)))
  return [
    ...contestants.map((name) => ({ name: `${what}, ${name}`, value: median(peaks[name]) / 1024 ** 2, unit: "MB" })),
    { name: `${what}, defaults to openai`, value: ratio("defaults"), unit: "x", threshold: 1.1 },
    { name: `${what}, full to openai`, value: ratio("full"), unit: "x", threshold: 1.1 }
  ]
}
