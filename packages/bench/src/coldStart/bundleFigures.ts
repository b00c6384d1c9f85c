/** The bundle of a program that makes one chat over `fetch`: its size, and the time to its request. */
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { type OutputChunk, rolldown } from "rolldown"
import { type Figure, summarize } from "../harness/Figure.ts"
import type { Child } from "../harness/childProcess.ts"
import { runNode } from "./processes.ts"

const programs = { "kimi-effect": "kimiChat", openai: "openaiChat" } as const

type Name = keyof typeof programs

const names = Object.keys(programs) as ReadonlyArray<Name>

interface Bundle {
  readonly path: string
  /** Of the chunks that the program loads at its start, in bytes. */
  readonly gzip: number
}

/** The chunks that are loaded with the entry. Those of optional services are loaded on demand. */
const initialChunks = (chunks: ReadonlyArray<OutputChunk>): ReadonlyArray<OutputChunk> => {
  const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]))
  const initial = new Set<OutputChunk>(chunks.filter(({ isEntry }) => isEntry))
  for (const chunk of initial) {
    for (const name of chunk.imports) {
      const imported = byName.get(name)
      if (imported !== undefined) initial.add(imported)
    }
  }
  return [...initial]
}

const bundle = async (app: string, name: Name): Promise<Bundle> => {
  const dir = join(app, `bundle-${name}`)
  const build = await rolldown({
    input: join(app, `src/coldStart/programs/${programs[name]}.ts`),
    platform: "node",
    logLevel: "silent"
  })
  const { output } = await build.write({ dir, format: "esm", minify: true, entryFileNames: "main.mjs" })
  await build.close()
  const initial = initialChunks(output.filter((file) => file.type === "chunk"))
  return { path: join(dir, "main.mjs"), gzip: gzipSync(initial.map(({ code }) => code).join(""), { level: 9 }).length }
}

/** From the start of the process to the arrival of its request, in milliseconds. */
const timeToRequest = async (app: string, path: string, server: Child<string>): Promise<number> => {
  const start = performance.timeOrigin + performance.now()
  await runNode(app, [path, server.message])
  return ((await server.ask("latest")) as number) - start
}

export const bundleFigures = async (
  app: string,
  server: Child<string>,
  rounds: number
): Promise<ReadonlyArray<Figure>> => {
  const bundles = { "kimi-effect": await bundle(app, "kimi-effect"), openai: await bundle(app, "openai") }
  const samples: Readonly<Record<Name, Array<number>>> = { "kimi-effect": [], openai: [] }
  for (let round = -1; round < rounds; round++) {
    for (const name of names) {
      const time = await timeToRequest(app, bundles[name].path, server)
      if (round >= 0) samples[name].push(time)
    }
  }
  const ratios = samples["kimi-effect"].map((time, round) => time / (samples.openai[round] ?? Number.NaN))
  return [
    ...names.map((name): Figure => {
      const figure = { name: `bundle of a chat, gzip, ${name}`, value: bundles[name].gzip / 1024, unit: "KB" }
      return name === "kimi-effect" ? { ...figure, threshold: 80 } : figure
    }),
    ...names.map((name) => ({ name: `bundle, start to request, ${name}`, ...summarize(samples[name]), unit: "ms" })),
    { name: "bundle, start to request, kimi-effect to openai", ...summarize(ratios), unit: "x", threshold: 0.9 }
  ]
}
