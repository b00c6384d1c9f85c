/**
 * Makes a chat and reads a stream in Chromium: the packages bundled for a
 * browser, over `fetch`, from a page of another origin than that of a
 * `MockServer`, which allows it by CORS.
 *
 * Runs the browser in `CHROMIUM`, or the first of the usual names on the
 * `PATH`. Without one it states that it was skipped, unless `CI` is set.
 */
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { MockServer } from "@kimi-effect/testing/node"
import * as Effect from "effect/Effect"
import { rolldown } from "rolldown"
import { root, temporaryFolder } from "./tarballs.ts"

const candidates = [
  process.env["CHROMIUM"] ?? [],
  "chromium",
  "chromium-browser",
  "google-chrome-stable",
  "google-chrome"
]
const browser = candidates.flat().find((name) => spawnSync(name, ["--version"]).status === 0)
if (browser === undefined) {
  process.stdout.write("  SKIPPED: no Chromium on the PATH\n")
  process.exit(process.env["CI"] === undefined ? 0 : 1)
}

const build = await rolldown({ input: `${root}scripts/browser/page.ts`, platform: "browser", logLevel: "silent" })
const { output } = await build.generate({ format: "esm", codeSplitting: false })
await build.close()
const [{ code }] = output

/** Serves the page and its script on a separate origin. */
const servePage = Effect.acquireRelease(
  Effect.promise(async () => {
    const server = createServer(({ url = "/" }, response) => {
      const isScript = url.startsWith("/page.js")
      response.setHeader("content-type", isScript ? "text/javascript" : "text/html; charset=utf-8")
      response.end(isScript ? code : '<!doctype html><body><script type="module" src="/page.js"></script></body>')
    }).listen(0, "127.0.0.1")
    await once(server, "listening")
    return server
  }),
  (server) => Effect.sync(() => server.close().closeAllConnections())
)

/** What the page has written into its body when its requests have ended. */
const visit = async (name: string, url: string): Promise<string> => {
  const child = spawn(
    name,
    [
      "--headless=new",
      "--disable-gpu",
      // The sandbox needs privileges that containers do not have, and the page is ours.
      "--no-sandbox",
      `--user-data-dir=${temporaryFolder("kimi-effect-chromium-")}`,
      "--virtual-time-budget=30000",
      "--dump-dom",
      url
    ],
    { stdio: ["ignore", "pipe", "ignore"], timeout: 60_000 }
  )
  let text = ""
  child.stdout.on("data", (bytes) => (text += bytes))
  await once(child, "close")
  return text
}

const program = Effect.gen(function* () {
  const host = yield* MockServer.make({ cors: true, apiKey: "sk-browser" })
  const { port } = (yield* servePage).address() as AddressInfo
  const page = yield* Effect.promise(() =>
    visit(browser, `http://127.0.0.1:${port}/?host=${encodeURIComponent(host.url)}`)
  )
  const requests = yield* host.requests
  return { page, requests: requests.length }
})

const { page, requests } = await Effect.runPromise(Effect.scoped(program))
const [, result] = /<output>([\s\S]*)<\/output>/.exec(page) ?? []
if (result === undefined || !result.startsWith("ok: ") || requests !== 2) {
  process.stderr.write(`${browser} made ${requests} requests of 2, and the page has:\n${page}\n`)
  process.exit(1)
}
process.stdout.write(`  ${browser}: ${result}, ${Math.round(code.length / 1024)} KiB of JavaScript\n`)
