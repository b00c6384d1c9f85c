import { assert, describe, it } from "@effect/vitest"
import * as ErrorReply from "@kimi-effect/testing/ErrorReply"
import * as Reply from "@kimi-effect/testing/Reply"
import * as Effect from "effect/Effect"
import { endsWith, filesOf, leave, lineOf, poll } from "../hostJob.ts"
import { decoded, withServer } from "../mockedHost.ts"
import { runKimi } from "../runKimi.ts"

describe("kimi batch run --mode", () => {
  it.live("refuses a window that the host does not have before it reports any progress", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* filesOf([lineOf("a")])
        const args = ["batch", "run", input, output, "--mode", "host", "--window", "1 hour"]
        const { code, stderr } = yield* runKimi(args, { env })
        assert.strictEqual(code, 2)
        assert.include(stderr, "--window: expected whole hours from 12 hours to 7 days")
        assert.notInclude(stderr, "Uploading")
      })
    )
  )

  it.live("host writes the answers of the host", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* filesOf([lineOf("a"), lineOf("b")])
        const args = ["batch", "run", input, output, "--mode", "host", "--json", ...poll]
        const { code, stderr, stdout } = yield* runKimi(args, { env })
        assert.strictEqual(code, 0, stderr)
        const result = decoded("batch run", stdout)
        assert.deepInclude(result, { answered: 2, failed: 0, mode: "host", unanswered: 0 })
        assert.deepInclude(result.host, { batchId: "batch-000001", status: "completed", rows: 2, completed: 2 })
        assert.strictEqual((yield* server.ledger).batches.length, 1)
      })
    )
  )

  it.live("auto reports why the rows run in this process", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* filesOf([lineOf("a")])
        const args = ["batch", "run", input, output, "--mode", "auto", "--deadline", "1 hour", "--json"]
        const { stderr, stdout } = yield* runKimi(args, { env })
        const { answered, mode, reason } = decoded("batch run", stdout)
        assert.deepStrictEqual([answered, mode], [1, "local"], stderr)
        assert.include(reason, "shortest window")
        assert.strictEqual((yield* server.ledger).batches.length, 0)
      })
    )
  )

  it.live("auto reports as text why the rows run where they do", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* filesOf([lineOf("a")])
        const args = ["batch", "run", input, output, "--mode", "auto", ...poll]
        const here = yield* runKimi([...args, "--deadline", "1 hour"], { env })
        assert.include(here.stderr, "Ran in this process: The deadline of 1h is before the end of the shortest window")
        const another = yield* filesOf([lineOf("a")])
        const there = yield* runKimi(["batch", "run", another.input, another.output, "--mode", "auto", ...poll], {
          env
        })
        assert.match(there.stderr, /^Ran at the host: The host costs at most .+ instead of /m)
      })
    )
  )

  it.live("host refuses a deadline that it cannot keep", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* filesOf([lineOf("a")])
        const args = ["batch", "run", input, output, "--mode", "host", "--deadline", "3 hours"]
        const { code, stderr } = yield* runKimi(args, { env })
        assert.strictEqual(code, 2)
        assert.include(stderr, "--deadline of 3h")
        assert.match(stderr, /--mode auto.*--window/)
        assert.deepStrictEqual(yield* server.requests, [])
      })
    )
  )

  it.live("names lines of the host that no row has", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* leave(server, env)
        yield* endsWith(server, { output_file_id: "out" })
        const lines = ["a", "a", "z"].map((id) => JSON.stringify({ custom_id: id, error: { message: "No" } }))
        yield* server.replyAt("GET /v1/files/out/content", Reply.body(`${lines.join("\n")}\nno line\n`))
        const args = ["batch", "run", input, output, "--mode", "host", "--json", ...poll]
        const { stderr, stdout } = yield* runKimi(args, { env })
        assert.deepStrictEqual(decoded("batch run", stdout).surplus, { malformed: 1, duplicates: 1, unknown: 1 })
        assert.include(
          stderr,
          "further lines, which were left out: 1 that are no results, 1 of rows that have a result, 1 of no row."
        )
      })
    )
  )

  it.live("has every reason for which the host has refused a batch", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* leave(server, env)
        const data = [
          { line: 1, message: "Bad model", code: "invalid_model" },
          { line: 2, message: "Too long" }
        ]
        yield* endsWith(server, { status: "failed", errors: { data } })
        const { code, stderr } = yield* runKimi(["batch", "run", input, output, "--mode", "host", "--json", ...poll], {
          env
        })
        assert.strictEqual(code, 27)
        const { error } = JSON.parse(stderr.split("\n").findLast((line) => line.startsWith("{")) ?? "")
        assert.strictEqual(
          error.message,
          "The host has refused the batch batch-000001:\n  line 1: Bad model (invalid_model)\n  line 2: Too long"
        )
      })
    )
  )

  it.live("host names every row that the host would refuse", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* filesOf([lineOf("a"), lineOf("b", "kimi-k2.5"), lineOf("a")])
        const { stderr } = yield* runKimi(["batch", "run", input, output, "--mode", "host"], { env })
        assert.match(stderr, /line 2: .*\n\s+line 3: /)
      })
    )
  )

  it.live("host fails for rows that the host would refuse", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* filesOf([lineOf("a", "kimi-k3")])
        const { code, stderr } = yield* runKimi(["batch", "run", input, output, "--mode", "host"], { env })
        assert.strictEqual(code, 27)
        assert.include(stderr, "line 1: The host runs no batches of kimi-k3")
        assert.deepStrictEqual(yield* server.requests, [])
      })
    )
  )

  it.live("host needs files", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { input } = yield* filesOf([lineOf("a")])
        const { code, stderr } = yield* runKimi(["batch", "run", input, "-", "--mode", "host"], { env })
        assert.strictEqual(code, 2)
        assert.include(stderr, "--mode")
      })
    )
  )

  it.live("local does not request rows that are at the host", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* leave(server, env)
        const before = (yield* server.requests).length
        const { code, stderr } = yield* runKimi(["batch", "run", input, output], { env })
        assert.strictEqual(code, 16)
        assert.include(stderr, "batch-000001")
        assert.include(stderr, `Collect it with kimi batch resume ${output}.`)
        assert.include(stderr, `cancel it with kimi batch cancel ${output},`)
        assert.notInclude(stderr, "HostBatchJob")
        assert.lengthOf(yield* server.requests, before)
      })
    )
  )
})

