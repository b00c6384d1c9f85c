/** What `import` of each entry costs: the time of a process beyond that of bare Node, its CPU, and its modules. */
import { type Figure, summarize } from "../harness/Figure.ts"
import { runNode } from "./processes.ts"

const entries = {
  "Node entry": "@kimi-effect/client/node/KimiNode",
  "fetch entry": "@kimi-effect/client/KimiClient",
  "index for Node": "@kimi-effect/client/node",
  index: "@kimi-effect/client",
  "index of core": "@kimi-effect/core",
  "index of testing": "@kimi-effect/testing",
  openai: "openai",
  ai: "ai",
  "effect, as the fetch entry uses it": "effect/http/FetchHttpClient"
} as const

type Name = keyof typeof entries | "bare"

const names: ReadonlyArray<Name> = ["bare", ...(Object.keys(entries) as ReadonlyArray<keyof typeof entries>)]

interface Cost {
  readonly wall: number
  readonly cpu: number
}

/** The program that imports an entry and prints the CPU of its process in milliseconds. */
const programOf = (name: Name): string => {
  const load = name === "bare" ? "" : `await import(${JSON.stringify(entries[name])});`
  return `${load} const { user, system } = process.cpuUsage(); process.stdout.write(String((user + system) / 1000))`
}

const measure = async (app: string, name: Name): Promise<Cost> => {
  const { stdout, wall } = await runNode(app, ["--input-type=module", "--eval", programOf(name)])
  return { wall, cpu: Number(stdout) }
}

const modulesOf = async (app: string, entry: string): Promise<number> => {
  const counts: Readonly<Record<string, number>> = JSON.parse(
    (await runNode(app, ["src/coldStart/programs/modules.ts", entry])).stdout
  )
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}

/** The processes of a round run one after another, so that each round compares them under the same load. */
export const importFigures = async (app: string, rounds: number): Promise<ReadonlyArray<Figure>> => {
  const samples = new Map<Name, Array<Cost>>(names.map((name) => [name, []]))
  for (let round = -1; round < rounds; round++) {
    for (const name of names) {
      const cost = await measure(app, name)
      // The first round reads the files into the cache of the system.
      if (round >= 0) samples.get(name)?.push(cost)
    }
  }
  const of = (name: Name, kind: keyof Cost): ReadonlyArray<number> =>
    (samples.get(name) ?? []).map((cost, round) => cost[kind] - (samples.get("bare")?.[round]?.[kind] ?? Number.NaN))
  const toOpenai = (name: Name, kind: keyof Cost) => {
    const [own, theirs] = [of(name, kind), of("openai", kind)]
    return summarize(own.map((value, round) => value / (theirs[round] ?? Number.NaN)))
  }
  const thresholds: { readonly [N in Name]?: number } = {
    "Node entry": 1.6,
    "fetch entry": 1.3,
    "index for Node": 1.75,
    index: 1.6
  }
  const own = names.filter((name) => name !== "bare")
  const modules = new Map<Name, number>()
  for (const name of own) modules.set(name, await modulesOf(app, entries[name]))
  return [
    ...own.map((name) => ({ name: `import, ${name}`, ...summarize(of(name, "wall")), unit: "ms" })),
    ...own.map((name) => ({ name: `import, CPU, ${name}`, ...summarize(of(name, "cpu")), unit: "ms" })),
    ...own.map((name) => ({ name: `import, ${name}`, value: modules.get(name) ?? Number.NaN, unit: "modules" })),
    ...own.flatMap((name): ReadonlyArray<Figure> => {
      if (name === "openai") return []
      const figure = { name: `import, ${name} to openai`, ...toOpenai(name, "wall"), unit: "x" }
      const threshold = thresholds[name]
      return [
        threshold === undefined ? figure : { ...figure, threshold },
        { name: `import, CPU, ${name} to openai`, ...toOpenai(name, "cpu"), unit: "x" }
      ]
    })
  ]
}
