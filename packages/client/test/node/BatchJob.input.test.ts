import { spawnSync } from "node:child_process"
import { readFileSync, statSync, truncateSync, writeFileSync } from "node:fs"
import { gzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Stream } from "effect"
import * as BatchJob from "../../src/node/BatchJob.ts"
import { answersOf, asKilled, attempts, inFolder, lineOf, linesOf } from "./support/batch/answered.ts"

/** Runs a CSV text to the ids, lines and answers of its rows. */
const csv = (text: string | Buffer, options: Partial<BatchJob.Options> = {}, name = "in.csv") =>
  inFolder((path) =>
    Effect.gen(function* () {
      writeFileSync(path(name), text)
      const output = path("out.jsonl")
      const result = yield* BatchJob.run({
        input: path(name),
        output,
        order: "input",
        prompts: { column: "text" },
        ...options
      })
      const rejects = readFileSync(`${output}.rejects.jsonl`, "utf8")
      return { result, answers: answersOf(readFileSync(output, "utf8")), rejects }
    })
  )

describe("an input", () => {
  it.live("is named by its path when it does not exist", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const input = path("missing.jsonl")
        const error = yield* Effect.flip(BatchJob.run({ input, output: path("out.jsonl") }))
        assert.strictEqual(
          error.message,
          `The input ${JSON.stringify(input)} cannot be read: it does not exist (ENOENT)`
        )
      })
    )
  )
})

describe("an input that is a pipe", () => {
  it.live.skipIf(process.platform === "win32")("is refused without waiting for its writer", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const input = path("pipe")
        assert.strictEqual(spawnSync("mkfifo", [input]).status, 0)
        const error = yield* Effect.flip(BatchJob.run({ input, output: path("out.jsonl") }))
        assert.include(error.message, "it is a pipe and not a file: pass its bytes as standard input")
      })
    )
  )
})

describe("a CSV input", () => {
  it.live("has quotes, separators, line ends, a byte order mark", () =>
    Effect.gen(function* () {
      const text = '\uFEFFid,"text"\r\na,"one, ""two"""\r\nb,"line 1\r\nline 2"\r\n\r\nc,5" pipe\r\n'
      const { answers, result } = yield* csv(text)
      assert.deepStrictEqual(answers, [
        ["a", 2, 'one, "two"'],
        ["b", 3, "line 1\r\nline 2"],
        ["c", 6, '5" pipe']
      ])
      assert.strictEqual(result.rejected, 0)
    })
  )

  it.live("can be corrected while no row was written", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const files = { input: path("in.csv"), output: path("out.jsonl"), prompts: { column: "text" } }
        writeFileSync(files.input, 'id,text\na,"x\n')
        const error = yield* Effect.flip(BatchJob.run(files))
        assert.strictEqual(error._tag, "InvalidRequestError")
        writeFileSync(files.input, 'id,text\na,"x"\n')
        assert.strictEqual((yield* BatchJob.run(files)).answered, 1)
      })
    )
  )

  it.live("is read alike in chunks of any size", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const text = 'id,text\na,"x ""y"", ü"\nb,"1\n2"\n'
        const bytes = [...Buffer.from(text)].map((byte) => Uint8Array.of(byte))
        yield* BatchJob.run({
          input: Stream.fromIterable(bytes, { chunkSize: 1 }),
          output: path("out.jsonl"),
          format: "csv",
          order: "input",
          prompts: { column: "text" }
        })
        assert.deepStrictEqual(answersOf(readFileSync(path("out.jsonl"), "utf8")), [
          ["a", 2, 'x "y", ü'],
          ["b", 3, "1\n2"]
        ])
      })
    )
  )

  it.live("fills a template with columns", () =>
    Effect.gen(function* () {
      const { answers } = yield* csv("name;kind;key\nPear;fruit;k1\n", {
        separator: ";",
        prompts: { template: "{{{name}}} is a {kind}", id: "key" }
      })
      assert.deepStrictEqual(answers, [["k1", 2, "{Pear} is a fruit"]])
    })
  )

  it.live("has tabs in a .tsv file", () =>
    Effect.map(csv("text\tnote\na, b\tc\n", {}, "in.tsv"), ({ answers }) =>
      assert.deepStrictEqual(answers, [["2", 2, "a, b"]])
    )
  )

  it.live("rejects rows with their line", () =>
    Effect.gen(function* () {
      const rows = ["text,note", 'a,"b"c', "d", "e,f", " ,g", Buffer.from([0xff, 0x2c, 0x61])]
      const text = Buffer.concat(rows.flatMap((row) => [Buffer.from(row as string), Buffer.from("\n")]))
      const { answers, rejects } = yield* csv(text)
      assert.deepStrictEqual(answers, [["4", 4, "e"]])
      assert.deepStrictEqual(
        rejects
          .trimEnd()
          .split("\n")
          .map((line) => JSON.parse(line)),
        [
          {
            line: 2,
            reason: "A field has text after its closing quote: double quotes that are part of the text"
          },
          { line: 3, reason: "The row has 1 field, and the first line has 2" },
          { line: 5, reason: "The column of the prompts has no text in this row", parameter: "text" },
          { line: 6, reason: "The line is not UTF-8" }
        ]
      )
    })
  )

  it.live.each([
    ["a quote that is not closed", 'text\nok\n"lost\nrow\n', "input", "line 3 is not closed"],
    ["a column that does not exist", "question,note\na,b\n", "prompts", '"question", "note"'],
    ["a column that exists twice", "text,text\na,b\n", "prompts", 'has 2 columns "text" in line 1'],
    ["UTF-16", Buffer.from("\uFEFFtext\na\n", "utf16le"), "input", "save it as UTF-8"]
  ] as const)("fails for %s", ([, text, parameter, message]) =>
    Effect.map(Effect.flip(csv(text)), (error) => {
      assert.deepInclude(error, { _tag: "InvalidRequestError", parameter })
      assert.include(error.message, message)
    })
  )

  it.live.each([
    [{ prompts: undefined }, "prompts"],
    [{ prompts: {} }, "prompts.template"],
    [{ prompts: { template: "{text" } }, "prompts.template"],
    [{ prompts: { template: "no column" } }, "prompts.template"],
    [{ separator: '"' }, "separator"],
    [{ separator: ";", format: "jsonl" }, "separator"]
  ] as const)("refuses options that it cannot be read with: %j", ([options, name]) =>
    Effect.map(Effect.flip(csv("text\na\n", options)), (error) => {
      assert.strictEqual(error._tag, "ConfigurationError")
      assert.include(error.message, name)
    })
  )

  it.live("continues after the rows that are done", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        writeFileSync(path("in.csv"), 'id,text\na,"1\n2"\nb,3\nc,4\n')
        const options = { input: path("in.csv"), output: path("out.jsonl"), prompts: { column: "text" } } as const
        yield* BatchJob.run({ ...options, order: "input" })
        truncateSync(options.output, statSync(options.output).size - 2)
        asKilled(options.output)
        assert.deepInclude(yield* BatchJob.run(options), { answered: 3, resumed: 2 })
        yield* attempts(4)
      })
    )
  )
})

