/** Runs every example as a program, against a local server instead of Kimi. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { readdirSync } from "node:fs"
import { MockServer } from "@kimi-effect/testing/node"
import * as Effect from "effect/Effect"

const folder = new URL("../examples/", import.meta.url)
const files = readdirSync(folder).filter((name) => name.endsWith(".ts"))

const run = async (file: string, baseUrl: string): Promise<void> => {
  // `start.ts` must run without any configuration, as `npm start` does.
  const own = file === "start.ts" ? {} : { KIMI_API_KEY: "sk-example", KIMI_BASE_URL: baseUrl }
  const { KIMI_API_KEY: _, MOONSHOT_API_KEY: __, ...inherited } = process.env
  const child = spawn(process.execPath, [new URL(file, folder).pathname], {
    env: { ...inherited, ...own },
    stdio: ["ignore", "pipe", "pipe"]
  })
  let output = ""
  child.stdout.on("data", (bytes) => (output += bytes))
  child.stderr.on("data", (bytes) => (output += bytes))
  const [code] = await once(child, "close")
  if (code !== 0 || output.trim() === "") {
    process.stderr.write(`${file} ended with ${code}:\n${output}\n`)
    process.exit(1)
  }
  process.stdout.write(`  ${file}: ${output.trim().split("\n").length} lines\n`)
}

const program = Effect.gen(function* () {
  const server = yield* MockServer.make()
  for (const file of files) yield* Effect.promise(() => run(file, server.url))
})

await Effect.runPromise(Effect.scoped(program))
