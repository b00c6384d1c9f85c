/**
 * Writes the API reference into the built site: a page for each public module
 * of the packages, with a search of its own. Modules have the names by which
 * programs import them.
 *
 * TypeDoc needs the compiler's JavaScript API, which TypeScript 7 does not have.
 */
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { Application, Comment, Converter, ReflectionKind } from "typedoc"

const root = fileURLToPath(new URL("..", import.meta.url))
const out = fileURLToPath(new URL(".vitepress/dist/api", import.meta.url))
const base = process.env.SITE_BASE ?? "/"

/** The source of each public module, with the name by which it is imported. */
const modules = new Map(
  ["core", "client", "testing"].flatMap((name) => {
    const { exports } = JSON.parse(readFileSync(`${root}packages/${name}/package.json`, "utf8"))
    return Object.entries(exports)
      .filter(([entry, source]) => source?.endsWith(".ts") && !entry.startsWith("./internal/"))
      .map(([entry, source]) => [`${root}packages/${name}/${source.slice(2)}`, `@kimi-effect/${name}${entry.slice(1)}`])
  })
)

const app = await Application.bootstrap({
  name: "kimi-effect API",
  entryPoints: [...modules.keys()],
  tsconfig: fileURLToPath(new URL("tsconfig.api.json", import.meta.url)),
  basePath: root,
  readme: "none",
  // `npm test` checks the sources, with another version of the compiler.
  skipErrorChecking: true,
  disableGit: true,
  disableSources: true,
  excludeInternal: true,
  excludePrivate: true,
  excludeExternals: true,
  excludeTags: ["@since"],
  blockTags: ["@category", "@since", "@alias", "@param", "@returns", "@example", "@see", "@throws", "@deprecated"],
  navigation: { includeCategories: false, includeGroups: false, includeFolders: true, compactFolders: false },
  navigationLinks: { Documentation: base },
  categorizeByGroup: false,
  searchInComments: true,
  hideGenerator: true,
  customCss: fileURLToPath(new URL("api.css", import.meta.url)),
  // Its page lacks the anchors of types that extend a type of another module, which other pages link to.
  includeHierarchySummary: false,
  logLevel: "Error"
})

/** The text of the comment at the begin of a module: TypeDoc takes it for that of the first import. */
const headerOf = (source) => {
  const [, comment = ""] = /^\/\*\*([\s\S]*?)\*\//.exec(readFileSync(source, "utf8")) ?? []
  return comment
    .replaceAll(/^ ?\* ?/gm, "")
    .replaceAll(/^@\w+.*$/gm, "")
    .trim()
}

// Before modules are sorted by their names.
app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
  for (const module of project.getReflectionsByKind(ReflectionKind.Module)) {
    const source = project.getSymbolIdFromReflection(module)?.fileName
    const name = modules.get(source)
    if (name === undefined) throw new Error(`${module.name} is no public module`)
    module.name = name
    module.comment = new Comment([{ kind: "text", text: headerOf(source) }])
  }
})

const project = await app.convert()
if (project === undefined) process.exit(1)
await app.generateDocs(project, out)
if (app.logger.hasErrors()) process.exit(1)
