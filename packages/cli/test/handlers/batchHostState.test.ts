import { readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as ErrorReply from "@kimi-effect/testing/ErrorReply"
import * as Reply from "@kimi-effect/testing/Reply"
import * as Effect from "effect/Effect"
import { batchRoute, filesOf, leave, lineOf, poll } from "../hostJob.ts"
import { decoded, withServer } from "../mockedHost.ts"
import { runKimi } from "../runKimi.ts"

describe("kimi batch status", () => {
  it.live("has the batch of a job", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const { output } = yield* leave(server, env)
        const { stdout } = yield* runKimi(["batch", "status", output, "--json"])
        const { answered, host } = decoded("batch status", stdout)
        assert.strictEqual(answered, 0)
        assert.deepInclude(host, { batchId: "batch-000001", rows: 2, model: "kimi-k2.6" })
        yield* runKimi(["batch", "cancel", output], { env })
        const text = (yield* runKimi(["batch", "status", output])).stdout
        assert.include(text, `0 of 2 rows, at the host. Collect it with: kimi batch resume ${output}`)
        assert.include(text, "Batch batch-000001, cancelling, 2 rows")
        const given = (yield* runKimi(["batch", "status", output, "--tier", "1"])).stdout
        assert.include(given, `Collect it, with the same flags of options, with: kimi batch resume ${output}\n`)
      })
    )
  )

  it.live("distinguishes an output without a record from one whose record is damaged", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* filesOf([lineOf("a")])
        yield* runKimi(["batch", "run", input, output], { env })
        const stateOf = Effect.map(runKimi(["batch", "status", output]), ({ stdout }) => stdout)
        truncateSync(`${output}.job.json`)
        assert.include(yield* stateOf, `whether it is finished is not known: ${output}.job.json is damaged`)
        rmSync(`${output}.job.json`)
        const text = yield* stateOf
        assert.include(text, "it has no record of a job")
        assert.notInclude(text, "damaged")
      })
    )
  )

  it.live("counts the rows of an output whose number of rows has no record", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* filesOf([lineOf("a")])
        yield* runKimi(["batch", "run", input, output], { env })
        rmSync(`${output}.job.json`)
        const { stdout } = yield* runKimi(["batch", "status", output])
        assert.include(stdout, "1 of an unknown number of rows, ")
      })
    )
  )

  it.live("names how a batch is collected whose record is damaged", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* leave(server, env)
        truncateSync(`${output}.host.json`)
        // An earlier version has recorded the job without its batch.
        const { batch: _, ...record } = JSON.parse(readFileSync(`${output}.job.json`, "utf8"))
        writeFileSync(`${output}.job.json`, JSON.stringify(record))
        const withoutId = yield* runKimi(["batch", "resume", output], { env })
        assert.include(withoutId.stderr, "which kimi batch list has: kimi batch resume BATCH-ID")
        writeFileSync(`${output}.host.json`, '{"version":1,"submission":{"id":"a","batchId":"batch-000001"')
        for (const args of [
          ["batch", "run", input, output, "--mode", "host"],
          ["batch", "resume", output],
          ["batch", "status", output]
        ]) {
          const { code, stderr } = yield* runKimi(args, { env })
          assert.strictEqual(code, 26)
          assert.include(stderr, `${output}.host.json`)
          assert.include(stderr, `kimi batch resume batch-000001 ${output}.collected.jsonl`)
        }
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

describe("records of a job that name two batches", () => {
  const leaveTwo = (...given: Parameters<typeof leave>) =>
    Effect.map(leave(...given), (job) => {
      const path = `${job.output}.host.json`
      const record = JSON.parse(readFileSync(path, "utf8"))
      writeFileSync(path, JSON.stringify({ ...record, submission: { id: "other", batchId: "batch-000002" } }))
      return job
    })

  it.live("are forgotten together with --force", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const { output } = yield* leaveTwo(server, env)
        const { stdout } = yield* runKimi(["batch", "forget", "--force", output])
        assert.include(stdout, "Forgotten: Batch batch-000001, 2 rows. Forgotten too: Batch batch-000002.")
      })
    )
  )

  it.live("are both in the JSON of what is forgotten", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const { output } = yield* leaveTwo(server, env)
        const { stdout } = yield* runKimi(["batch", "forget", "--force", output, "--json"])
        assert.deepInclude(decoded("batch forget", stdout), {
          batchId: "batch-000001",
          rows: 2,
          otherBatchId: "batch-000002"
        })
      })
    )
  )
})

