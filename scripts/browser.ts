/**
 * Bundles the modules that do not need Node for a browser, and runs a mock
 * client and a simulation in a realm that has the globals of a browser only.
 *
 * Fails when a bundle imports a module of Node or uses a global of Node.
 */
import { builtinModules } from "node:module"
import { rolldown } from "rolldown"
import * as Realm from "./browser/Realm.ts"

const root = new URL("..", import.meta.url).pathname

const entries: Readonly<Record<string, string>> = {
  "@kimi-effect/core": "packages/core/src/index.ts",
  "@kimi-effect/client": "packages/client/src/index.ts",
  "@kimi-effect/testing": "packages/testing/src/index.ts",
  "@kimi-effect/testing/contract": "packages/testing/src/contract/index.ts"
}

/** `process` and `setImmediate` are not listed: Effect and lru-cache check whether they exist. */
const nodeGlobals = ["Buffer", "__dirname", "__filename", "require"]

const nodeModules = new Set(builtinModules)
const isNodeModule = (id: string): boolean => id.startsWith("node:") || nodeModules.has(id)

interface Bundle {
  readonly imports: ReadonlyArray<string>
  readonly code: string
}

const bundle = async (path: string, format: "esm" | "iife"): Promise<Bundle> => {
  const build = await rolldown({
    input: root + path,
    platform: "browser",
    external: isNodeModule,
    logLevel: "silent"
  })
  // Code generation alone removes the comments, which may name anything.
  const { output } = await build.generate({
    format,
    name: "bundle",
    codeSplitting: false,
    minify: { compress: false, mangle: false, codegen: true }
  })
  await build.close()
  const [{ code, dynamicImports, fileName, imports }] = output
  // Modules that are loaded on demand are in the same file.
  return { imports: [...imports, ...dynamicImports].filter((id) => id !== fileName), code }
}

const problemsOf = ({ code, imports }: Bundle): ReadonlyArray<string> => [
  ...imports.map((id) => `imports ${id}`),
  ...nodeGlobals
    .filter((name) => new RegExp(`(?<![.\\w$"'\`])${name}\\b(?!["'\`:])`).test(code))
    .map((name) => `uses the global ${name}`)
]

const problems: Array<string> = []
for (const [name, path] of Object.entries(entries)) {
  const result = await bundle(path, "esm")
  problems.push(...problemsOf(result).map((problem) => `${name}: ${problem}`))
  process.stdout.write(`  ${name}: ${Math.round(result.code.length / 1024)} KiB\n`)
}

const { code } = await bundle("scripts/browser/program.ts", "iife")
const text: unknown = await Realm.run(`${code}\nbundle.run()`)
if (text !== "Hello!, 40 of 40 calls succeeded")
  problems.push(`the program in the browser realm returned ${String(text)}`)

if (problems.length > 0) {
  process.stderr.write(`${problems.join("\n")}\n`)
  process.exit(1)
}