describe("a stream", () => {
  const bytes = (text: string | Buffer) => Stream.make(Buffer.from(text as string) as Uint8Array)

  it.live("goes to a function", () =>
    inFolder(() =>
      Effect.gen(function* () {
        const lines: Array<string> = []
        const rejected: Array<number> = []
        const result = yield* BatchJob.run({
          input: bytes([lineOf("a"), "{", lineOf("fail")].join("\n")),
          output: (line) => Effect.sync(() => lines.push(line)),
          order: "input",
          onReject: ({ line }) => Effect.sync(() => rejected.push(line))
        })
        assert.deepInclude(result, { answered: 1, failed: 1, rejected: 1, resumed: 0 })
        assert.deepStrictEqual(
          linesOf(lines.join("")).map(({ line }) => line),
          [1, 3]
        )
        assert.deepStrictEqual(rejected, [2])
      })
    )
  )

  it.live("is decompressed", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const input = bytes(gzipSync(["a", "b"].map(lineOf).join("\n")))
        assert.deepInclude(yield* BatchJob.run({ input, output: path("out.jsonl") }), { answered: 2 })
      })
    )
  )

  it.live("continues a job when it is the same one", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const lines = ["a", "b", "c"].map(lineOf)
        const output = path("out.jsonl")
        yield* BatchJob.run({ input: bytes(lines.slice(0, 2).join("\n")), output })
        assert.deepInclude(yield* BatchJob.run({ input: bytes(lines.join("\n")), output }), { answered: 3, resumed: 2 })
        const error = yield* Effect.flip(BatchJob.run({ input: bytes(lineOf("other")), output }))
        assert.deepInclude(error, { _tag: "BatchInputChangedError", input: "stream" })
        yield* attempts(3)
      })
    )
  )

  it.live("is ended when its job is interrupted", () =>
    inFolder(() =>
      Effect.gen(function* () {
        let isOpen = false
        const input = Stream.concat(bytes(`${lineOf("a")}\n`), Stream.never).pipe(
          Stream.onStart(Effect.sync(() => void (isOpen = true))),
          Stream.ensuring(Effect.sync(() => void (isOpen = false)))
        )
        const fiber = yield* Effect.forkChild(BatchJob.run({ input, output: () => Effect.void }))
        yield* Effect.repeat(Effect.yieldNow, { until: () => isOpen })
        yield* Fiber.interrupt(fiber)
        assert.isFalse(isOpen)
      })
    )
  )

  it.live("fails with what it fails with", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const input = Stream.concat(bytes(`${lineOf("a")}\n`), Stream.fail("gone"))
        const exit = yield* Effect.exit(BatchJob.run({ input, output: path("out.jsonl") }))
        assert.isTrue(Exit.isFailure(exit))
        assert.strictEqual((yield* Effect.flip(exit))._tag, "InvalidRequestError")
      })
    )
  )
})
