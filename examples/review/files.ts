/** Tools with which agents read a folder of code, and nothing outside it. */
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { ToolSet } from "@kimi-effect/client/agent"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"

/** Read-only tools may run again when a swarm continues after a crash. */
const kit = Toolkit.make(
  Tool.make("list_files", {
    description: "Returns the names of the files of the folder, one per line",
    parameters: Tool.EmptyParams,
    success: Schema.String
  }).annotate(Tool.Readonly, true),
  Tool.make("read_file", {
    description: "Returns a file of the folder with line numbers",
    parameters: Schema.Struct({ name: Schema.String.annotate({ description: "A name that list_files returns" }) }),
    success: Schema.String
  }).annotate(Tool.Readonly, true),
  Tool.make("list_imports", {
    description: "Returns the lines of all files that import others, as <file>: <line>",
    parameters: Tool.EmptyParams,
    success: Schema.String
  }).annotate(Tool.Readonly, true)
)

/** The tools for a folder. The model chooses names, so only those that the folder has are read. */
export const toolsFor = (folder: URL) => {
  const names = Effect.promise(async () => {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries
      .filter((entry) => entry.isFile())
      .map(({ name }) => name)
      .toSorted()
  })
  const linesOf = (name: string) =>
    Effect.promise(async () => (await readFile(join(fileURLToPath(folder), name), "utf8")).split(/\r?\n/u))
  const handlers = kit.toLayer({
    list_files: () => Effect.map(names, (all) => all.join("\n")),
    read_file: ({ name }) =>
      Effect.gen(function* () {
        if (!(yield* names).includes(name)) return "There is no file of this name. list_files returns the names."
        return (yield* linesOf(name)).map((line, index) => `${index + 1}: ${line}`).join("\n")
      }),
    list_imports: () =>
      Effect.gen(function* () {
        const files = yield* Effect.forEach(yield* names, (name) =>
          Effect.map(linesOf(name), (lines) =>
            lines.filter((line) => /^\s*(?:import|from)\s/u.test(line)).map((line) => `${name}: ${line.trim()}`)
          )
        )
        return files.flat().join("\n")
      })
  })
  return ToolSet.make(kit).pipe(Effect.provide(handlers))
}
