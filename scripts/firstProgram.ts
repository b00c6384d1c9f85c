/**
 * Follows the README as a new user does: its commands in an empty folder, and
 * its first program in the file that it names. Then it runs every program of
 * `docs/getting-started.md`. Only the packages come from tarballs, and the host
 * is a local server.
 *
 * Fails when a command or a program fails, when the first program does not print
 * the response, or when its error without a key does not show how to set one.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { MockServer } from "@kimi-effect/testing/node"
import * as Effect from "effect/Effect"
import { pack, root, run, temporaryFolder } from "./tarballs.ts"

const [, program = "", prose = "", commands = ""] =
  /<!-- examples\/quickstart\.ts -->\n```ts\n([\s\S]*?)```\n([\s\S]*?)```sh\n([\s\S]*?)```/.exec(
    readFileSync(join(root, "README.md"), "utf8")
  ) ?? []
const [, file = ""] = /`([\w.]+)`/.exec(prose) ?? []
const lines = commands.trim().split("\n")
const last = lines.pop() ?? ""
if (!last.endsWith(` node ${file}`) || lines[0]?.startsWith("npm init") !== true) {
  process.stderr.write(`README.md: the commands of the first program do not run ${file} after npm init\n`)
  process.exit(1)
}

/** The programs of the guide by the file in which each is saved. */
const guide = readFileSync(join(root, "docs/getting-started.md"), "utf8")
const guidePrograms = [...guide.matchAll(/^`([\w.]+\.mts)`[\s\S]*?```ts\n([\s\S]*?)^```/gm)]
const guideInstall = /^npm install .*$/m.exec(guide)?.[0]
if (guideInstall === undefined || guidePrograms.length < [...guide.matchAll(/^```ts$/gm)].length) {
  process.stderr.write("docs/getting-started.md: a program has no file, or no command installs the packages\n")
  process.exit(1)
}

const folder = temporaryFolder("kimi-effect-first-")
const app = join(folder, "app")
mkdirSync(app)
writeFileSync(join(app, file), program)

const tarballs = pack(folder)
for (const line of [...lines, guideInstall]) {
  const [command = "", ...args] = line.split(" ")
  // Packages that are not in the registry yet depend on each other by version, so all of them come from tarballs.
  const own = args.flatMap((arg) => tarballs[arg] ?? arg)
  run(line, command, command === "npm" && args[0] === "install" ? [...own, "--no-audit", "--no-fund"] : own, app)
}

interface Ended {
  readonly code: unknown
  readonly output: string
}

const start = async (env: NodeJS.ProcessEnv, ...args: ReadonlyArray<string>): Promise<Ended> => {
  const { KIMI_API_KEY: _, MOONSHOT_API_KEY: __, ...inherited } = process.env
  const child = spawn(process.execPath, args.length === 0 ? [file] : args, {
    cwd: app,
    env: { ...inherited, ...env },
    stdio: ["ignore", "pipe", "pipe"]
  })
  let output = ""
  child.stdout.on("data", (bytes) => (output += bytes))
  child.stderr.on("data", (bytes) => (output += bytes))
  const [code] = await once(child, "close")
  return { code, output }
}

const expect = (what: string, isMet: boolean, output: string): void => {
  if (isMet) {
    process.stdout.write(`  ${what}\n`)
    return
  }
  process.stderr.write(`${what}: no. Its output:\n${output}\n`)
  process.exit(1)
}

const check = Effect.gen(function* () {
  const server = yield* MockServer.make()
  const env = { KIMI_API_KEY: "sk-example", KIMI_BASE_URL: server.url }
  const answered = yield* Effect.promise(() => start(env))
  expect("prints the response", answered.code === 0 && answered.output.startsWith("Hello"), answered.output)
  const keyless = yield* Effect.promise(() => start({}))
  const isHelpful = keyless.output.includes("KIMI_API_KEY: expected an API key") && keyless.output.includes("hint: ")
  expect("shows without a key how to set one", keyless.code === 1 && isHelpful, keyless.output)
  for (const [, name = "", code = ""] of guidePrograms) {
    writeFileSync(join(app, name), code)
    const args = name.endsWith(".test.mts") ? ["--test", name] : [name]
    const ended = yield* Effect.promise(() => start(env, ...args))
    expect(`runs ${name}`, ended.code === 0 && ended.output !== "", ended.output)
  }
})

await Effect.runPromise(Effect.scoped(check))
