/** What programs load together, and so is one chunk of each package. */
import { closureOf, isOf, loadsOnDemand } from "./sources.ts"

const inCore = (path: string): boolean => isOf("core", path)

const node = closureOf("client/src/node/KimiNode.ts")

/** What a chat loads: with any HTTP client, and of core also what that of Node loads. */
const chat = new Set([...closureOf("client/src/KimiClient.ts"), ...[...node].filter(inCore)])

const index = closureOf("client/src/index.ts")
const nodeIndex = closureOf("client/src/node/index.ts")
const coreIndex = closureOf("core/src/index.ts")
const testingIndex = closureOf("testing/src/index.ts")

/**
 * Modules, beyond a chat, that load others on demand, and those that import them. They are apart,
 * because a bundler keeps what a file loads on demand in a bundle when that imports the same file.
 */
const onDemand = new Set(
  [...nodeIndex, ...testingIndex, ...coreIndex].filter((path) =>
    [...closureOf(path)].some((loaded) => !chat.has(loaded) && !node.has(loaded) && loadsOnDemand(loaded))
  )
)

const isForNode = (path: string): boolean => isOf("client", path) && path.includes("/src/node/")

/** What the index for Node has that any runtime can load: the entries of the same modules do so. */
const shared = new Set([...nodeIndex].filter((path) => !onDemand.has(path) && !isForNode(path)))

/** What a configuration turns on: a client loads it without the rest of the index. */
const configured = new Set(
  ["nodeStores", "watchConfig"]
    .flatMap((name) => [...closureOf(`client/src/node/internal/${name}.ts`)])
    .filter((path) => nodeIndex.has(path))
)

/**
 * The parts of all packages, by the names of their chunks. A module belongs to the first
 * part that has it. A part has all that its modules import, so that its chunk
 * imports only those of the parts before it.
 */
const parts: ReadonlyArray<readonly [chunk: string, modules: ReadonlySet<string>]> = [
  ["chat", chat],
  ["node", node],
  ["index", index],
  ["shared", shared],
  ["testing", new Set([...testingIndex].filter((path) => inCore(path) && !onDemand.has(path)))],
  ["on-demand", new Set([...onDemand].filter((path) => !isForNode(path) && !isOf("testing", path)))],
  ["configured", configured],
  ["node-index", nodeIndex],
  ["testing-index", new Set([...testingIndex].filter((path) => isOf("testing", path)))]
]

/** Whether a module of core is loaded with its index. */
export const isInIndex = (path: string): boolean => coreIndex.has(path)

export const names: ReadonlyArray<string> = parts.map(([chunk]) => chunk)

/** The part of a module; `undefined` of one that is loaded for what few programs use. */
export const partOf = (path: string): string | undefined => parts.find(([, modules]) => modules.has(path))?.[0]
