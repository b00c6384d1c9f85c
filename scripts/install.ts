/**
 * Installs the packed packages into an empty folder, with npm and with pnpm,
 * and uses them as an application does: its types are checked by each
 * supported TypeScript under each module resolution, and every entry is
 * loaded by `import` and by `require`. The types of the main entries load within
 * two seconds, and those of one entry in little more than those of Effect.
 */
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { command, environment, names, pack, packOne, root, run, runPnpm, temporaryFolder } from "./tarballs.ts"

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
    ["effect", "@effect/platform-node", "@effect/sql-pg", "redis"].map((dependency) => [
      dependency,
      devDependencies[dependency]
    ])
  )
}
/** The imports of a program on the main entries. */
const mainProgram = `
import { KimiClient } from "@kimi-effect/client"
import { KimiNode } from "@kimi-effect/client/node"
import { KimiConfig } from "@kimi-effect/core"
import { MockProvider } from "@kimi-effect/testing"
import * as Effect from "effect/Effect"
export const main = Effect.provide(KimiClient.KimiClient, KimiNode.layerConfig())
export const rest = [KimiConfig.layer, MockProvider.layerClient]
`

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

const compilerOptions = {
  target: "ES2024",
  lib: ["ES2024", "DOM", "DOM.Iterable", "DOM.AsyncIterable"],
  types: ["node"],
  strict: true,
  exactOptionalPropertyTypes: true,
  noEmit: true
}

const compilerOf = (app: string, typescript: string): string =>
  join(app, "node_modules", typescript, readJson(join(app, "node_modules", typescript, "package.json")).bin.tsc)

/** Programs whose types are loaded: each adds to the one before it. */
const typePrograms = {
  empty: "export {}",
  effect: `import * as Effect from "effect/Effect"\nexport const program = Effect.void`,
  entry: `import * as KimiClient from "@kimi-effect/client/KimiClient"\nexport const program = KimiClient.layer`,
  main: mainProgram
}

type TypeProgram = keyof typeof typePrograms

/** Seconds that the types of the main entries may take. */
const maxTypesLoad = 2

/** How many times the time of Effect's own module the types of one entry may take, which import it. */
const maxEntryToEffect = 1.25

/**
 * Seconds that a compiler needs for a program, the fastest of three, so that
 * other work of the machine does not decide. Declarations of libraries are not
 * checked, as in most applications. Of a compiler in JavaScript it is the CPU time.
 */
const measureTypes = (app: string, typescript: string, program: TypeProgram): number => {
  writeJson(join(app, "tsconfig.load.json"), {
    compilerOptions: { ...compilerOptions, ...resolutions.NodeNext, skipLibCheck: true },
    files: [`${program}.ts`]
  })
  const compiler = ["--require", "./cpu.cjs", compilerOf(app, typescript), "-p", "tsconfig.load.json"]
  const runOnce = (): number => {
    const startedAt = performance.now()
    const { status, stderr, stdout } = spawnSync(process.execPath, compiler, { cwd: app, encoding: "utf8" })
    if (status !== 0) throw new Error(stdout)
    return typescript === "ts7" ? (performance.now() - startedAt) / 1_000 : Number(stderr) / 1_000_000
  }
  return Math.min(runOnce(), runOnce(), runOnce())
}

const checkTypesLoad = (app: string, typescript: string): void => {
  for (const [name, text] of Object.entries(typePrograms)) writeFileSync(join(app, `${name}.ts`), text)
  writeFileSync(
    join(app, "cpu.cjs"),
    `process.once("exit", () => {
      const { system, user } = process.cpuUsage()
      process.stderr.write(String(system + user))
    })`
  )
  const of = (program: TypeProgram): number => measureTypes(app, typescript, program)
  const [empty, effect, entry, main] = [of("empty"), of("effect"), of("entry"), of("main")]
  const seconds = { empty, "effect/Effect": effect, "client/KimiClient": entry, "main entries": main }
  const list = Object.entries(seconds).map(([name, value]) => `${name} ${value.toFixed(2)} s`)
  process.stdout.write(`  types, ${typescript}: ${list.join(", ")}\n`)
  // Compilers in JavaScript take a second or more for the declarations of Node and of the browser.
  const added = typescript === "ts7" ? main : main - empty
  if (added > maxTypesLoad || entry > effect * maxEntryToEffect) {
    process.stderr.write(
      `The types of the main entries load in ${added.toFixed(2)} s of at most ${maxTypesLoad}, and those of one entry ` +
        `in ${(entry / effect).toFixed(2)} times the time of effect/Effect, of at most ${maxEntryToEffect}\n`
    )
    process.exit(1)
  }
}

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
const kimi = ["--offline", "kimi"]
run("kimi --version", "npx", [...kimi, "--version"], commandApp)

/** The texts of the bundle are evaluated when it is built, and its characters are escaped. */
const helpOf = (entry: string): string => {
  const { status, stderr, stdout } = spawnSync(process.execPath, [entry, "chat", "--help"], {
    encoding: "utf8",
    env: environment
  })
  if (status !== 0) throw new Error(stderr)
  return stdout
}
const sourceHelp = helpOf(join(root, "packages/cli/src/bin.ts"))
if (helpOf(join(commandApp, "node_modules/.bin/kimi")) !== sourceHelp) {
  process.stderr.write("The help of the installed kimi chat differs from that of the sources\n")
  process.exit(1)
}
run("kimi models", "npx", [...kimi, "models", "--json"], commandApp)

/** A chat of the installed command with its own mock server. */
const server = spawn(join(commandApp, "node_modules/.bin/kimi"), ["serve-mock", "--json"], {
  env: environment,
  stdio: ["ignore", "pipe", "inherit"]
})
process.once("exit", () => server.kill())
const [serving] = await once(server.stdout, "data")
const key = join(commandApp, "key")
writeFileSync(key, "sk-mock")
const at = ["--base-url", JSON.parse(String(serving)).url, "--api-key-file", key]
run("kimi chat", "npx", [...kimi, "chat", "Hello!", "--json", ...at], commandApp)
server.kill()

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

  if (manager === "npm") run("npm install", "npm", ["install", "--no-audit", "--no-fund"], app)
  else runPnpm("pnpm install", ["install"], app)
  for (const [typescript, version] of Object.entries(typescripts)) {
    for (const [resolution, options] of Object.entries(resolutions)) {
      const config = `tsconfig.${resolution}.json`
      writeJson(join(app, config), {
        compilerOptions: { ...compilerOptions, ...options },
        files: ["program.ts"]
      })
      const what = `${manager}: TypeScript ${version}, ${resolution}`
      run(what, "node", [compilerOf(app, typescript), "-p", config], app)
    }
  }
  if (manager === "npm") for (const typescript of Object.keys(typescripts)) checkTypesLoad(app, typescript)
  run(`${manager}: import of ${entries.length} entries`, "node", ["import.mjs"], app)
  run(`${manager}: require of ${entries.length} entries`, "node", ["require.cjs"], app)
}
