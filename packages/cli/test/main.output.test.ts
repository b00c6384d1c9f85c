/** The program when its output cannot be written: its reader has gone, or its disk is full. */
import { spawn } from "node:child_process"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Reply from "@kimi-effect/testing/Reply"
import * as MockServer from "@kimi-effect/testing/node/MockServer"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { ended, environment, firstOutput, program, start } from "./process.ts"
import { temporaryFolder } from "./temporaryFolder.ts"

const row = (content: number) => JSON.stringify({ messages: [{ role: "user", content: `Row ${content}` }] })

/** An input of 200 rows. */
const rowsFile = Effect.map(temporaryFolder, (folder) => {
  const input = join(folder, "in.jsonl")
  writeFileSync(input, Array.from({ length: 200 }, (_, i) => row(i)).join("\n"))
  return input
})

/** Runs the command in a line of bash, which has it as `kimi`. */
const inShell = (line: string, args: ReadonlyArray<string>, url = "") => {
  const kimi = `kimi() { "$node" "$program" "$@"; }; ${line}`
  const child = spawn("bash", ["--norc", "-c", kimi, "bash", ...args], {
    env: { ...environment, node: process.execPath, program, KIMI_BASE_URL: url }
  })
  child.stdin.end()
  return ended(child)
}

/** What is on stderr except for the progress of a batch. */
const reportsOf = (stderr: string): ReadonlyArray<string> =>
  stderr.split("\n").filter((text) => text !== "" && !/^\d+ .*rows, /.test(text))

/** A host that reports what one response has used: 100 tokens at $3 and 10 at $15 per million. A stream is one write. */
const billingServer = Effect.tap(MockServer.make({ chunking: { events: 100 } }), (server) =>
  server.reply(Reply.text("Hello!", { usage: { prompt_tokens: 100, completion_tokens: 10 } }))
)
const costOfResponse = "$0.00045"

/** The lines of a report that is not JSON, after its message and its hint. */
const costsOf = (stderr: string): ReadonlyArray<string> => {
  const reports = reportsOf(stderr)
  return reports.slice(reports.findIndex((text) => text.startsWith("kimi: OutputError: ")) + 2)
}

describe("an output that is not read any more", () => {
  it.live("stops a batch", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      const input = join(yield* temporaryFolder, "in.jsonl")
      const rows = Array.from({ length: 1000 }, (_, i) =>
        JSON.stringify({ messages: [{ role: "user", content: `Row ${i}` }] })
      )
      writeFileSync(input, rows.join("\n"))
      const child = yield* start(["batch", "run", input, "-", "--rows", "1"], { KIMI_BASE_URL: server.url })
      const waiting = yield* Effect.forkChild(ended(child), { startImmediately: true })
      yield* firstOutput(child)
      child.stdout.destroy()
      const { code, stderr } = yield* Fiber.join(waiting)
      assert.strictEqual(code, 141, stderr)
      assert.include(stderr, "its reader has gone")
      assert.isBelow((yield* server.requests).length, rows.length)
    })
  )

  it.live.skipIf(process.platform === "win32")("has the code of a closed pipe behind the first rows of a batch", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      const line = 'kimi batch run "$1" - --rows 1 | head -n 1; echo "code ${PIPESTATUS[0]}"'
      const { stdout } = yield* inShell(line, [yield* rowsFile], server.url)
      const [first = "", last] = stdout.trim().split("\n")
      assert.deepStrictEqual([JSON.parse(first).line, last], [1, "code 141"])
      assert.isBelow((yield* server.requests).length, 200)
    })
  )

  it.live.each(["schema replay", "chat --help", "batch", "swarm status --help"])("ends kimi %s quietly", (words) =>
    Effect.gen(function* () {
      const child = yield* start(words.split(" "))
      child.stdout.destroy()
      const { code, stderr } = yield* ended(child)
      assert.deepStrictEqual([code, stderr], [0, ""])
    })
  )

  it.live.skipIf(process.platform === "win32")("is reported with what a chat has cost", () =>
    Effect.gen(function* () {
      const server = yield* billingServer
      const { code, stderr } = yield* inShell('kimi chat Hello | true; exit "${PIPESTATUS[0]}"', [], server.url)
      assert.deepStrictEqual([code, costsOf(stderr)], [141, [`  Its calls have cost ${costOfResponse}.`]], stderr)
    })
  )

  it.live.skipIf(process.platform === "win32")("is reported once, as JSON", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      const line = 'kimi batch run "$1" - --rows 4 --json | head -n 3; exit "${PIPESTATUS[0]}"'
      const { code, stderr } = yield* inShell(line, [yield* rowsFile], server.url)
      const reports = reportsOf(stderr)
      assert.lengthOf(reports, 1, stderr)
      const { error } = JSON.parse(reports[0] ?? "") as { readonly error: { readonly [member: string]: unknown } }
      assert.deepStrictEqual([code, error["tag"], error["exitCode"]], [141, "OutputError", 141])
    })
  )
})

