import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as ErrorReply from "@kimi-effect/testing/ErrorReply"
import type * as MockServer from "@kimi-effect/testing/node/MockServer"
import * as Reply from "@kimi-effect/testing/Reply"
import * as Effect from "effect/Effect"
import { decoded, withServer } from "../mockedHost.ts"
import { runKimi } from "../runKimi.ts"
import { temporaryFolder } from "../temporaryFolder.ts"

const lineOf = (content: string, model = "kimi-k2.6") =>
  JSON.stringify({ id: content, request: { model, messages: [{ role: "user", content }] } })

const filesOf = (lines: ReadonlyArray<string>) =>
  Effect.map(temporaryFolder, (folder) => {
    const input = join(folder, "in.jsonl")
    writeFileSync(input, `${lines.join("\n")}\n`)
    return { input, output: join(folder, "out.jsonl") }
  })

type Server = MockServer.MockServer["Service"]

const batchRoute = "GET /v1/batches/batch-000001"

/** Starts a job and leaves it when its batch was created. */
const leave = (
  server: Server,
  env: { readonly [name: string]: string },
  lines = [lineOf("a"), lineOf("b")],
  flags: ReadonlyArray<string> = []
) =>
  Effect.gen(function* () {
    const files = yield* filesOf(lines)
    let isBroken = true
    yield* server.replyAt(batchRoute, () => (isBroken ? ErrorReply.table.invalidRequest : Reply.defaultReply))
    const { code } = yield* runKimi(["batch", "run", files.input, files.output, "--mode", "host", ...flags], { env })
    assert.strictEqual(code, 16)
    isBroken = false
    return files
  })

const poll = ["--poll", "1 millis"]

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

describe("kimi batch status", () => {
  it.live("has the batch of a job", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const { output } = yield* leave(server, env)
        const { stdout } = yield* runKimi(["batch", "status", output, "--json"])
        const { answered, host } = decoded("batch status", stdout)
        assert.strictEqual(answered, 0)
        assert.deepInclude(host, { batchId: "batch-000001", rows: 2, model: "kimi-k2.6" })
      })
    )
  )

  it.live("asks the host for a batch by its id", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        yield* leave(server, env)
        const { stdout } = yield* runKimi(["batch", "status", "batch-000001", "--json"], { env })
        assert.deepInclude(decoded("batch status", stdout).host, { batchId: "batch-000001", status: "in_progress" })
      })
    )
  )

  it.live("fails for an id that the host does not have", () =>
    withServer((_, env) =>
      Effect.map(runKimi(["batch", "status", "batch-9"], { env }), ({ code, stderr }) => {
        assert.strictEqual(code, 27)
        assert.include(stderr, "no batch with this id")
      })
    )
  )
})

describe("kimi batch cancel", () => {
  for (const [name, targetOf] of [
    ["the batch of a job", (output: string) => output],
    ["a batch by its id", () => "batch-000001"]
  ] as const) {
    it.live(`cancels ${name}`, () =>
      withServer((server, env) =>
        Effect.gen(function* () {
          const { output } = yield* leave(server, env)
          const { code, stderr, stdout } = yield* runKimi(["batch", "cancel", targetOf(output), "--json"], { env })
          assert.strictEqual(code, 0, stderr)
          assert.deepInclude(decoded("batch cancel", stdout), { batchId: "batch-000001", status: "cancelling" })
        })
      )
    )
  }

  it.live("fails for a job that has nothing at the host", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* filesOf([lineOf("a")])
        yield* runKimi(["batch", "run", input, output], { env })
        const { code, stderr } = yield* runKimi(["batch", "cancel", output], { env })
        assert.strictEqual(code, 16)
        assert.include(stderr, "The host runs no batch of this job")
      })
    )
  )
})

describe("kimi batch forget", () => {
  it.live("lets a run send the rows of a lost batch again", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* leave(server, env)
        const { code, stdout } = yield* runKimi(["batch", "forget", output, "--json"])
        assert.strictEqual(code, 0)
        assert.deepInclude(decoded("batch forget", stdout), { batchId: "batch-000001", rows: 2 })
        const again = yield* runKimi(["batch", "run", input, output, "--mode", "host", ...poll, "--json"], { env })
        assert.deepInclude(decoded("batch run", again.stdout), { answered: 2 })
      })
    )
  )

  it.live("fails for a job that has nothing at the host", () =>
    Effect.gen(function* () {
      const { output } = yield* filesOf([])
      const { code, stderr } = yield* runKimi(["batch", "forget", output])
      assert.strictEqual(code, 1)
      assert.include(stderr, "no batch at the host")
    }).pipe(Effect.scoped)
  )
})
