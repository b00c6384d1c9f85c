/**
 * Runs every example as a program, two at a time, each against a local server
 * instead of Kimi. An example is a file of `examples`, or the `main.ts` of a
 * folder there; `examples/hosts` has the replies of the server for some.
 * `node scripts/examples.ts cache mcp` runs the named ones, and prints what they print.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, globSync } from "node:fs"
import type { Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import type { ReceivedRequest } from "@kimi-effect/testing/node/ReceivedRequest"
import * as Effect from "effect/Effect"

const folder = new URL("../examples/", import.meta.url).pathname
const nameOf = (file: string): string => file.replace(/(?:\/main)?\.ts$/, "")
const files = globSync(["*.ts", "*/main.ts"], { cwd: folder }).toSorted()
const names = process.argv.slice(2)
const chosen = names.length === 0 ? files : files.filter((file) => names.includes(nameOf(file)))

/** An example that waits for something would stop every later check. */
const timeoutMillis = 60_000

interface Run {
  readonly code: unknown
  readonly output: string
  readonly seconds: number
}

/** Examples load the same modules: from the second one on, they are not compiled again. */
const compileCache = new URL("../node_modules/.cache/kimi-effect-examples", import.meta.url).pathname

const run = async (file: string, baseUrl: string): Promise<Run> => {
  // `start.ts` must run without any configuration, as `npm start` does.
  const own = file === "start.ts" ? {} : { KIMI_API_KEY: "sk-example", KIMI_BASE_URL: baseUrl }
  const { KIMI_API_KEY: _, MOONSHOT_API_KEY: __, ...inherited } = process.env
  const startedAt = performance.now()
  const child = spawn(process.execPath, [folder + file], {
    env: { NODE_COMPILE_CACHE: compileCache, ...inherited, ...own },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: timeoutMillis
  })
  let output = ""
  child.stdout.on("data", (bytes) => (output += bytes))
  child.stderr.on("data", (bytes) => (output += bytes))
  const [code, signal] = await once(child, "close")
  return { code: code ?? signal, output: output.trim(), seconds: (performance.now() - startedAt) / 1000 }
}

const report = (file: string, { code, output, seconds }: Run): void => {
  if (code !== 0 || output === "") {
    process.exitCode = 1
    process.stderr.write(`${file} ended with ${code}:\n${output}\n`)
  } else if (names.length > 0) process.stdout.write(`${output}\n`)
  else process.stdout.write(`  ${file}: ${output.split("\n").length} lines, ${seconds.toFixed(1)} s\n`)
}

interface Host {
  readonly reply: (request: ReceivedRequest) => Reply.Reply
}

const example = (file: string) =>
  Effect.gen(function* () {
    const server = yield* MockServer.make()
    const host = `${folder}hosts/${file}`
    if (existsSync(host)) {
      const { reply } = yield* Effect.promise<Host>(() => import(host))
      yield* server.replyAlways(reply)
    }
    report(file, yield* Effect.promise(() => run(file, server.url)))
  }).pipe(Effect.scoped)

const unknown = names.filter((name) => !files.some((file) => nameOf(file) === name))
if (unknown.length > 0) {
  process.stderr.write(`No such example: ${unknown.join(", ")}. Examples: ${files.map(nameOf).join(", ")}\n`)
  process.exit(2)
}
await Effect.runPromise(Effect.forEach(chosen, example, { concurrency: 2, discard: true }))
