/**
 * Runs the commands of the documentation as a reader does: those of shell
 * blocks and the examples in the help of `kimi`, each page in a separate
 * folder with the files that its commands name. `kimi` is the one of this
 * repository, and its host a local server. `scripts/docs/commands.ts` states
 * which commands other checks run, and which cannot be run here.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from "node:fs"
import { delimiter, join } from "node:path"
import { MockServer } from "@kimi-effect/testing/node"
import * as Effect from "effect/Effect"
import { exampleRuleOf, type Rule, ruleOf } from "./docs/commands.ts"
import { blocks, root } from "./docs/pages.ts"
import { type Command, commands, kimiExamples } from "./docs/shell.ts"
import { temporaryFolder } from "./tarballs.ts"

/** Longest time of a command in milliseconds, on a machine with other work. */
const maxMillis = 180_000

const temporary = temporaryFolder("kimi-effect-commands-")
const bin = join(temporary, "bin")
mkdirSync(bin)
writeFileSync(join(bin, "kimi"), `#!/bin/sh\nexec "${process.execPath}" "${root}packages/cli/src/bin.ts" "$@"\n`)
chmodSync(join(bin, "kimi"), 0o755)

const request = (content: string): string => `${JSON.stringify({ messages: [{ role: "user", content }] })}\n`

/** Files that commands read. */
const files = {
  "prompt.txt": "Hello world!\n",
  "prompts.txt": "Hello world!\nHow are you?\n",
  "requests.jsonl": request("Hello world!") + request("How are you?"),
  "questions.jsonl": request("Hello world!") + request("How are you?"),
  "reviews.csv": "review\nA quiet room.\n",
  "kimi.json": JSON.stringify({ kimi: { idleTimeout: "90 seconds" } })
}

const folderOf = (page: string): string => {
  // Commands of npm and pnpm are those of the repository.
  if (!page.startsWith("docs/") && !page.startsWith("packages/cli/")) return root
  const folder = join(temporary, page.replaceAll("/", "-"))
  mkdirSync(join(folder, "examples/test/cassettes"), { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  copyFileSync(join(root, "examples/test/cassettes/summary.json"), join(folder, "examples/test/cassettes/summary.json"))
  return folder
}

/** `kimi` of this repository in place of an installed one. */
const local = (text: string): string =>
  text.replace("npm install --global @kimi-effect/cli && ", "").replace("npx @kimi-effect/cli", "kimi")

interface Ended {
  readonly code: unknown
  readonly output: string
}

const run = async (text: string, cwd: string, baseUrl: string): Promise<Ended> => {
  const { KIMI_API_KEY: _, MOONSHOT_API_KEY: __, ...inherited } = process.env
  const child = spawn("sh", ["-c", text], {
    cwd,
    env: {
      ...inherited,
      PATH: [bin, inherited["PATH"]].join(delimiter),
      // Those of the repository need no key.
      ...(cwd === root ? {} : { KIMI_API_KEY: "sk-example", KIMI_BASE_URL: baseUrl })
    },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: maxMillis
  })
  let output = ""
  child.stdout.on("data", (bytes) => (output += bytes))
  child.stderr.on("data", (bytes) => (output += bytes))
  const [code, signal] = await once(child, "close")
  return { code: code ?? signal, output }
}

const isRun = (rule: Rule | undefined): boolean => rule !== undefined && "runs" in rule

const chosen: ReadonlyArray<Command> = [
  ...commands().filter((command) => isRun(ruleOf(command))),
  ...kimiExamples().filter((command) => isRun(exampleRuleOf(command)))
]

const folders = new Map<string, string>()
const done = new Set<string>()

const check = Effect.gen(function* () {
  for (const { line, page, text } of chosen) {
    const folder = folders.get(page) ?? folderOf(page)
    folders.set(page, folder)
    if (done.has(`${folder} ${text}`)) continue
    done.add(`${folder} ${text}`)
    const server = yield* MockServer.make()
    const { code, output } = yield* Effect.promise(() => run(local(text), folder, server.url))
    if (code !== 0) {
      process.exitCode = 1
      process.stderr.write(`${page}:${line}: ${text} ended with ${code}:\n${output}\n`)
    } else process.stdout.write(`  ${text}\n`)
  }
})

/** The program that starts `kimi`. */
const checkProgram = Effect.gen(function* () {
  const folder = folderOf("docs/cli.md")
  const server = yield* MockServer.make()
  for (const { code, line, page } of blocks("docs/cli.md", "ts")) {
    writeFileSync(join(folder, "program.mts"), code)
    const ended = yield* Effect.promise(() => run("node program.mts", folder, server.url))
    if (ended.code === 0 && ended.output.startsWith("Hello")) continue
    process.exitCode = 1
    process.stderr.write(`${page}:${line}: the program ended with ${ended.code}:\n${ended.output}\n`)
  }
})

await Effect.runPromise(Effect.scoped(Effect.andThen(check, checkProgram)))
process.stdout.write(`  ${done.size} commands\n`)
