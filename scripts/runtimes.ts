/**
 * Makes a chat and reads a stream with the packed packages in Bun and in Deno,
 * at a `MockServer`: over `fetch` as in any runtime, and with
 * `@kimi-effect/client/node` on their modules of Node.
 *
 * Their binaries are packages of npm for the usual platforms; elsewhere the
 * runtime is skipped, visibly.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { MockServer } from "@kimi-effect/testing/node"
import * as Effect from "effect/Effect"
import { pack, root, run, temporaryFolder } from "./tarballs.ts"

const runtimes = [
  { name: "Bun", version: "1.4.5", dependency: "bun", binary: "node_modules/@oven/bun-*/bin/bun", args: [] },
  {
    name: "Deno",
    version: "2.9.6",
    dependency: "deno",
    binary: "node_modules/@deno/*/deno",
    args: ["run", "--allow-all"]
  }
]

const clients = {
  fetch: `
import { KimiClient } from "@kimi-effect/client"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
const client = KimiClient.layer({ apiKey: Redacted.make("sk-example"), baseUrl: process.env.KIMI_BASE_URL }).pipe(
  Layer.provide(FetchHttpClient.layer)
)`,
  node: `
import { KimiClient } from "@kimi-effect/client"
import { KimiNode } from "@kimi-effect/client/node"
const client = KimiNode.layerConfig()`
}

const program = (client: string): string => `${client}
import process from "node:process"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

const messages = [{ role: "user", content: "Hello world!" }] as const
const program = Effect.gen(function* () {
  const kimi = yield* KimiClient.KimiClient
  const { text } = yield* kimi.chat({ messages })
  const events = yield* Stream.runCollect(kimi.stream({ messages }))
  return { text, events: events.length, last: events.at(-1)?._tag }
}).pipe(Effect.provide(client))
console.log(JSON.stringify(await Effect.runPromise(program)))
`

const folder = temporaryFolder("kimi-effect-runtimes-")
const app = join(folder, "app")
mkdirSync(app)
const tarballs = pack(folder)
const { devDependencies } = JSON.parse(readFileSync(join(root, "packages/client/package.json"), "utf8"))
writeFileSync(
  join(app, "package.json"),
  JSON.stringify({
    private: true,
    type: "module",
    dependencies: {
      ...tarballs,
      effect: devDependencies.effect,
      ...Object.fromEntries(runtimes.map(({ dependency, version }) => [dependency, version]))
    },
    overrides: tarballs
  })
)
// Their install scripts only copy the binary.
run("npm install", "npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts"], app)
for (const [client, text] of Object.entries(clients)) writeFileSync(join(app, `${client}.ts`), program(text))

const output = async (command: string, args: ReadonlyArray<string>, url: string): Promise<string> => {
  const child = spawn(command, args, {
    cwd: app,
    env: { ...process.env, KIMI_API_KEY: "sk-example", KIMI_BASE_URL: url },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 60_000
  })
  let text = ""
  child.stdout.on("data", (bytes) => (text += bytes))
  child.stderr.on("data", (bytes) => (text += bytes))
  await once(child, "close")
  return text
}

const check = Effect.gen(function* () {
  const host = yield* MockServer.make({ apiKey: "sk-example" })
  for (const { args, binary, name, version } of runtimes) {
    const [path] = globSync(binary, { cwd: app })
    if (path === undefined) {
      process.stdout.write(`  ${name}: SKIPPED, no binary for this platform\n`)
      continue
    }
    for (const client of Object.keys(clients)) {
      const text = yield* Effect.promise(() => output(join(app, path), [...args, `${client}.ts`], host.url))
      if (!text.includes('"last":"Finish"')) {
        process.stderr.write(`${name} ${version}, ${client}: ${text}\n`)
        process.exitCode = 1
      } else process.stdout.write(`  ${name} ${version}, ${client}: a chat and a stream\n`)
    }
  }
})

await Effect.runPromise(Effect.scoped(check))
