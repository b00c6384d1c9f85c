import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { gunzipSync, gzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import * as Journal from "@kimi-effect/client/journal/Journal"
import type { KimiClient } from "@kimi-effect/client/KimiClient"
import { JournalStoreError } from "@kimi-effect/core/JournalErrors"
import { MockProvider, Reply, type Script } from "@kimi-effect/testing"
import { Deferred, Effect, Fiber, Schema, type Scope } from "effect"
import * as BatchJob from "../../src/node/BatchJob.ts"
import * as SharedBatchJob from "../../src/node/SharedBatchJob.ts"
import { answersOf, attempts, inFolder, lineOf, linesOf } from "./support/batch/answered.ts"

const rows = (count: number) => Array.from({ length: count }, (_, index) => lineOf(`${index + 1}`)).join("\n")

const inJournal = <A, E>(
  test: (
    path: (name: string) => string
  ) => Effect.Effect<A, E, Journal.Journal | KimiClient | MockProvider.MockProvider | Scope.Scope>
) =>
  inFolder((path) =>
    Effect.flatMap(Journal.makeMemory(), (journal) => Effect.provideService(test(path), Journal.Journal, journal))
  )

/** A journal whose calls fail when `isFailing` returns true, before they are made. */
const failing = (journal: Journal.Journal["Service"], isFailing: () => boolean): Journal.Journal["Service"] => {
  const error = new JournalStoreError({ message: "It did not answer in time", store: "test", operation: "append" })
  const failingLease = (lease: Journal.Lease): Journal.Lease => ({
    ...lease,
    call: (options, effect) => Effect.suspend(() => (isFailing() ? Effect.fail(error) : lease.call(options, effect)))
  })
  return {
    ...journal,
    join: (runId, header) =>
      Effect.map(journal.join(runId, header), (worker) => ({
        ...worker,
        claim: (request) => Effect.map(worker.claim(request), (leases) => leases.map(failingLease))
      }))
  }
}

describe("SharedBatchJob", () => {
  it.live("divides the rows between its processes", () =>
    inJournal((path) =>
      Effect.gen(function* () {
        writeFileSync(path("in.jsonl"), rows(95))
        const options = { id: "a", input: path("in.jsonl"), rangeRows: 10, concurrency: 4 }
        const results = yield* Effect.all(
          ["one.jsonl", "two.jsonl"].map((name) => SharedBatchJob.run({ ...options, output: path(name) })),
          { concurrency: "unbounded" }
        )
        for (const { isComplete, own, written } of results) {
          assert.isTrue(isComplete)
          assert.isAbove(own.done, 0)
          assert.deepInclude(written, { answered: 95, failed: 0, rejected: 0 })
        }
        const text = readFileSync(path("one.jsonl"), "utf8")
        assert.deepStrictEqual(
          answersOf(text),
          Array.from({ length: 95 }, (_, index) => [`${index + 1}`, index + 1, `${index + 1}`])
        )
        assert.strictEqual(readFileSync(path("two.jsonl"), "utf8"), text)
        yield* attempts(95)
      })
    )
  )

  it.live("writes what one process alone writes", () =>
    inJournal((path) =>
      Effect.gen(function* () {
        const text = '\uFEFFid,text\r\na,"1, ""x"""\r\n\r\nb,"2\r\n3"\r\nc,"a"b\r\nd,fail\r\ne, \r\nf,4'
        writeFileSync(path("in.csv"), text)
        const options = { input: path("in.csv"), prompts: { column: "text" } }
        yield* BatchJob.run({ ...options, output: path("alone.jsonl"), order: "input" })
        for (const rangeRows of [1, 2, 3, 100]) {
          const output = path(`shared${rangeRows}.jsonl`)
          yield* SharedBatchJob.run({ ...options, id: `${rangeRows}`, output, rangeRows })
          for (const file of ["", ".rejects.jsonl"]) {
            const alone = readFileSync(`${path("alone.jsonl")}${file}`, "utf8")
            const shared = readFileSync(`${output}${file}`, "utf8")
            // Answers of later runs have another id.
            assert.deepStrictEqual(file === "" ? answersOf(shared) : shared, file === "" ? answersOf(alone) : alone)
          }
        }
      })
    )
  )

  it.live("requests nothing again when it is complete", () =>
    inJournal((path) =>
      Effect.gen(function* () {
        writeFileSync(path("in.jsonl"), rows(5))
        const options = { id: "a", input: path("in.jsonl"), output: path("out.jsonl.gz") }
        yield* SharedBatchJob.run(options)
        const { own, written } = yield* SharedBatchJob.run(options)
        assert.strictEqual(own.done, 0)
        assert.deepInclude(written, { answered: 5 })
        assert.lengthOf(linesOf(gunzipSync(readFileSync(options.output)).toString()), 5)
        yield* attempts(5)
      })
    )
  )

  it.live("continues the rows of a process that was interrupted", () =>
    inJournal((path) =>
      Effect.gen(function* () {
        writeFileSync(path("in.jsonl"), [lineOf("1"), lineOf("never"), lineOf("3")].join("\n"))
        const options = { id: "a", input: path("in.jsonl"), concurrency: 2 }
        const fiber = yield* Effect.forkChild(SharedBatchJob.run(options))
        yield* Effect.repeat(SharedBatchJob.status("a"), { until: (status) => status?.done === 2 })
        assert.deepInclude(yield* SharedBatchJob.status("a"), {
          done: 2,
          lines: 3,
          ranges: { waiting: 0, leased: 1, completed: 0 }
        })
        yield* Fiber.interrupt(fiber)
        const second = yield* Effect.forkChild(SharedBatchJob.run(options))
        const mock = yield* MockProvider.MockProvider
        yield* Effect.repeat(mock.requests, { until: (requests) => requests.length === 4 })
        yield* Fiber.interrupt(second)
        // Only the row that was in flight was requested again.
        yield* attempts(4)
      })
    )
  )

  it.live("counts lines that are no rows apart", () =>
    inJournal((path) =>
      Effect.gen(function* () {
        writeFileSync(path("in.jsonl"), [lineOf("1"), "no row", lineOf("3"), "{}"].join("\n"))
        const result = yield* SharedBatchJob.run({ id: "a", input: path("in.jsonl") })
        assert.deepInclude(result, { done: 2, rejected: 2, lines: 4, isComplete: true })
        assert.deepInclude(yield* SharedBatchJob.status("a"), { done: 2, rejected: 2 })
      })
    )
  )

  it.live("leaves the rows that an empty account has stopped", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const journal = yield* Journal.makeMemory()
        const run = (script: Script.AnswerFunction) =>
          SharedBatchJob.run({ id: "a", input: path("in.jsonl"), output: path("out.jsonl"), concurrency: 1 }).pipe(
            Effect.provideService(Journal.Journal, journal),
            Effect.provide(MockProvider.layerClient({ script }))
          )
        writeFileSync(path("in.jsonl"), rows(3))
        const stopped = yield* run(({ messages }) => (messages.at(-1)?.content === "3" ? Reply.quotaExceeded() : "ok"))
        assert.deepInclude(stopped, { done: 2, isComplete: false })
        assert.deepInclude(stopped.stopped, { _tag: "Error", tag: "QuotaExceededError" })
        assert.isUndefined(stopped.written)
        assert.isFalse(existsSync(path("out.jsonl")))
        assert.deepInclude((yield* run(() => "ok")).written, { answered: 3, failed: 0 })
      })
    )
  )

  it.live("ends at its deadline while another process has the last range", () =>
    inJournal((path) =>
      Effect.gen(function* () {
        writeFileSync(path("in.jsonl"), lineOf("never"))
        const options = { id: "a", input: path("in.jsonl") }
        const mock = yield* MockProvider.MockProvider
        const first = yield* Effect.forkChild(SharedBatchJob.run(options))
        yield* Effect.repeat(mock.requests, { until: (requests) => requests.length === 1 })
        const second = yield* SharedBatchJob.run({ ...options, stop: { deadline: "20 millis" } })
        assert.deepInclude(second, { isComplete: false, stopped: { _tag: "Deadline" } })
        yield* Fiber.interrupt(first)
      })
    )
  )

  it.live("is left by its processes when it is cancelled", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        writeFileSync(path("in.jsonl"), rows(50))
        const arrived = yield* Deferred.make<void>()
        const gate = yield* Deferred.make<void>()
        const script = () => Effect.as(Effect.andThen(Deferred.succeed(arrived, undefined), Deferred.await(gate)), "ok")
        const options = { id: "a", input: path("in.jsonl"), concurrency: 1, rangeRows: 1 }
        const job = SharedBatchJob.run({ ...options, pollInterval: "1 millis" })
        const fiber = yield* Effect.forkChild(Effect.provide(job, MockProvider.layerClient({ script })))
        yield* Deferred.await(arrived)
        yield* SharedBatchJob.cancel("a")
        yield* Deferred.succeed(gate, undefined)
        const result = yield* Fiber.join(fiber)
        assert.deepInclude(result, { isCancelled: true, isComplete: false })
        assert.isBelow(result.done, 50)
      }).pipe(Effect.provideServiceEffect(Journal.Journal, Journal.makeMemory()))
    )
  )

  it.live("continues under another lease when the journal did not answer", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        writeFileSync(path("in.jsonl"), rows(30))
        let calls = 0
        // The twelfth call of a journal and its two next ones.
        const journal = failing(yield* Journal.makeMemory(), () => Math.abs(++calls - 13) <= 1)
        const options = { id: "a", input: path("in.jsonl"), output: path("out.jsonl"), rangeRows: 10 }
        const { written } = yield* Effect.provideService(SharedBatchJob.run(options), Journal.Journal, journal)
        assert.deepInclude(written, { answered: 30 })
        yield* attempts(30)
      })
    )
  )

  it.live("fails when the journal does not answer again", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        writeFileSync(path("in.jsonl"), rows(30))
        const journal = failing(yield* Journal.makeMemory(), () => true)
        const job = SharedBatchJob.run({ id: "a", input: path("in.jsonl"), rangeRows: 10 })
        const error = yield* Effect.flip(Effect.provideService(job, Journal.Journal, journal))
        assert.strictEqual(error._tag, "JournalStoreError")
        yield* attempts(0)
      })
    )
  )

  it.live.each([
    ["another input", (path: string) => appendFileSync(path, `\n${lineOf("more")}`), {}],
    ["other prompts", () => undefined, { prompts: { template: "{text}" } }],
    ["another size of ranges", () => undefined, { rangeRows: 7 }]
  ] as const)("refuses %s under its id", ([, change, other]) =>
    inJournal((path) =>
      Effect.gen(function* () {
        writeFileSync(path("in.jsonl"), rows(3))
        const options = { id: "a", input: path("in.jsonl") }
        yield* SharedBatchJob.run(options)
        change(options.input)
        const error = yield* Effect.flip(SharedBatchJob.run({ ...options, ...other }))
        assert.strictEqual(error._tag, "JournalMismatchError")
        yield* attempts(3)
      })
    )
  )

  it.live.each([
    ["a text", "Summarize {text}", "Translate {text}"],
    ["a function", (text: string) => `Summarize ${text}`, (text: string) => `Translate ${text}`]
  ] as const)("refuses another template, which is %s", ([, template, other]) =>
    inJournal((path) =>
      Effect.gen(function* () {
        writeFileSync(path("in.csv"), "text\n1\n")
        const options = { id: "a", input: path("in.csv") }
        yield* SharedBatchJob.run({ ...options, prompts: { column: "text", template } })
        const error = yield* Effect.flip(
          SharedBatchJob.run({ ...options, prompts: { column: "text", template: other } })
        )
        assert.deepInclude(error, { _tag: "JournalMismatchError", key: "header" })
      })
    )
  )

  it.live("refuses an input that is compressed", () =>
    inJournal((path) =>
      Effect.gen(function* () {
        writeFileSync(path("in.jsonl.gz"), gzipSync(rows(1)))
        const error = yield* Effect.flip(SharedBatchJob.run({ id: "a", input: path("in.jsonl.gz") }))
        assert.deepInclude(error, { _tag: "InvalidRequestError", parameter: "input" })
        assert.include(error.message, "decompress")
      })
    )
  )

  it.live("replaces no file that is not its output", () =>
    inJournal((path) =>
      Effect.gen(function* () {
        writeFileSync(path("in.jsonl"), rows(1))
        writeFileSync(path("notes.txt"), "my notes")
        const options = { id: "a", input: path("in.jsonl"), output: path("notes.txt") }
        assert.deepInclude(yield* Effect.flip(SharedBatchJob.run(options)), { parameter: "output" })
        assert.strictEqual(readFileSync(options.output, "utf8"), "my notes")
        yield* attempts(0)
      })
    )
  )

  it.live.each([
    { place: "in a folder that does not exist", name: "missing/out.jsonl" },
    { place: "that is a folder", name: "folder" }
  ])("refuses an output $place before a request", ({ name }) =>
    inJournal((path) =>
      Effect.gen(function* () {
        writeFileSync(path("in.jsonl"), rows(2))
        mkdirSync(path("folder"))
        const error = yield* Effect.flip(SharedBatchJob.run({ id: "a", input: path("in.jsonl"), output: path(name) }))
        assert.strictEqual(error._tag, "InvalidRequestError")
        assert.include(error.message, path(name))
        const mock = yield* MockProvider.MockProvider
        assert.lengthOf(yield* mock.requests, 0)
      })
    )
  )

  it.live("refuses options that cannot be used", () =>
    inJournal((path) =>
      Effect.gen(function* () {
        const options = { id: "", input: path("in.jsonl"), rangeRows: 0, pollInterval: 0 }
        const error = yield* Effect.flip(SharedBatchJob.run(options))
        assert.strictEqual(error._tag, "ConfigurationError")
        for (const name of ["id", "rangeRows", "pollInterval"]) assert.include(error.message, `SharedBatchJob ${name}`)
      })
    )
  )

  it.live("writes values that a schema has read", () =>
    inJournal((path) =>
      Effect.gen(function* () {
        writeFileSync(path("in.jsonl"), lineOf('{"n":12}'))
        const output = path("out.jsonl")
        yield* SharedBatchJob.run({
          id: "a",
          input: path("in.jsonl"),
          output,
          schema: Schema.Struct({ n: Schema.Int })
        })
        assert.deepInclude(JSON.parse(readFileSync(output, "utf8")), { value: { n: 12 } })
      })
    )
  )
})
