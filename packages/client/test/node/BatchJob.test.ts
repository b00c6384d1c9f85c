import { randomUUID } from "node:crypto"
import { appendFileSync, existsSync, readdirSync, readFileSync, readlinkSync, utimesSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setImmediate as nextTurn } from "node:timers/promises"
import { gzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import type { InvalidBatchRowError } from "@kimi-effect/core/BatchErrors"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import { MockProvider, Reply } from "@kimi-effect/testing"
import { Effect, Fiber, Schema, type Scope } from "effect"
import type { KimiClient } from "../../src/KimiClient.ts"
import * as BatchJob from "../../src/node/BatchJob.ts"
import { folder } from "./support/files.ts"
import { canMount, volume } from "./support/volumes.ts"

const lineOf = (content: string) =>
  JSON.stringify({ id: `id ${content}`, request: { messages: [{ role: "user", content }] } })

interface OutputLine {
  readonly id: string
  readonly line: number
  readonly error_tag: string | null
  readonly response?: { readonly choices: ReadonlyArray<{ readonly message: { readonly content: string } }> }
}

const linesOf = (path: string) =>
  readFileSync(path, "utf8")
    .split("\n")
    .slice(0, -1)
    .map((text) => JSON.parse(text) as OutputLine)

interface Files {
  readonly input: string
  readonly output: string
}

const broken = new Set<string>()
let onFill = (): void => undefined

const answer = ({ messages }: ModelRequest) => {
  const content = messages.at(-1)?.content
  if (content === "fill") onFill()
  if (content === "never") return Effect.never
  if (typeof content === "string" && broken.has(content)) return Reply.quotaExceeded()
  return content === "fail" ? Reply.modelNotFound() : typeof content === "string" ? content : ""
}

const withJob = <A, E>(
  lines: ReadonlyArray<string>,
  test: (files: Files) => Effect.Effect<A, E, KimiClient | MockProvider.MockProvider | Scope.Scope>
) =>
  Effect.gen(function* () {
    const path = yield* folder
    const input = join(path, "in.jsonl")
    writeFileSync(input, lines.join("\n"))
    return yield* test({ input, output: join(path, "out.jsonl") })
  }).pipe(Effect.provide(MockProvider.layerClient({ script: answer })), Effect.scoped)

const attempts = (count: number) => Effect.flatMap(MockProvider.MockProvider, (mock) => mock.attempts(count))

describe("BatchJob", () => {
  it.live("keeps values that JSON cannot hold as the text that was decoded", () =>
    withJob(['{"n":"12"}', '{"n":"13"}'].map(lineOf), (files) =>
      Effect.gen(function* () {
        const schema = Schema.Struct({ n: Schema.BigIntFromString })
        const result = yield* BatchJob.run({ ...files, order: "input", schema })
        assert.strictEqual(result.answered, 2)
        const values = readFileSync(files.output, "utf8")
          .split("\n")
          .slice(0, -1)
          .map((line) => (JSON.parse(line) as { readonly value: unknown }).value)
        assert.deepStrictEqual(values, [{ n: "12" }, { n: "13" }])
      })
    )
  )

  it.live("writes a line for each row", () =>
    withJob(["a", "fail", "c"].map(lineOf), (files) =>
      Effect.gen(function* () {
        const result = yield* BatchJob.run({ ...files, order: "input" })
        assert.deepInclude(result, { answered: 2, failed: 1, failedByTag: { ModelNotFoundError: 1 }, resumed: 0 })
        assert.isAbove(result.cost.USD ?? 0, 0)
        assert.deepStrictEqual(
          linesOf(files.output).map(({ error_tag, id, line, response }) => [
            id,
            line,
            error_tag,
            response?.choices[0]?.message.content
          ]),
          [
            ["id a", 1, null, "a"],
            ["id fail", 2, "ModelNotFoundError", undefined],
            ["id c", 3, null, "c"]
          ]
        )
      })
    )
  )

  it.live("requests nothing again when it is finished", () =>
    withJob(["a", "b"].map(lineOf), (files) =>
      Effect.gen(function* () {
        const first = yield* BatchJob.run(files)
        const again = yield* BatchJob.run(files)
        assert.deepStrictEqual(again, { ...first, resumed: 2 })
        yield* attempts(2)
      })
    )
  )

  it.live("runs failed rows again by their tag", () =>
    withJob(["a", "fail", "c"].map(lineOf), (files) =>
      Effect.gen(function* () {
        yield* BatchJob.run(files)
        yield* BatchJob.run({ ...files, rerun: ["OverloadedError"] })
        yield* attempts(3)
        const result = yield* BatchJob.run({ ...files, rerun: ["ModelNotFoundError"] })
        yield* attempts(4)
        assert.deepInclude(result, { answered: 2, failed: 1, resumed: 2 })
        assert.strictEqual(linesOf(files.output).length, 3)
      })
    )
  )

  it.live("continues after an empty account with the row that found it", () =>
    withJob(["a", "b", "c"].map(lineOf), (files) =>
      Effect.gen(function* () {
        broken.add("b")
        const stopped = yield* BatchJob.run({ ...files, concurrency: 1 })
        assert.deepInclude(stopped, { answered: 1, failed: 0 })
        assert.deepInclude(stopped.stopped, { _tag: "Error", tag: "QuotaExceededError" })
        broken.delete("b")
        assert.deepInclude(yield* BatchJob.run(files), { answered: 3, failed: 0, resumed: 1, stopped: undefined })
      })
    )
  )

  it.live("lists lines that are no rows", () =>
    withJob([lineOf("a"), "{", "", '{"id":"x"}', lineOf("b")], (files) =>
      Effect.gen(function* () {
        assert.deepInclude(yield* BatchJob.run(files), { answered: 2, rejected: 2 })
        assert.deepInclude(yield* BatchJob.run(files), { answered: 2, rejected: 2 })
        assert.deepStrictEqual(
          readFileSync(`${files.output}.rejects.jsonl`, "utf8")
            .trimEnd()
            .split("\n")
            .map((text) => JSON.parse(text)),
          [
            { line: 2, reason: "The line is not JSON" },
            { line: 4, id: "x", reason: "The row has no list of messages", parameter: "messages" }
          ]
        )
      })
    )
  )

  it.live.each(["method", "url"])("rejects OpenAI's batch form with another %s", (name) => {
    const body = { messages: [{ role: "user", content: "a" }] }
    const row = { custom_id: "one", method: "POST", url: "/v1/chat/completions", body, [name]: "GET" }
    return withJob([JSON.stringify(row)], (files) =>
      Effect.gen(function* () {
        const rejected: Array<string | undefined> = []
        const onReject = ({ parameter }: InvalidBatchRowError) => Effect.sync(() => rejected.push(parameter))
        assert.deepInclude(yield* BatchJob.run({ ...files, onReject }), { answered: 0, rejected: 1 })
        assert.deepStrictEqual(rejected, [name])
      })
    )
  })

  it.live("reads OpenAI's batch form", () =>
    withJob(
      [
        JSON.stringify({
          custom_id: "one",
          method: "POST",
          url: "/v1/chat/completions",
          body: { messages: [{ role: "user", content: "a" }] }
        })
      ],
      (files) =>
        Effect.gen(function* () {
          yield* BatchJob.run(files)
          assert.deepStrictEqual(
            linesOf(files.output).map(({ id }) => id),
            ["one"]
          )
        })
    )
  )

  it.live("makes requests from a column of texts", () =>
    withJob([JSON.stringify({ id: 1, question: "why" })], (files) =>
      Effect.gen(function* () {
        const mock = yield* MockProvider.MockProvider
        yield* BatchJob.run({
          ...files,
          prompts: { column: "question", template: (text) => `Answer: ${text}`, system: "Be brief." }
        })
        yield* mock.received({
          messages: [
            { role: "system", content: "Be brief." },
            { role: "user", content: "Answer: why" }
          ]
        })
      })
    )
  )

  it.live("reads a compressed input", () =>
    withJob([], ({ input, output }) =>
      Effect.gen(function* () {
        writeFileSync(`${input}.gz`, gzipSync(["a", "b"].map(lineOf).join("\n")))
        assert.deepInclude(yield* BatchJob.run({ input: `${input}.gz`, output }), { answered: 2 })
      })
    )
  )

  it.live.skipIf(!existsSync("/proc/self/fd"))("closes a compressed input that is not read to its end", () =>
    withJob([], ({ input, output }) =>
      Effect.gen(function* () {
        const rows = Array.from({ length: 20_000 }, (_, index) => lineOf(index === 0 ? "broke" : randomUUID()))
        writeFileSync(`${input}.gz`, gzipSync(rows.join("\n")))
        broken.add("broke")
        yield* BatchJob.run({ input: `${input}.gz`, output, concurrency: 1 })
        broken.delete("broke")
        const isOpen = () =>
          readdirSync("/proc/self/fd").some((descriptor) => {
            try {
              return readlinkSync(`/proc/self/fd/${descriptor}`) === `${input}.gz`
            } catch {
              return false
            }
          })
        // The system closes a file in the background.
        yield* Effect.repeat(
          Effect.promise(() => nextTurn()),
          { until: () => !isOpen() }
        )
      })
    )
  )

  it.live("refuses an input that was changed", () =>
    withJob(["a"].map(lineOf), (files) =>
      Effect.gen(function* () {
        yield* BatchJob.run(files)
        appendFileSync(files.input, `\n${lineOf("b")}`)
        const error = yield* Effect.flip(BatchJob.run(files))
        assert.strictEqual(error._tag, "BatchInputChangedError")
        yield* attempts(1)
      })
    )
  )

  it.live.each(["grew", "was overwritten behind its head"])("fails at its end when its input %s", (change) =>
    withJob(["a", "fill", "x".repeat(140_000)].map(lineOf), (files) =>
      Effect.gen(function* () {
        utimesSync(files.input, 0, 0)
        onFill = () => {
          if (change === "grew") appendFileSync(files.input, "\n")
          else writeFileSync(files.input, readFileSync(files.input, "utf8").replace(/x"/u, 'y"'))
        }
        const error = yield* Effect.flip(BatchJob.run(files))
        onFill = () => undefined
        assert.deepInclude(error, { _tag: "BatchInputChangedError", input: files.input })
        assert.lengthOf(linesOf(files.output), 3)
      })
    )
  )

  it.live("refuses an output that is not its own", () =>
    withJob(["a"].map(lineOf), (files) =>
      Effect.gen(function* () {
        writeFileSync(files.output, "my notes\n")
        const error = yield* Effect.flip(BatchJob.run(files))
        assert.strictEqual(error._tag, "InvalidRequestError")
        assert.strictEqual(readFileSync(files.output, "utf8"), "my notes\n")
      })
    )
  )

  it.live("is run by one process at a time", () =>
    withJob(["never"].map(lineOf), (files) =>
      Effect.gen(function* () {
        const mock = yield* MockProvider.MockProvider
        const fiber = yield* Effect.forkChild(BatchJob.run(files))
        while ((yield* mock.requests).length === 0) yield* Effect.yieldNow
        assert.strictEqual((yield* Effect.flip(BatchJob.run(files)))._tag, "BatchJobLockedError")
        yield* Fiber.interrupt(fiber)
        assert.isFalse(existsSync(`${files.output}.lock`))
      })
    )
  )

  it.live.skipIf(!canMount)("continues after its disk was full", () =>
    withJob(
      Array.from({ length: 200 }, (_, index) => lineOf(index === 50 ? "fill" : `${index}`)),
      ({ input }) =>
        Effect.gen(function* () {
          const disk = yield* volume(1024)
          const options = { input, output: join(disk.path, "out.jsonl"), concurrency: 1 }
          onFill = disk.fill
          const error = yield* Effect.flip(BatchJob.run(options))
          assert.deepInclude(error, { _tag: "JournalStoreError", operation: "append" })
          assert.include(
            error.message,
            `with the output ${JSON.stringify(options.output)} cannot be used: the disk is full`
          )
          const done = linesOf(options.output).length
          disk.clear()
          onFill = () => undefined
          assert.deepInclude(yield* BatchJob.run(options), { answered: 200, failed: 0, resumed: done })
          assert.strictEqual(new Set(linesOf(options.output).map(({ line }) => line)).size, 200)
        })
    )
  )
})
