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

interface Program {
  readonly args: ReadonlyArray<string>
  readonly variables?: { readonly [name: string]: string }
  /** Most times that bare Node takes. */
  readonly threshold?: number
}

const bareName = "node -e 0"

const programs: { readonly [name: string]: Program } = {
  [bareName]: { args: ["-e", "0"] },
  "kimi models --json": { args: [kimi, "models", "--json"], threshold: 3 },
  "kimi models --json with KIMI_MODEL": {
    args: [kimi, "models", "--json"],
    variables: { KIMI_MODEL: "kimi-k2.6" },
    threshold: 3
  },
  "kimi --help": { args: [kimi, "--help"] },
  "kimi config --json": { args: [kimi, "config", "--json"] }
}

const bundle = (): void => {
  const { status, stderr } = spawnSync(process.execPath, [`${root}scripts/bundle.ts`], { encoding: "utf8" })
  if (status !== 0) throw new Error(`scripts/bundle.ts failed: ${stderr}`)
}

export const run = async (isQuick: boolean): Promise<ReadonlyArray<Figure>> => {
  bundle()
  const samples = new Map(Object.keys(programs).map((name) => [name, Array<number>()]))
  for (let round = -1; round < (isQuick ? 7 : 41); round++) {
    for (const [name, { args, variables }] of Object.entries(programs)) {
      const { wall } = await runNode(root, args, variables)
      if (round >= 0) samples.get(name)?.push(wall)
    }
  }
  const of = (name: string): ReadonlyArray<number> => samples.get(name) ?? []
  const bare = median(of(bareName))
  const ratios = Object.entries(programs).filter(([name]) => name !== bareName)
  return [
    ...Object.keys(programs).map((name): Figure => ({ name, ...summarize(of(name)), unit: "ms" })),
    ...ratios.map(([name, { threshold }]): Figure => {
      const figure = { name: `${name} to ${bareName}`, value: median(of(name)) / bare, unit: "x" }
      return threshold === undefined ? figure : { ...figure, threshold }
    })
  ]
}
