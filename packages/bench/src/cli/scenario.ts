/**
 * What a command pays to start: processes of the bundled `kimi`, as users
 * install it, in turn with those of bare Node, so that both run under the same
 * load. A first round that is not counted fills the compile cache of Node.
 */
import { spawnSync } from "node:child_process"
import { runNode } from "../coldStart/processes.ts"
import { type Figure, median, summarize } from "../harness/Figure.ts"

const root = new URL("../../../..", import.meta.url).pathname
const kimi = `${root}packages/cli/dist/kimi.js`

const programs = {
  "node -e 0": ["-e", "0"],
  "kimi models --json": [kimi, "models", "--json"],
  "kimi --help": [kimi, "--help"],
  "kimi config --json": [kimi, "config", "--json"]
} as const

type Name = keyof typeof programs

const names = Object.keys(programs) as ReadonlyArray<Name>
const thresholds: { readonly [N in Name]?: number } = { "kimi models --json": 3 }

const bundle = (): void => {
  const { status, stderr } = spawnSync(process.execPath, [`${root}scripts/bundle.ts`], { encoding: "utf8" })
  if (status !== 0) throw new Error(`scripts/bundle.ts failed: ${stderr}`)
}

export const run = async (isQuick: boolean): Promise<ReadonlyArray<Figure>> => {
  bundle()
  const samples = new Map<Name, Array<number>>(names.map((name) => [name, []]))
  for (let round = -1; round < (isQuick ? 7 : 21); round++) {
    for (const name of names) {
      const { wall } = await runNode(root, programs[name])
      if (round >= 0) samples.get(name)?.push(wall)
    }
  }
  const of = (name: Name): ReadonlyArray<number> => samples.get(name) ?? []
  const bare = median(of("node -e 0"))
  return [
    ...names.map((name): Figure => ({ name, ...summarize(of(name)), unit: "ms" })),
    ...names.slice(1).map((name): Figure => {
      const figure = { name: `${name} to node -e 0`, value: median(of(name)) / bare, unit: "x" }
      const threshold = thresholds[name]
      return threshold === undefined ? figure : { ...figure, threshold }
    })
  ]
}
