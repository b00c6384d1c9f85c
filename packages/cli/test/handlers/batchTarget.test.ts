/** Commands that name a batch by its id at the host. */
import { globSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as ErrorReply from "@kimi-effect/testing/ErrorReply"
import * as Effect from "effect/Effect"
import * as Reply from "@kimi-effect/testing/Reply"
import { batchWith, endsWith, filesOf, leave, lineOf, poll } from "../hostJob.ts"
import { decoded, withServer } from "../mockedHost.ts"
import { runKimi } from "../runKimi.ts"
import { temporaryFolder } from "../temporaryFolder.ts"

const unknown = ErrorReply.make(404, "resource_not_found_error", "not found")

describe("an id that the host does not know", () => {
  it.live.each(["batch status batch-x", "batch cancel batch-x", "batch resume batch-x OUT"])("ends kimi %s", (args) =>
    withServer((server, env) =>
      Effect.gen(function* () {
        yield* server.replyAt("GET /v1/batches/batch-x", unknown)
        yield* server.replyAt("POST /v1/batches/batch-x/cancel", unknown)
        const output = join(yield* temporaryFolder, "out.jsonl")
        const { code, stderr } = yield* runKimi([...args.replace("OUT", output).split(" "), "--json"], { env })
        const { error } = JSON.parse(stderr.trimEnd().split("\n").at(-1) ?? "")
        assert.deepInclude(error, { tag: "BatchNotFoundError", category: "batch", exitCode: 27 })
        assert.strictEqual(code, 27)
        // A batch by its id has no job that could be forgotten.
        assert.notInclude(error.hint, "forget")
        assert.include(error.hint, "kimi batch list")
      })
    )
  )
})

describe("kimi batch resume", () => {
  it.live("names a path at which there is no file", () =>
    Effect.map(runKimi(["batch", "resume", "nope"]), ({ code, stderr }) => {
      assert.strictEqual(code, 2)
      assert.include(stderr, "There is no file nope")
      assert.include(stderr, "name a file and collect it with: kimi batch resume nope answers.jsonl\n")
    })
  )

  it.live("states that the same flags of options are needed", () =>
    Effect.map(runKimi(["batch", "resume", "nope", "--tier", "1"]), ({ stderr }) =>
      assert.include(stderr, "collect it, with the same flags of options, with: kimi batch resume nope answers.jsonl\n")
    )
  )

  it.live("names a file that exists where the answers of a batch by its id would be", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { input } = yield* filesOf([lineOf("a")])
        const { code, stderr } = yield* runKimi(["batch", "resume", "batch-000001", input], { env })
        assert.strictEqual(code, 16)
        assert.include(stderr, `The output ${JSON.stringify(input)} exists`)
        assert.include(stderr, "Choose an output that does not exist, or move this file away.")
      })
    )
  )

  it.live("names the command that collects the batch of a job for the path of that job", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const { output } = yield* leave(server, env)
        const { stderr } = yield* runKimi(["batch", "resume", "batch-000001", output], { env })
        assert.include(stderr, `kimi batch resume ${output} collects the batch of the job itself`)
      })
    )
  )

  it.live.each([
    ["is missing", (record: string) => rmSync(record)],
    ["is damaged", (record: string) => writeFileSync(record, "{")]
  ] as const)("names the command that collects the batch of a job whose record %s", ([, damage]) =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const { output } = yield* leave(server, env)
        damage(`${output}.host.json`)
        const first = yield* runKimi(["batch", "resume", "batch-000001", output], { env })
        const hint = `kimi batch resume batch-000001 ${output}.collected.jsonl`
        assert.include(first.stderr, hint)
        assert.notInclude(first.stderr, `kimi batch resume ${output} `)
        const { code, stderr } = yield* runKimi([...hint.split(" ").slice(1), ...poll], { env })
        assert.strictEqual(code, 0, stderr)
      })
    )
  )

  it.live("names a file for the answers of a batch that is not the one of the job", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const { output } = yield* leave(server, env)
        const { stderr } = yield* runKimi(["batch", "resume", "batch-000002", output], { env })
        assert.include(stderr, `kimi batch resume batch-000002 ${output}.collected.jsonl`)
        assert.notInclude(stderr, `kimi batch resume ${output} `)
      })
    )
  )

  it.live("names the command that continues a job which has never been at the host", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* filesOf([lineOf("a")])
        yield* runKimi(["batch", "run", input, output], { env })
        const { code, stderr } = yield* runKimi(["batch", "resume", output], { env })
        assert.strictEqual(code, 16)
        assert.include(stderr, `kimi batch run INPUT ${output}`)
      })
    )
  )
})

