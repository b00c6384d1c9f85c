/** What programs load together, and so is one chunk of each package. */
import { closureOf, isOf } from "./sources.ts"

const node = closureOf("client/src/node/KimiNode.ts")

/** What a chat loads: with any HTTP client, and of core also what that of Node loads. */
const chat = new Set([...closureOf("client/src/KimiClient.ts"), ...[...node].filter((path) => isOf("core", path))])

const index = closureOf("client/src/index.ts")
const nodeIndex = closureOf("client/src/node/index.ts")
const testingIndex = closureOf("testing/src/index.ts")

/** What the index for Node has that any runtime can load: the entries of the same modules do so. */
const shared = new Set([...nodeIndex].filter((path) => isOf("core", path) || !path.includes("/src/node/")))

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
  ["node-index", nodeIndex],
  ["testing", new Set([...testingIndex].filter((path) => isOf("core", path)))],
  ["core-index", closureOf("core/src/index.ts")],
  ["testing-index", new Set([...testingIndex].filter((path) => isOf("testing", path)))]
]

export const names: ReadonlyArray<string> = parts.map(([chunk]) => chunk)

/** The part of a module; `undefined` of one that is loaded for what few programs use. */
export const partOf = (path: string): string | undefined => parts.find(([, modules]) => modules.has(path))?.[0]
