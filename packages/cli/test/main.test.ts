/** The program as a process: through pipes, and in a terminal. */
import { readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Fault from "@kimi-effect/testing/Fault"
import * as Reply from "@kimi-effect/testing/Reply"
import * as MockServer from "@kimi-effect/testing/node/MockServer"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { mcpServer } from "./mcpServer.ts"
import { ended, firstOutput, key, start } from "./process.ts"
import { temporaryFolder } from "./temporaryFolder.ts"
import { hasTmux, inTerminal, press, shows } from "./tmux.ts"

describe("the process", () => {
  it.live("reads its prompt from a pipe", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      const child = yield* start(["chat"], { KIMI_BASE_URL: server.url })
      child.stdin.end("Hello world!\n")
      const { code, stdout } = yield* ended(child)
      assert.strictEqual(code, 0)
      assert.include(stdout, "Hello!")
    })
  )

  it.live("exits with the code of the category of its error", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make({ apiKey: "sk-another" })
      const child = yield* start(["balance"], { KIMI_BASE_URL: server.url })
      const { code, stderr } = yield* ended(child)
      assert.strictEqual(code, 11)
      assert.include(stderr, "AuthenticationError")
    })
  )

  it.live("names the file of variables that it cannot read", () =>
    Effect.gen(function* () {
      const { code, stderr } = yield* ended(yield* start(["config", "--dotenv", "none.env"]))
      assert.strictEqual(code, 1, stderr)
      assert.include(stderr, "none.env cannot be read: it does not exist")
    })
  )

  it.live("ends at Ctrl-C with the way to continue", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make({ latency: "1 hour" })
      const child = yield* start(["chat", "Hello", "--history", "talk.json"], { KIMI_BASE_URL: server.url })
      child.stdin.end()
      const waiting = yield* Effect.forkChild(ended(child), { startImmediately: true })
      yield* server.awaitRequests(1)
      child.kill("SIGINT")
      const { code, stderr } = yield* Fiber.join(waiting)
      assert.strictEqual(code, 130)
      assert.include(stderr, "--history talk.json")
      yield* server.awaitAborted(1)
    })
  )

  it.live.each([
    { name: "a batch", flags: [] },
    { name: "a batch whose deadline is met here", flags: ["--mode", "auto", "--deadline", "1 hour"] }
  ])("ends $name at Ctrl-C with the way to resume", ({ flags }) =>
    Effect.gen(function* () {
      const server = yield* MockServer.make({ latency: "1 hour" })
      const folder = yield* temporaryFolder
      const input = join(folder, "in.jsonl")
      writeFileSync(input, JSON.stringify({ messages: [{ role: "user", content: "Hello" }] }))
      const args = ["batch", "run", input, join(folder, "out.jsonl"), ...flags]
      const child = yield* start(args, { KIMI_BASE_URL: server.url })
      const waiting = yield* Effect.forkChild(ended(child), { startImmediately: true })
      yield* server.awaitRequests(1)
      child.kill("SIGINT")
      const { code, stderr } = yield* Fiber.join(waiting)
      assert.strictEqual(code, 130)
      assert.include(stderr, "Run the same command again")
      assert.notInclude(stderr, "at the host")
      assert.include(stderr, "0 rows")
    })
  )

  it.live("ends a recorded swarm at Ctrl-C with the way to resume", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make({ latency: "1 hour" })
      const journal = join(yield* temporaryFolder, "team.db")
      const args = ["swarm", "Say hello", "--id", "greeting", "--journal", journal]
      const child = yield* start(args, { KIMI_BASE_URL: server.url })
      const waiting = yield* Effect.forkChild(ended(child), { startImmediately: true })
      yield* server.awaitRequests(1)
      child.kill("SIGINT")
      const { code, stderr } = yield* Fiber.join(waiting)
      assert.strictEqual(code, 130)
      assert.include(stderr, `Interrupted. Continue with: kimi swarm resume greeting --journal ${journal}\n`)
    })
  )

  it.live.skipIf(process.platform !== "linux")("has no key among its arguments", () =>
    Effect.gen(function* () {
      const child = yield* start(["serve-mock", "--json"])
      assert.match(JSON.parse(yield* firstOutput(child)).url, /^http:\/\/127\.0\.0\.1:\d+\/v1$/)
      assert.notInclude(readFileSync(`/proc/${child.pid}/cmdline`, "utf8"), key)
    })
  )

  it.live("gives its key to no MCP server", () =>
    Effect.gen(function* () {
      const host = yield* MockServer.make()
      const path = join(yield* temporaryFolder, "server.cjs")
      writeFileSync(path, mcpServer)
      yield* host.reply(
        Reply.toolCalls([{ name: "shout", arguments: { word: "a" } }], { reasoning: "Shout." }),
        Reply.text("Done.")
      )
      const args = ["chat", "Shout", "--yes", "--mcp", `${process.execPath} ${path}`]
      const child = yield* start(args, { KIMI_BASE_URL: host.url, MOONSHOT_API_KEY: key })
      child.stdin.end()
      yield* ended(child)
      const { body } = (yield* host.requests)[1] ?? { body: "" }
      assert.include(body, "A has:")
      assert.notInclude(body, "MOONSHOT_API_KEY")
    })
  )

  it.live("fails to serve a cassette that does not exist", () =>
    Effect.gen(function* () {
      const { code, stderr } = yield* ended(yield* start(["serve-mock", "--cassette", "none.json"]))
      assert.strictEqual(code, 1)
      assert.include(stderr, "none.json")
    })
  )

  it.live("completes a batch if the reader of its progress has gone", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      const folder = yield* temporaryFolder
      const input = join(folder, "in.jsonl")
      writeFileSync(input, JSON.stringify({ messages: [{ role: "user", content: "Hello" }] }))
      const child = yield* start(["batch", "run", input, join(folder, "out.jsonl")], { KIMI_BASE_URL: server.url })
      child.stderr.destroy()
      const { code, stdout } = yield* ended(child)
      assert.strictEqual(code, 0)
      assert.include(stdout, "1 answered")
    })
  )
})