describe("an output without a suffix", () => {
  it.live("is that of a job, also when it is lost", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const { input } = yield* filesOf([lineOf("a")])
        // In the current folder, so that its path has neither a folder nor a suffix.
        const output = `answers-${process.pid}`
        yield* Effect.addFinalizer(() =>
          Effect.sync(() => {
            for (const path of globSync(`${output}*`)) rmSync(path)
          })
        )
        yield* runKimi(["batch", "run", input, output], { env })
        rmSync(output)
        const before = (yield* server.requests).length
        const { code, stderr } = yield* runKimi(["batch", "status", output], { env })
        assert.strictEqual(code, 16)
        assert.include(stderr, `${output}`)
        assert.strictEqual((yield* server.requests).length, before)
      })
    )
  )
})

describe("a damaged record of a job that alone names an open batch", () => {
  it.live.each(["status", "resume", "cancel", "forget", "forget --force"])("is named by kimi batch %s", (args) =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const { output } = yield* leave(server, env)
        rmSync(`${output}.host.json`)
        const record = `${output}.job.json`
        writeFileSync(record, readFileSync(record, "utf8").trim().slice(0, -1))
        const { code, stderr } = yield* runKimi(["batch", ...args.split(" "), output], { env })
        assert.strictEqual(code, 26)
        assert.include(stderr, "is damaged, and names the batch batch-000001, which may be open at the host")
        assert.include(stderr, `kimi batch resume batch-000001 ${output}.collected.jsonl`)
      })
    )
  )
})

describe("a command that is shown to be typed", () => {
  it.live("has a path with a space in quotes", () =>
    Effect.gen(function* () {
      const { code, stderr } = yield* runKimi(["batch", "resume", "my job.jsonl", "answers.jsonl"])
      assert.strictEqual(code, 2, stderr)
      assert.include(stderr, "kimi batch resume 'my job.jsonl'")
    })
  )
})

describe("a batch whose rows the host does not count", () => {
  const results = ["a", "b"].map((id) => JSON.stringify({ custom_id: id, error: { message: "No" } }))

  for (const [name, command, args, rows] of [
    ["the run of its job", "run", "INPUT OUTPUT --mode host", 2],
    ["the job that collects it", "resume", "OUTPUT", 2],
    ["a collection by its id", "resume", "batch-000001 OUTPUT.2", 2],
    ["a question for its state", "status", "batch-000001", null]
  ] as const) {
    it.live(`has the rows that are known to ${name}`, () =>
      withServer((server, env) =>
        Effect.gen(function* () {
          const { input, output } = yield* leave(server, env)
          yield* endsWith(server, { output_file_id: "out" })
          yield* server.replyAt("GET /v1/files/out/content", Reply.body(results.join("\n")))
          const words = args.replace("INPUT", input).replace("OUTPUT", output).split(" ")
          const flags = command === "status" ? ["--json"] : ["--json", ...poll]
          const { stdout } = yield* runKimi(["batch", command, ...words, ...flags], { env })
          assert.deepInclude(decoded(`batch ${command}`, stdout).host, { batchId: "batch-000001", rows })
        })
      )
    )
  }

  it.live("has the rows that are known when it is cancelled by its job", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const { output } = yield* leave(server, env)
        yield* server.replyAt("POST /v1/batches/batch-000001/cancel", batchWith({ status: "cancelling" }))
        const { stdout } = yield* runKimi(["batch", "cancel", output, "--json"], { env })
        assert.deepInclude(decoded("batch cancel", stdout), { status: "cancelling", rows: 2 })
      })
    )
  )
})

describe("a host that fails", () => {
  it.live("is asked once for the state of a batch, in place of a wait without a word", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        let requests = 0
        yield* server.replyAt("GET /v1/batches/batch-x", () => {
          requests += 1
          return ErrorReply.make(503, "server_error", "busy")
        })
        const { code } = yield* runKimi(["batch", "status", "batch-x"], { env })
        assert.notStrictEqual(code, 0)
        assert.strictEqual(requests, 1)
      })
    )
  )
})