describe.skipIf(!existsSync("/dev/full"))("an output on a full disk", () => {
  it.live.each(["models", "--help", "batch run IN -", "batch run IN - --rows 1"])(
    "is the one failure of kimi %s",
    (words) =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        const input = yield* rowsFile
        const args = words.split(" ").map((word) => (word === "IN" ? input : word))
        const { code, stderr } = yield* inShell('kimi "$@" > /dev/full', args, server.url)
        const [first, hint, ...others] = reportsOf(stderr)
        assert.strictEqual(code, 26, stderr)
        assert.strictEqual(first, "kimi: OutputError: The output cannot be written: the disk is full (ENOSPC)")
        assert.match(hint ?? "", /^ {2}Redirect the output/)
        assert.deepStrictEqual(others, [])
      })
  )

  it.live.each(["Hello", "Hello --stream", "Hello --history IN"])(
    "is reported with the cost of kimi chat %s",
    (words) =>
      Effect.gen(function* () {
        const server = yield* billingServer
        const history = join(yield* temporaryFolder, "talk.json")
        const args = words.split(" ").map((word) => (word === "IN" ? history : word))
        const { code, stderr } = yield* inShell('kimi chat "$@" > /dev/full', args, server.url)
        assert.deepStrictEqual([code, costsOf(stderr)], [26, [`  Its calls have cost ${costOfResponse}.`]], stderr)
      })
  )

  it.live.each(["--no-stream", "--stream"])("has the cost of a chat in its line of JSON with %s", (flag) =>
    Effect.gen(function* () {
      const server = yield* billingServer
      const { code, stderr } = yield* inShell('kimi chat Hello --json "$1" > /dev/full', [flag], server.url)
      const reports = reportsOf(stderr)
      assert.lengthOf(reports, 1, stderr)
      const { error } = JSON.parse(reports[0] ?? "") as { readonly error: { readonly [member: string]: unknown } }
      assert.deepStrictEqual([code, error["tag"], error["cost"]], [26, "OutputError", costOfResponse])
    })
  )

  it.live("is one line of JSON with --json", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      const line = 'kimi batch run "$1" - --json > /dev/full'
      const { code, stderr } = yield* inShell(line, [yield* rowsFile], server.url)
      const reports = reportsOf(stderr)
      assert.lengthOf(reports, 1, stderr)
      const { error } = JSON.parse(reports[0] ?? "") as { readonly error: { readonly [member: string]: unknown } }
      assert.deepStrictEqual([code, error["category"], error["exitCode"]], [26, "journal", 26])
    })
  )

  it.live("does not lose the response of a chat with a history", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      const history = join(yield* temporaryFolder, "my talk.json")
      const line = 'kimi chat Hello --model kimi-k2.6 --history "$1" > /dev/full'
      const { code, stderr } = yield* inShell(line, [history], server.url)
      assert.strictEqual(code, 26, stderr)
      assert.include(stderr, `Continue, with the same other flags, with: kimi chat --history '${history}'\n`)
      assert.include(readFileSync(history, "utf8"), '"role":"assistant"')
    })
  )

  it.live("leaves how a recorded swarm is continued, whose result was not read", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      const journal = join(yield* temporaryFolder, "team.db")
      const args = ["swarm", "Hello", "--id", "a", "--journal", journal]
      const { code, stderr } = yield* inShell('kimi "$@" > /dev/full', args, server.url)
      assert.strictEqual(code, 26, stderr)
      assert.include(stderr, `\nContinue with: kimi swarm resume a --journal ${journal}\n`)
      assert.notInclude(stderr, "Interrupted")
    })
  )
})
