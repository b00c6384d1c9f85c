/** The peak of the resident memory over many calls, each contestant in a separate process. */
import { type Figure, summarize } from "../harness/Figure.ts"
import type { Name } from "../transport/contestants.ts"
import { runNode } from "./processes.ts"

const contestants = [
  "undici",
  "fetch",
  "openai",
  "ai-sdk",
  "langchain",
  "kimi-effect",
  "kimi-effect, full"
] as const satisfies ReadonlyArray<Name>

const megabyte = 1024 ** 2

export const memoryFigures = async (
  app: string,
  baseUrl: string,
  { calls, rounds }: { readonly calls: number; readonly rounds: number }
): Promise<ReadonlyArray<Figure>> => {
  const peaks = new Map<Name, Array<number>>(contestants.map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const name of contestants) {
      const { stdout } = await runNode(app, ["src/coldStart/programs/memory.ts", name, baseUrl, `${calls}`])
      peaks.get(name)?.push(Number(stdout) / megabyte)
    }
  }
  const what = `peak memory over ${calls} calls`
  const toOpenai = (name: Name): ReadonlyArray<number> =>
    (peaks.get(name) ?? []).map((peak, round) => peak / (peaks.get("openai")?.[round] ?? Number.NaN))
  return [
    ...contestants.map((name) => ({ name: `${what}, ${name}`, ...summarize(peaks.get(name) ?? []), unit: "MB" })),
    ...contestants
      .filter((name) => name !== "openai")
      .map((name): Figure => {
        const figure = { name: `${what}, ${name} to openai`, ...summarize(toOpenai(name)), unit: "x" }
        return name.startsWith("kimi-effect") ? { ...figure, threshold: 1.1 } : figure
      })
  ]
}
