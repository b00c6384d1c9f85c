/** Files that cannot be written are refused before anything is sent. */
import { execFileSync } from "node:child_process"
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Reply } from "@kimi-effect/testing"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as OutputFile from "../src/outputFile.ts"
import { withServer } from "./mockedHost.ts"
import { program } from "./process.ts"
import { runKimi } from "./runKimi.ts"
import { temporaryFolder } from "./temporaryFolder.ts"

const page = "<!doctype html><p>An earlier page"

const row = JSON.stringify({ id: "a", request: { model: "kimi-k2.6", messages: [{ role: "user", content: "a" }] } })

/** Commands with the path that they write. */
const commands: ReadonlyArray<{
  readonly name: string
  readonly expected: number
  readonly args: (path: string) => ReadonlyArray<string>
}> = [
  { name: "chat --history", expected: 1, args: (path) => ["chat", "Hello", "--history", path] },
  { name: "swarm --html", expected: 1, args: (path) => ["swarm", "Say hello", "--html", path] },
  { name: "swarm --journal", expected: 26, args: (path) => ["swarm", "Say hello", "--journal", path] },
  { name: "simulate --html", expected: 1, args: (path) => ["simulate", "--calls", "10", "--html", path] },
  { name: "batch run", expected: 16, args: (path) => ["batch", "run", "IN", path] },
  { name: "batch run --mode host", expected: 16, args: (path) => ["batch", "run", "IN", path, "--mode", "host"] },
  { name: "batch resume", expected: 16, args: (path) => ["batch", "resume", "batch-1", path] }
]

const replaced = (input: string) => (arg: string) => (arg === "IN" ? input : arg)

describe("an output that cannot be written", () => {
  it.live.each(commands)("is refused by $name before a request", ({ args, expected }) =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const input = join(yield* temporaryFolder, "in.jsonl")
        writeFileSync(input, `${row}\n`)
        // A file is no folder, for every user of the system.
        const path = join(input, "out.jsonl")
        const { code, stderr } = yield* runKimi(args(path).map(replaced(input)), { env })
        assert.strictEqual(code, expected, stderr)
        assert.include(stderr, input)
        assert.lengthOf(yield* server.requests, 0)
      })
    )
  )

  it.live("names the failure of the system for a disk that is full", () =>
    Effect.gen(function* () {
      const { code, stderr } = yield* runKimi(["simulate", "--calls", "10", "--html", "/dev/full"])
      assert.strictEqual(code, 1)
      assert.include(stderr, "/dev/full cannot be written: the disk is full")
    })
  )

  it.live.each([
    { name: "chat", args: ["chat", "Hello", "--history"] },
    { name: "swarm", args: ["swarm", "Say hello", "--html"] },
    { name: "simulate", args: ["simulate", "--calls", "10", "--html"] }
  ])("names its flag after $name in a folder that does not exist", ({ args }) =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const path = join(yield* temporaryFolder, "missing", "out")
        const { code, stderr, stdout } = yield* runKimi([...args, path], { env })
        assert.strictEqual(stdout, "")
        assert.strictEqual(code, 1)
        assert.include(stderr, `${path} cannot be written: its folder does not exist`)
        assert.include(stderr, args.at(-1) ?? "")
        assert.lengthOf(yield* server.requests, 0)
      })
    )
  )

  it.live("is refused where a conversation could not be replaced", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const path = join(yield* temporaryFolder, "talk.json")
        mkdirSync(`${path}.tmp`)
        const { code } = yield* runKimi(["chat", "Hello", "--history", path], { env })
        assert.strictEqual(code, 1)
        assert.lengthOf(yield* server.requests, 0)
      })
    )
  )
})

