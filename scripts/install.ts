/**
 * Installs the packed packages into an empty folder, with npm and with pnpm,
 * and uses them as an application does: its types are checked by each
 * supported TypeScript under each module resolution, and every entry is
 * loaded by `import` and by `require`.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { command, names, pack, packOne, root, run, temporaryFolder } from "./tarballs.ts"

const folder = temporaryFolder("kimi-effect-install-")
const typescripts = { ts59: "5.9.3", ts6: "6.0.3", ts7: "7.0.2" }
const resolutions = {
  NodeNext: { module: "NodeNext", moduleResolution: "NodeNext" },
  bundler: { module: "ESNext", moduleResolution: "bundler" }
}

const readJson = (path: string) => JSON.parse(readFileSync(path, "utf8"))
const writeJson = (path: string, value: unknown): void => writeFileSync(path, JSON.stringify(value, undefined, 2))

const tarballs = pack(folder)

/** The entries of a package that an application may import: no patterns, nothing private. */
const entriesOf = (name: string): ReadonlyArray<string> => {
  const { publishConfig } = readJson(join(root, "packages", name, "package.json"))
  return Object.entries(publishConfig.exports)
    .filter(([key, target]) => target !== null && !/\*|\/internal\/|package\.json$/.test(key))
    .map(([key]) => `@kimi-effect/${name}${key.slice(1)}`)
}

const entries = names.flatMap(entriesOf)
const { devDependencies } = readJson(join(root, "packages/client/package.json"))
const dependencies = {
  ...tarballs,
  ...Object.fromEntries(
    ["effect", "@effect/platform-node", "redis"].map((dependency) => [dependency, devDependencies[dependency]])
  )
}
const program = `
import { KimiClient } from "@kimi-effect/client"
import { KimiNode } from "@kimi-effect/client/node"
import * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
${entries.map((entry, i) => `import * as entry${i} from "${entry}"`).join("\n")}

export const entries: ReadonlyArray<object> = [${entries.map((_, i) => `entry${i}`).join(", ")}]

export const program: Effect.Effect<string, unknown> = Effect.gen(function* () {
  const kimi = yield* KimiClient.KimiClient
  const events: Stream.Stream<unknown, unknown> = kimi.stream({ messages: [{ role: "user", content: "Hello!" }] })
  const { text } = yield* kimi.chat({ messages: [{ role: "user", content: "Hello!" }] })
  // @ts-expect-error a request without messages
  kimi.chat({})
  return events === undefined ? "" : text
}).pipe(Effect.provide(KimiNode.layerConfig()))
`

const loadEach = (load: string): string =>
  `const entries = ${JSON.stringify(entries)}
  ;(async () => {
    for (const entry of entries) ${load}
  })().catch((error) => { console.error(error); process.exit(1) })\n`

/** The command, installed without a registry. */
const commandApp = join(folder, command)
mkdirSync(commandApp)
writeJson(join(commandApp, "package.json"), { name: "app", private: true })
run(
  "installs the command offline",
  "npm",
  ["install", "--offline", "--no-audit", "--no-fund", packOne(command, folder)],
  commandApp
)
run("kimi models", "npx", ["--offline", "kimi", "models", "--json"], commandApp)

for (const manager of ["npm", "pnpm"]) {
  const app = join(folder, manager)
  mkdirSync(app)
  writeJson(join(app, "package.json"), {
    name: "app",
    private: true,
    type: "module",
    dependencies,
    devDependencies: {
      "@types/node": devDependencies["@types/node"],
      ...Object.fromEntries(Object.entries(typescripts).map(([name, version]) => [name, `npm:typescript@${version}`]))
    },
    // The packages are not in the registry yet.
    ...(manager === "npm" ? { overrides: tarballs } : {})
  })
  if (manager === "pnpm") writeJson(join(app, "pnpm-workspace.yaml"), { overrides: tarballs })
  writeFileSync(join(app, "program.ts"), program)
  writeFileSync(join(app, "import.mjs"), loadEach("await import(entry)"))
  writeFileSync(join(app, "require.cjs"), loadEach("require(entry)"))

  const install = manager === "npm" ? ["install", "--no-audit", "--no-fund"] : ["install"]
  run(`${manager} install`, manager, install, app)
  for (const [typescript, version] of Object.entries(typescripts)) {
    for (const [resolution, options] of Object.entries(resolutions)) {
      const config = `tsconfig.${resolution}.json`
      writeJson(join(app, config), {
        compilerOptions: {
          ...options,
          target: "ES2024",
          lib: ["ES2024", "DOM", "DOM.Iterable", "DOM.AsyncIterable"],
          types: ["node"],
          strict: true,
          exactOptionalPropertyTypes: true,
          noEmit: true
        },
        files: ["program.ts"]
      })
      const { bin } = readJson(join(app, "node_modules", typescript, "package.json"))
      const tsc = join(app, "node_modules", typescript, bin.tsc)
      run(`${manager}: TypeScript ${version}, ${resolution}`, "node", [tsc, "-p", config], app)
    }
  }
  run(`${manager}: import of ${entries.length} entries`, "node", ["import.mjs"], app)
  run(`${manager}: require of ${entries.length} entries`, "node", ["require.cjs"], app)
}