describe("kimi batch resume", () => {
  it.live("collects the batch of a job", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const { output } = yield* leave(server, env)
        const { code, stderr, stdout } = yield* runKimi(["batch", "resume", output, "--json", ...poll], { env })
        assert.strictEqual(code, 0, stderr)
        assert.deepInclude(decoded("batch resume", stdout), { answered: 2, mode: "host" })
        assert.strictEqual((yield* server.ledger).batches.length, 1)
      })
    )
  )

  it.live("collects the batch of a job that was started with another model", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const line = JSON.stringify({ id: "a", request: { messages: [{ role: "user", content: "a" }] } })
        const { output } = yield* leave(server, env, [line], ["--model", "kimi-k2.6"])
        const { code, stderr, stdout } = yield* runKimi(["batch", "resume", output, "--json", ...poll], { env })
        assert.strictEqual(code, 0, stderr)
        assert.deepInclude(decoded("batch resume", stdout), { answered: 1, mode: "host" })
      })
    )
  )

  it.live("keeps the model with which a job was started", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const line = JSON.stringify({ id: "a", request: { messages: [{ role: "user", content: "a" }] } })
        const { input, output } = yield* leave(server, env, [line], ["--model", "kimi-k2.6"])
        yield* runKimi(["batch", "resume", output, ...poll], { env })
        const { code, stderr } = yield* runKimi(["batch", "run", input, output, "--mode", "host"], { env })
        assert.strictEqual(code, 27)
        assert.include(stderr, "other values of model")
      })
    )
  )

  it.live("collects a batch by its id", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        yield* leave(server, env)
        const { output } = yield* filesOf([])
        const args = ["batch", "resume", "batch-000001", output, "--json", ...poll]
        const { code, stderr, stdout } = yield* runKimi(args, { env })
        assert.strictEqual(code, 0, stderr)
        assert.deepInclude(decoded("batch resume", stdout), { answered: 2, mode: "host" })
        const counted = yield* runKimi(["batch", "status", output, "--json"])
        assert.deepInclude(decoded("batch status", counted.stdout), { answered: 2 })
      })
    )
  )

  it.live("names a command for the failed rows of a batch by its id that can be run", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        yield* server.reply(Reply.text("yes"), ErrorReply.table.contentFilter)
        yield* leave(server, env)
        const { output } = yield* filesOf([])
        const { stderr } = yield* runKimi(["batch", "resume", "batch-000001", output, ...poll], { env })
        assert.include(stderr, `kimi batch failed ${output}`)
        assert.notInclude(stderr, "--rerun")
      })
    )
  )

  it.live("refuses a second file for the answers of a job", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { output } = yield* filesOf([])
        const { code, stderr } = yield* runKimi(["batch", "resume", output, `${output}.2`], { env })
        assert.strictEqual(code, 2)
        assert.include(stderr, `kimi batch resume ${output}`)
      })
    )
  )

  it.live("needs a file for a batch by its id", () =>
    withServer((_, env) =>
      Effect.map(runKimi(["batch", "resume", "batch-000001"], { env }), ({ code, stderr }) => {
        assert.strictEqual(code, 2)
        assert.include(stderr, "kimi batch resume batch-000001 answers.jsonl")
      })
    )
  )

  it.live("fails for a job that has nothing at the host", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* filesOf([lineOf("a")])
        yield* runKimi(["batch", "run", input, output], { env })
        const { code, stderr } = yield* runKimi(["batch", "resume", output], { env })
        assert.strictEqual(code, 16)
        assert.include(stderr, "run it again")
      })
    )
  )
})