describe("a check of an output that does not exist", () => {
  it.live("touches no file that another process may write meanwhile", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const path = join(folder, "talk.json")
      const fs = yield* FileSystem.FileSystem
      const touched: Array<string> = []
      const noted =
        <Rest extends ReadonlyArray<unknown>, A>(use: (path: string, ...rest: Rest) => A) =>
        (path: string, ...rest: Rest): A => {
          touched.push(path)
          return use(path, ...rest)
        }
      const watched: FileSystem.FileSystem = { ...fs, open: noted(fs.open), remove: noted(fs.remove) }
      yield* Effect.provideService(OutputFile.checkReplace({ flag: "--history", path }), FileSystem.FileSystem, watched)
      assert.isNotEmpty(touched)
      for (const name of [path, `${path}.tmp`]) assert.notInclude(touched, name)
      assert.isEmpty(readdirSync(folder))
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )

  it.live("refuses a link into a folder that does not exist", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const path = join(yield* temporaryFolder, "talk.json")
        symlinkSync("missing/talk.json", path)
        const { code } = yield* runKimi(["chat", "Hello", "--history", path], { env })
        assert.strictEqual(code, 1)
        assert.lengthOf(yield* server.requests, 0)
      })
    )
  )
})

describe("a link to a conversation", () => {
  it.live("is refused where its file could not be replaced", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        mkdirSync(join(folder, "other", "talk.json.tmp"), { recursive: true })
        const path = join(folder, "link.json")
        symlinkSync("other/talk.json", path)
        const { code } = yield* runKimi(["chat", "Hello", "--history", path], { env })
        assert.strictEqual(code, 1)
        assert.lengthOf(yield* server.requests, 0)
      })
    )
  )
})

describe("a conversation in a pipe", () => {
  it.live("is refused, since a file would replace the pipe", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const path = join(yield* temporaryFolder, "talk.json")
        execFileSync("mkfifo", [path])
        const { code, stderr } = yield* runKimi(["chat", "Hello", "--history", path], { env })
        assert.strictEqual(code, 1)
        assert.include(stderr, `${path} is a device, a pipe or a socket`)
        assert.lengthOf(yield* server.requests, 0)
      })
    )
  )
})

describe("a file that is no page", () => {
  const commands = [
    ["simulate", "--calls", "10", "--duration", "1 hour", "--html"],
    ["swarm", "Hello", "--html"]
  ]
  const run = (args: ReadonlyArray<string>, text: string) =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const path = join(yield* temporaryFolder, "report")
        writeFileSync(path, text)
        const outcome = yield* runKimi([...args, path], { env })
        const requests = yield* server.requests
        return { ...outcome, path, requests, text: readFileSync(path, "utf8") }
      })
    )

  it.live.each(commands.map((args) => ({ args, name: args[0] })))("is not replaced by kimi $name --html", ({ args }) =>
    Effect.map(run(args, "export const a = 1\n"), ({ code, path, requests, stderr, stdout, text }) => {
      assert.deepStrictEqual([code, stdout, text], [1, "", "export const a = 1\n"])
      assert.include(stderr, `${path} is no HTML page`)
      assert.include(stderr, "--html")
      assert.lengthOf(requests, 0)
    })
  )

  it.live.each(["", "<!DocType HTML><p>", page])("is none that begins as %j", (before) =>
    Effect.map(run(commands[0] ?? [], before), ({ code, text }) => {
      assert.strictEqual(code, 0)
      assert.match(text, /^<!DOCTYPE html>\n/)
    })
  )
})

describe("an output that can be written", () => {
  it("may be a pipe", () => {
    const command = `"${process.execPath}" "${program}" simulate --calls 10 --duration "1 hour" --html /dev/stdout | cat`
    const text = execFileSync("sh", ["-c", command], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })
    assert.include(text, "<!DOCTYPE html>\n")
  })

  it.live("does not exist after a command that failed", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        const args = ["chat", "Hello", "--history", join(folder, "talk.json")]
        yield* runKimi(args, { env: { ...env, KIMI_API_KEY: "sk-another" } })
        assert.deepStrictEqual(readdirSync(folder), [])
      })
    )
  )

  it.live("keeps its contents when the command is interrupted", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const path = join(yield* temporaryFolder, "team.html")
        writeFileSync(path, page)
        yield* server.replyAlways(Reply.never())
        yield* runKimi(["swarm", "Hello", "--html", path], { env, keys: ["ctrl-c"] })
        assert.strictEqual(readFileSync(path, "utf8"), page)
      })
    )
  )
})