describe("a job whose record of an open batch is missing", () => {
  it.live("is refused by each command until it is forgotten with --force", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* leave(server, env)
        rmSync(`${output}.host.json`)
        for (const args of [
          ["run", input, output],
          ["run", input, output, "--mode", "host"],
          ["status", output],
          ["resume", output],
          ["cancel", output],
          ["forget", output]
        ]) {
          const { code, stderr } = yield* runKimi(["batch", ...args], { env })
          assert.strictEqual(code, 26, args.join(" "))
          assert.include(stderr, `${output}.host.json" of the batch at the host cannot be used: it is missing`)
          assert.include(stderr, `kimi batch resume batch-000001 ${output}.collected.jsonl`)
          assert.include(stderr, `kimi batch forget --force ${output} forgets it`)
        }
        const forgotten = yield* runKimi(["batch", "forget", "--force", output])
        assert.strictEqual(forgotten.code, 0)
        assert.include(forgotten.stdout, "Forgotten: Batch batch-000001, 2 rows")
        const again = yield* runKimi(["batch", "run", input, output, "--json"], { env })
        assert.deepInclude(decoded("batch run", again.stdout), { answered: 2 })
      })
    )
  )

  it.live("is shown without the output", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const { output } = yield* leave(server, env)
        rmSync(`${output}.host.json`)
        rmSync(output)
        const { code, stderr } = yield* runKimi(["batch", "status", output], { env })
        assert.strictEqual(code, 26)
        assert.include(stderr, "the batch batch-000001 may be open at the host")
      })
    )
  )
})

describe("kimi batch list", () => {
  it.live("has the ids of batches", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        yield* leave(server, env)
        const [batch, ...others] = decoded("batch list", (yield* runKimi(["batch", "list", "--json"], { env })).stdout)
        assert.lengthOf(others, 0)
        assert.deepInclude(batch, { batchId: "batch-000001" })
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
        assert.include(stderr, "Check the path of the output")
      })
    )
  )
})

describe("kimi batch forget", () => {
  it.live("lets a run send the rows of a lost batch again", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* leave(server, env)
        yield* server.replyAt(batchRoute, ErrorReply.make(404, "resource_not_found_error", "not found"))
        const { code, stderr, stdout } = yield* runKimi(["batch", "forget", output, "--json"], { env })
        assert.strictEqual(code, 0, stderr)
        yield* server.replyAt(batchRoute, () => Reply.defaultReply)
        assert.deepInclude(decoded("batch forget", stdout), { batchId: "batch-000001", rows: 2 })
        const again = yield* runKimi(["batch", "run", input, output, "--mode", "host", ...poll, "--json"], { env })
        assert.deepInclude(decoded("batch run", again.stdout), { answered: 2 })
      })
    )
  )

  it.live("keeps a batch whose file the host does not know either", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const { output } = yield* leave(server, env)
        const notFound = ErrorReply.make(404, "resource_not_found_error", "not found")
        yield* server.replyAt(batchRoute, notFound)
        yield* server.replyAt("GET /v1/files/file-000001", notFound)
        const { code, stderr } = yield* runKimi(["batch", "forget", output], { env })
        assert.strictEqual(code, 16)
        assert.include(stderr, "neither the batch batch-000001 of this job nor its file file-000001")
        assert.include(stderr, `kimi batch forget --force ${output} forgets it without asking`)
        const { stdout } = yield* runKimi(["batch", "status", output, "--json"])
        assert.deepInclude(decoded("batch status", stdout), { state: "at host" })
      })
    )
  )

  it.live("keeps a batch that the host has", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const { output } = yield* leave(server, env)
        const { code, stderr } = yield* runKimi(["batch", "forget", output], { env })
        assert.strictEqual(code, 16)
        assert.include(stderr, "its rows would be paid twice")
        assert.include(stderr, `kimi batch resume ${output}`)
        assert.include(stderr, `kimi batch cancel ${output}`)
        assert.deepInclude(decoded("batch status", (yield* runKimi(["batch", "status", output, "--json"])).stdout), {
          state: "at host"
        })
      })
    )
  )

  it.live("does not ask the host with --force", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const { output } = yield* leave(server, env)
        const { code, stdout } = yield* runKimi(["batch", "forget", output, "--force"])
        assert.strictEqual(code, 0)
        assert.include(stdout, "Forgotten: Batch batch-000001")
      })
    )
  )

  it.live("fails for a job that has nothing at the host as cancel does", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* filesOf([lineOf("a")])
        yield* runKimi(["batch", "run", input, output], { env })
        const { code, stderr } = yield* runKimi(["batch", "forget", output])
        assert.strictEqual(code, 16)
        assert.include(stderr, "This job has no batch at the host that is open")
        assert.include(
          stderr,
          `Check the path of the output: nothing is left to forget. Count its rows with: kimi batch status ${output}\n`
        )
      })
    )
  )

  it.live("fails for an output that does not exist", () =>
    Effect.map(runKimi(["batch", "forget", "/nonexistent/out.jsonl"]), ({ code, stderr }) => {
      assert.strictEqual(code, 1)
      assert.include(stderr, "/nonexistent/out.jsonl cannot be read: it does not exist")
    })
  )
})
