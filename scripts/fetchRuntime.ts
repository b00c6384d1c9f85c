/**
 * Bundles every public module that does not need Node, and runs a chat over
 * `fetch` in a context that has only the globals of a browser. Fails if a
 * module of Node is reachable.
 */
import { globSync } from "node:fs"
import { isBuiltin } from "node:module"
import { rolldown } from "rolldown"
import * as Realm from "./browser/Realm.ts"

const root = new URL("..", import.meta.url).pathname
const client = `${root}packages/client/src/index.ts`

/** Every public module that is not in a folder for Node. */
const modules = ["core", "client"].flatMap((name) =>
  globSync(`packages/${name}/src/**/*.ts`, {
    cwd: root,
    exclude: (path) => ["/internal", "/node", "/postgres"].some((folder) => path.endsWith(folder))
  })
)

const entry = `
import { KimiClient } from "${client}"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as FetchHttpClient from "effect/http/FetchHttpClient"

${modules.map((path, i) => `import * as m${i} from "${root}${path}"`).join("\n")}
export const names = [${modules.map((_, i) => `m${i}`).join(", ")}].flatMap((module) => Object.keys(module))

export const chat = (fetch) =>
  Effect.flatMap(KimiClient.KimiClient, (kimi) =>
    kimi.chat({ messages: [{ role: "user", content: "Hello world!" }] })
  ).pipe(
    Effect.map(({ text }) => text),
    Effect.provide(KimiClient.layer({ apiKey: Redacted.make("sk-browser") })),
    Effect.provide(FetchHttpClient.layer),
    Effect.provideService(FetchHttpClient.Fetch, fetch),
    Effect.runPromise
  )
`

const nodeImports = new Set<string>()
const bundle = await rolldown({
  input: "entry",
  platform: "browser",
  logLevel: "silent",
  transform: { define: { "import.meta": "{}" } },
  plugins: [
    {
      name: "entry",
      resolveId(source, importer) {
        if (source === "entry") return source
        if (isBuiltin(source)) {
          nodeImports.add(`${source}, imported by ${importer?.replace(root, "")}`)
          return { id: source, external: true }
        }
        return importer === "entry" ? this.resolve(source, client) : null
      },
      load: (id) => (id === "entry" ? entry : null)
    }
  ]
})
const { output } = await bundle.generate({ format: "iife", name: "bundle" })
await bundle.close()
if (nodeImports.size > 0) {
  process.stderr.write(`Modules of Node are reachable in a browser:\n${[...nodeImports].slice(0, 20).join("\n")}\n`)
  process.exit(1)
}

/** Answers every call as Moonshot does. */
const fetchStub = (): Promise<Response> =>
  Promise.resolve(
    Response.json({
      id: "chat",
      object: "chat.completion",
      created: 1,
      model: "kimi-k3",
      choices: [{ index: 0, message: { role: "assistant", content: "Hello!" }, finish_reason: "stop" }],
      usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }
    })
  )

const [{ code }] = output
const { chat, names } = Realm.run(`${code}\nbundle`) as {
  readonly chat: (fetch: typeof fetchStub) => Promise<string>
  readonly names: unknown
}
const text = await chat(fetchStub)
if (text !== "Hello!") {
  process.stderr.write(`The chat returned ${JSON.stringify(text)}\n`)
  process.exit(1)
}
process.stdout.write(
  `  ${modules.length} modules, ${Array.isArray(names) ? names.length : 0} names, ${code.length} bytes\n`
)
