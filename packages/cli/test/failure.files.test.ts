/** A file on the command line that cannot be read ends every command in one way. */
import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { withServer } from "./mockedHost.ts"
import { environment, program } from "./process.ts"
import { runKimi } from "./runKimi.ts"
import { temporaryFolder } from "./temporaryFolder.ts"

/** FILE is one that cannot be read, and DIR a folder with an input. */
const commands = [
  "batch cancel FILE",
  "batch failed FILE",
  "batch repair FILE DIR/out.jsonl",
  "batch resume FILE",
  "batch run FILE DIR/out.jsonl",
  "batch run FILE -",
  "batch run FILE DIR/out.jsonl --mode host",
  "batch run FILE DIR/out.jsonl --shared a",
  "batch status FILE",
  "chat Hi --file FILE",
  "chat Hi --image FILE",
  "config --api-key-file FILE",
  "config --config FILE",
  "config --dotenv FILE",
  "cost FILE",
  "cost FILE --text",
  "files upload FILE",
  "replay FILE",
  "serve-mock --cassette FILE",
  "simulate --traffic FILE",
  "swarm resume a --journal FILE",
  "swarm status a --journal FILE"
]

const cases = [
  { name: "does not exist", path: "none.json", reason: "it does not exist" },
  { name: "is a folder", path: "folder.json", reason: "it is a folder and not a file" },
  { name: "is below a file", path: "in.jsonl/none.json", reason: "a part of the path is a file and not a folder" }
]

const folder = Effect.map(temporaryFolder, (path) => {
  writeFileSync(join(path, "in.jsonl"), '{ "messages": [{ "role": "user", "content": "Hi" }] }\n')
  mkdirSync(join(path, "folder.json"))
  return path
})

for (const { name, path, reason } of cases) {
  describe(`a file that ${name}`, () => {
    it.live.each(commands)("ends kimi %s", (args) =>
      withServer((server, env) =>
        Effect.gen(function* () {
          const dir = yield* folder
          const file = join(dir, path)
          const words = args
            .split(" ")
            .map((word) => word.replace(/FILE|DIR/, (name) => (name === "FILE" ? file : dir)))
          const { code, stderr, stdout } = yield* runKimi(words, { env, stdin: "" })
          assert.deepStrictEqual([code, stdout], [1, ""], stderr)
          assert.strictEqual(
            stderr,
            `kimi: CommandError: ${file} cannot be read: ${reason}\n  Check the path and its permissions.\n`
          )
          assert.lengthOf(yield* server.requests, 0)
        })
      )
    )
  })
}

describe("a working folder that was removed", () => {
  it.live.each([
    "batch run in.jsonl out.jsonl",
    "batch run DIR/in.jsonl out.jsonl",
    "batch run in.jsonl DIR/out.jsonl"
  ])("ends kimi %s with what to change", (args) =>
    Effect.gen(function* () {
      const dir = yield* folder
      const cwd = join(dir, "removed")
      mkdirSync(cwd)
      const words = args.replace("DIR", dir).split(" ")
      const { status, stderr } = spawnSync(
        "sh",
        ["-c", 'rmdir "$PWD" && exec "$@"', "sh", process.execPath, program, ...words, "--json"],
        { cwd, env: environment, encoding: "utf8" }
      )
      assert.deepStrictEqual(JSON.parse(stderr), {
        error: {
          tag: "CommandError",
          category: "other",
          message: "The working folder of the command does not exist any more",
          hint: "Change to a folder that exists, and run the command again.",
          exitCode: 1
        }
      })
      assert.strictEqual(status, 1)
    })
  )
})

describe("a file that is a pipe", () => {
  const commands = [
    "batch run FILE DIR/out.jsonl",
    "batch run FILE -",
    "batch run FILE DIR/out.jsonl --mode host",
    "batch run FILE DIR/out.jsonl --shared a",
    "chat Hi --file FILE",
    "chat Hi --image FILE",
    "cost FILE",
    "files upload FILE"
  ]

  it.live.each(commands)("ends kimi %s", (args) =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const dir = yield* folder
        const pipe = join(dir, "pipe")
        assert.strictEqual(spawnSync("mkfifo", [pipe]).status, 0)
        const words = args.replace("FILE", pipe).replace("DIR", dir).split(" ")
        const { code, stderr, stdout } = yield* runKimi(words, { env, stdin: "" })
        assert.deepStrictEqual([code, stdout], [1, ""], stderr)
        assert.include(stderr, `kimi: CommandError: ${pipe} cannot be read: it is a pipe`)
        assert.include(stderr, /^(?:batch|cost)/.test(args) ? "- in place of its path" : "Write it to a file")
        assert.lengthOf(yield* server.requests, 0)
        assert.isFalse(existsSync(join(dir, "out.jsonl")))
      })
    )
  )
})