describe("a terminal", () => {
  it.live.skipIf(!hasTmux)("asks for a missing key without showing it", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make({ apiKey: key })
      const folder = yield* temporaryFolder
      yield* inTerminal("balance", { KIMI_BASE_URL: server.url, HOME: folder })
      yield* shows("API key (not shown)")
      yield* press(key, "Enter")
      yield* shows("File to keep it in")
      yield* press("~/keys/kimi", "Enter")
      assert.notInclude(yield* shows("code 0"), key)
      const kept = join(folder, "keys/kimi")
      assert.deepStrictEqual([readFileSync(kept, "utf8"), statSync(kept).mode & 0o077], [`${key}\n`, 0])
    })
  )

  it.live.skipIf(!hasTmux)("ends at Ctrl-C in the question for the key", () =>
    Effect.gen(function* () {
      yield* inTerminal("balance", { HOME: yield* temporaryFolder })
      yield* shows("API key (not shown)")
      yield* press("C-c")
      yield* shows("code 130")
    })
  )

  it.live.skipIf(!hasTmux)("redraws the whole line of the progress after Ctrl-C", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      yield* server.reply(Reply.text("Done."), Reply.withFault(Fault.StallBeforeHeaders())(Reply.text("Never.")))
      const folder = yield* temporaryFolder
      const input = join(folder, "in.jsonl")
      const rows = ["a", "b"].map((content) => JSON.stringify({ messages: [{ role: "user", content }] }))
      writeFileSync(input, rows.join("\n"))
      yield* inTerminal(`batch run ${input} ${join(folder, "out.jsonl")} --rows 1`, {
        KIMI_BASE_URL: server.url,
        KIMI_API_KEY: key,
        HOME: folder
      })
      // The number of rows is an estimate until the end of the input was read.
      yield* shows("1 of ")
      yield* press("C-c")
      assert.match(yield* shows("code 130"), /^1 of (?:about )?2 rows/m)
    })
  )
})
