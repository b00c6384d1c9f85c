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
import { text } from "node:stream/consumers"
import { MockServer } from "@kimi-effect/testing/node"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
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

/** Longest time of the browser in milliseconds, on a machine with other work. */
const maxMillis = 180_000

/** Serves the page and its script on a separate origin, and completes with what the page reports. */
const servePage = Effect.acquireRelease(
  Effect.promise(async () => {
    const result = Promise.withResolvers<string>()
    const server = createServer(async (request, response) => {
      if (request.method === "POST") {
        result.resolve(await text(request))
        return response.end()
      }
      const isScript = request.url?.startsWith("/page.js") === true
      response.setHeader("content-type", isScript ? "text/javascript" : "text/html; charset=utf-8")
      response.end(isScript ? code : '<!doctype html><body><script type="module" src="/page.js"></script></body>')
    }).listen(0, "127.0.0.1")
    await once(server, "listening")
    return { server, result: result.promise }
  }),
  ({ server }) => Effect.sync(() => server.close().closeAllConnections())
)

/** Opens a page in a browser, which ends with the scope. */
const visit = (name: string, url: string) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      spawn(
        name,
        [
          "--headless=new",
          "--disable-gpu",
          // The sandbox needs privileges that containers do not have, and the page is ours.
          "--no-sandbox",
          `--user-data-dir=${temporaryFolder("kimi-effect-chromium-")}`,
          url
        ],
        { stdio: "ignore" }
      )
    ),
    (child) => Effect.promise(async () => child.exitCode ?? (child.kill(), once(child, "close")))
  )

const program = Effect.gen(function* () {
  const host = yield* MockServer.make({ cors: true, apiKey: "sk-browser" })
  const { result, server } = yield* servePage
  const { port } = server.address() as AddressInfo
  yield* visit(browser, `http://127.0.0.1:${port}/?host=${encodeURIComponent(host.url)}`)
  const reported = yield* Effect.timeoutOption(
    Effect.promise(() => result),
    maxMillis
  )
  const requests = yield* host.requests
  return { result: Option.getOrElse(reported, () => "nothing"), requests: requests.length }
})

const { requests, result } = await Effect.runPromise(Effect.scoped(program))
if (!result.startsWith("ok: ") || requests !== 2) {
  process.stderr.write(`${browser} made ${requests} requests of 2, and the page reported ${result}\n`)
  process.exit(1)
}
process.stdout.write(`  ${browser}: ${result}, ${Math.round(code.length / 1024)} KiB of JavaScript\n`)