describe("the file of the answers of a batch", () => {
  const outputs = [
    { name: "a folder", path: "folder.json", reason: "is a folder: choose a file" },
    { name: "in a folder that does not exist", path: "none/out.jsonl", reason: "it does not exist (ENOENT)" },
    { name: "below a file", path: "in.jsonl/out.jsonl", reason: "a part of the path is a file and not a folder" }
  ]
  const writing = [
    "batch run DIR/in.jsonl OUT",
    "batch run DIR/in.jsonl OUT --mode host",
    "batch run DIR/in.jsonl OUT --mode auto",
    "batch repair DIR/done.jsonl OUT",
    "batch resume batch-1 OUT"
  ]

  it.live.each(outputs.flatMap((output) => writing.map((args) => ({ ...output, args }))))(
    "that is $name ends kimi $args as another wrong path does",
    ({ args, path, reason }) =>
      withServer((server, env) =>
        Effect.gen(function* () {
          const dir = yield* folder
          const input = join(dir, "in.jsonl")
          yield* runKimi(["batch", "run", input, join(dir, "done.jsonl")], { env })
          yield* server.reset
          const words = args.replaceAll("OUT", join(dir, path)).replaceAll("DIR", dir).split(" ")
          const { code, stderr, stdout } = yield* runKimi(words, { env })
          assert.deepStrictEqual([code, stdout], [16, ""], stderr)
          assert.include(stderr, join(dir, path))
          assert.include(stderr, reason)
          assert.lengthOf(yield* server.requests, 0)
        })
      )
  )
})

describe("a cassette", () => {
  const cassette = (text: string) =>
    Effect.map(temporaryFolder, (path) => {
      const file = join(path, "a.json")
      writeFileSync(file, text)
      return file
    })

  it.live.each([
    ["is damaged", "{", "CassetteFormatError"],
    [
      "is of a newer version",
      '{ "format": "kimi-cassette", "version": 99, "interactions": [] }',
      "CassetteVersionError"
    ],
    ["has no request", '{ "format": "kimi-cassette", "version": 1, "interactions": [] }', "CassetteFormatError"]
  ] as const)("that %s ends with the code of its category", ([, text, tag]) =>
    Effect.gen(function* () {
      const file = yield* cassette(text)
      for (const args of [
        ["replay", file, "--json"],
        ["serve-mock", "--json", "--cassette", file]
      ]) {
        const { code, stderr } = yield* runKimi(args)
        const { error } = JSON.parse(stderr)
        assert.deepInclude(error, { tag, category: "testing", exitCode: 28 })
        assert.isNotEmpty(error.hint)
        assert.strictEqual(code, 28)
      }
    }).pipe(Effect.scoped)
  )
})

describe("a file of --history that is no conversation", () => {
  const calling = {
    version: 1,
    messages: [
      { role: "user", content: "Hi" },
      {
        role: "assistant",
        content: "",
        tool_calls: [{ id: "a", type: "function", function: { name: "now", arguments: "{}" } }]
      }
    ]
  }

  it.live.each([
    { name: "text", text: "no JSON" },
    { name: "an empty file", text: "" },
    { name: "another document", text: '{ "a": 1 }' },
    { name: "one of a later version", text: '{ "version": 99, "messages": [] }' },
    { name: "one that waits for tools", text: JSON.stringify(calling) }
  ])("ends with the category of its content if it is $name", ({ text }) =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const file = join(yield* temporaryFolder, "history.json")
        writeFileSync(file, text)
        const { code, stderr } = yield* runKimi(["chat", "Hi", "--json", "--history", file], { env, stdin: "" })
        const { error } = JSON.parse(stderr)
        assert.deepInclude(error, { tag: "InvalidRequestError", category: "validation", exitCode: 16 })
        assert.include(error.message, JSON.stringify(file))
        assert.include(error.hint, "kimi chat --history")
        assert.strictEqual(code, 16)
        assert.strictEqual(readFileSync(file, "utf8"), text)
        assert.lengthOf(yield* server.requests, 0)
      })
    )
  )
})

describe("an audit log without calls", () => {
  it.live("ends with the category of its content", () =>
    Effect.gen(function* () {
      const dir = yield* folder
      const { code, stderr } = yield* runKimi(["simulate", "--traffic", join(dir, "in.jsonl")])
      assert.strictEqual(code, 10)
      assert.include(stderr, "--traffic: expected lines of an audit log")
      assert.notInclude(stderr, "kimi config")
    }).pipe(Effect.scoped)
  )
})
