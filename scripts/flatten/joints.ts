/**
 * The entries of core that join others, which no source has. The other packages
 * import from them what they import from the entries that are joined, because
 * Node resolves and loads each entry on its own, 45 for a chat.
 */
import { basename, join } from "node:path"
import type { Plugin } from "rolldown"
import { partOf } from "./parts.ts"
import { exportsOf } from "./sources.ts"

const core = new URL("../../packages/core", import.meta.url).pathname

/** The joint entries, by the part whose entries they join. */
const jointByPart: Readonly<Record<string, string>> = {
  chat: "internal/chat",
  shared: "internal/shared",
  "on-demand": "internal/on-demand",
  testing: "internal/testing"
}

/** They are in `publishConfig` of core only. */
export const joints: ReadonlyArray<string> = Object.values(jointByPart)

interface Joined {
  readonly joint: string
  readonly source: string
  /** The names of its values. */
  readonly names: ReadonlyArray<string>
}

/** The entries of core that are joined, by their specifiers. */
const joined = new Map<string, Joined>()
for (const [entry, path] of Object.entries(exportsOf("core"))) {
  const source = join(core, path)
  const joint = jointByPart[partOf(source) ?? ""]
  if (joint === undefined || basename(source) === "index.ts") continue
  joined.set(`@kimi-effect/core${entry.slice(1)}`, { joint, source, names: Object.keys(await import(source)) })
}

/** The name in a joint entry, because several modules have a `make`. */
const jointName = (specifier: string, exported: string): string =>
  `${specifier.slice("@kimi-effect/core/".length).replaceAll("/", "_")}_${exported}`

const exportFrom = (from: string, names: ReadonlyArray<string>): string =>
  `export { ${names.join(", ")} } from ${JSON.stringify(from)}`

/** The code of a joint entry: the values of all its modules, each with the name of its module. */
const jointCode = (joint: string): string =>
  [...joined]
    .filter(([, one]) => one.joint === joint)
    .map(([specifier, { names, source }]) =>
      exportFrom(
        source,
        names.map((exported) => `${exported} as ${jointName(specifier, exported)}`)
      )
    )
    .join("\n")

/** The module that stands for one entry in other packages: its values, from the joint entry. */
const standInCode = (specifier: string, { joint, names }: Joined): string =>
  exportFrom(
    `@kimi-effect/core/${joint}`,
    names.map((exported) => `${jointName(specifier, exported)} as ${exported}`)
  )

/** Starts the ids of modules that are no files. */
const virtual = "\0joint:"

/** The joint entry that the module with an id stands for, or is; `undefined` of a file. */
export const jointOf = (id: string): string | undefined => {
  if (!id.startsWith(virtual)) return undefined
  const specifier = id.slice(virtual.length)
  return joined.get(specifier)?.joint ?? specifier
}

/** Whether a package has a module with an id by the plugin: core the joint entries, and others those that stand for entries. */
export const isJoint = (own: string, id: string): boolean => (own === "core" ? joints.includes(id) : joined.has(id))

export const joinEntries = (own: string): Plugin => ({
  name: "join-entries",
  resolveId: (id) => (isJoint(own, id) ? `${virtual}${id}` : undefined),
  load: (id) => {
    if (!id.startsWith(virtual)) return undefined
    const specifier = id.slice(virtual.length)
    const standsFor = joined.get(specifier)
    return standsFor === undefined ? jointCode(specifier) : standInCode(specifier, standsFor)
  }
})
