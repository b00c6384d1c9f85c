import { gunzipSync, gzipSync } from "node:zlib"
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync
} from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { MockProvider } from "@kimi-effect/testing"
import { Effect, Fiber } from "effect"
import * as BatchJob from "../../src/node/BatchJob.ts"
import { asKilled, attempts, inFolder, lineOf, linesOf } from "./support/batch/answered.ts"
import { finished, refused, split } from "./support/batch/damaged.ts"
import { damages, inMiddle, rows, textOf } from "./support/batch/damages.ts"

describe("BatchJob.repair", () => {
  for (const { damage, lost, name, output, places } of damages) {
    for (const to of ["to.jsonl", "to.jsonl.gz"]) {
      it.live(`keeps the whole rows of ${name} in ${to}`, () =>
        inFolder((path) =>
          Effect.gen(function* () {
            const files = yield* finished(path, output, rows)
            damage(files.output)
            const before = readFileSync(files.output)
            const repaired = yield* BatchJob.repair(files.output, path(to))
            assert.deepInclude(repaired, { rows: rows.length - lost.length, hasRecord: true })
            assert.deepInclude(repaired.lost, { rows: lost.length, places })
            assert.strictEqual(repaired.lost.bytes > 0, places > 0)
            assert.deepStrictEqual(readFileSync(files.output), before)
            const kept = textOf(path(to))
            const result = yield* BatchJob.run({ ...files, output: path(to) })
            assert.deepInclude(result, { answered: 5, failed: 1, resumed: rows.length - lost.length })
            const requests = yield* (yield* MockProvider.MockProvider).requests
            assert.deepStrictEqual(
              requests.slice(rows.length).map(({ request }) => request.messages.at(-1)?.content),
              lost.map((line) => rows[line - 1])
            )
            assert.isTrue(textOf(path(to)).startsWith(kept))
            assert.lengthOf(linesOf(textOf(path(to))), rows.length)
          })
        )
      )
    }
  }

  it.live("is named with a new output that is not taken", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const files = yield* finished(path, "out.repaired.jsonl")
        truncateSync(files.output, 20)
        writeFileSync(path("out.repaired-2.jsonl.job.json"), "")
        const { hint } = yield* refused(BatchJob.run(files))
        assert.include(
          hint,
          `BatchJob.repair(${JSON.stringify(files.output)}, ${JSON.stringify(path("out.repaired-3.jsonl"))})`
        )
      })
    )
  )

  it.live("records the rows that it has kept", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const files = yield* finished(path)
        truncateSync(files.output, statSync(files.output).size - 5)
        yield* BatchJob.repair(files.output, path("to.jsonl"))
        assert.deepInclude(yield* BatchJob.status(path("to.jsonl")), { state: "stopped", answered: 1, total: 3 })
        const costOf = (output: string): number => JSON.parse(readFileSync(`${output}.job.json`, "utf8")).cost.USD
        assert.strictEqual(costOf(path("to.jsonl")) * 2, Number(costOf(files.output)))
        truncateSync(path("to.jsonl"))
        assert.include((yield* refused(BatchJob.status(path("to.jsonl")))).message, "had at least 2")
      })
    )
  )

  it.live("replaces what a killed repair has left", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const files = yield* finished(path, "out.jsonl.gz", rows)
        writeFileSync(files.output, gzipSync(gunzipSync(readFileSync(files.output))))
        for (const name of ["new.tmp", "lines.tmp"]) writeFileSync(path(`to.jsonl.${name}`), "left")
        assert.deepInclude(yield* BatchJob.repair(files.output, path("to.jsonl")), { rows: rows.length })
        const left = readdirSync(path(".")).filter((name) => name.startsWith("to."))
        assert.deepStrictEqual(left.toSorted(), ["to.jsonl", "to.jsonl.job.json"])
      })
    )
  )

  it.live("keeps the state of a job that was killed", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const files = yield* finished(path)
        asKilled(files.output)
        yield* BatchJob.repair(files.output, path("to.jsonl"))
        assert.strictEqual((yield* BatchJob.status(path("to.jsonl"))).state, "interrupted")
      })
    )
  )

  it.live("copies the record of a batch at the host", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const files = yield* finished(path)
        const submission = { id: "a", batchId: "batch-1" }
        const record = { version: 1, submission, model: "m", rows: 1, completionWindow: 24, isAccounted: false }
        writeFileSync(`${files.output}.host.json`, JSON.stringify({ ...record, state: "open" }))
        yield* BatchJob.repair(files.output, path("to.jsonl"))
        assert.strictEqual((yield* BatchJob.status(path("to.jsonl"))).state, "at host")
        const { hint } = yield* Effect.flip(BatchJob.run({ ...files, output: path("to.jsonl") }))
        assert.include(hint, "HostBatchJob.resume")
        assert.deepStrictEqual(
          readFileSync(path("to.jsonl.host.json"), "utf8"),
          readFileSync(`${files.output}.host.json`, "utf8")
        )
      })
    )
  )

  for (const [name, lose] of [
    ["missing", (record: string) => rmSync(record)],
    ["damaged", (record: string) => truncateSync(record, 30)]
  ] as const) {
    it.live(`keeps rows whose record is ${name}, which the line in the error of the next run replaces`, () =>
      inFolder((path) =>
        Effect.gen(function* () {
          const files = yield* finished(path, "out.jsonl.gz", rows)
          inMiddle(files.output, split(files.output, 2))
          lose(`${files.output}.job.json`)
          const to = path("to.jsonl.gz")
          const repaired = yield* BatchJob.repair(files.output, to)
          assert.deepInclude(repaired, { rows: 4, hasRecord: false })
          const { hint, message } = yield* refused(BatchJob.run({ ...files, output: to }))
          assert.include(message, `${to}.job.json`)
          writeFileSync(`${to}.job.json`, /\{"version".*\}/.exec(hint)?.[0] ?? "")
          assert.deepInclude(yield* BatchJob.run({ ...files, output: to }), { resumed: 4, answered: 5 })
          yield* attempts(rows.length + 2)
        })
      )
    )
  }
})

describe("BatchJob.repair refuses", () => {
  const cases: ReadonlyArray<readonly [name: string, prepare: (output: string, to: string) => void, message: string]> =
    [
      ["an output that does not exist", (output) => rmSync(output), "cannot be read: it does not exist"],
      [
        "an output of another application",
        (output) => {
          writeFileSync(output, "my notes\n")
          rmSync(`${output}.job.json`)
        },
        "is not the output of a batch job"
      ],
      ["an output without a whole row", (output) => truncateSync(output, 20), "has no whole row"],
      ["an output that was emptied", (output) => truncateSync(output), "has no whole row"],
      ["a folder", (output) => mkdirSync(rmSync(output) ?? output), "is a folder"],
      ["a new output that exists", (_, to) => writeFileSync(to, ""), 'to.jsonl" exists'],
      [
        "a new output with rows that are not compressed",
        (_, to) => writeFileSync(`${to}.pending`, ""),
        '.pending" exists'
      ],
      ["a new output with a record", (_, to) => writeFileSync(`${to}.job.json`, ""), '.job.json" exists'],
      ["a new output with a batch at the host", (_, to) => writeFileSync(`${to}.host.json`, ""), '.host.json" exists'],
      ["a new output that is a folder", (_, to) => mkdirSync(to), "is a folder"]
    ]
  for (const [name, prepare, message] of cases) {
    it.live(name, () =>
      inFolder((path) =>
        Effect.gen(function* () {
          const files = yield* finished(path)
          prepare(files.output, path("to.jsonl"))
          const before = existsSync(path("to.jsonl"))
          const error = yield* refused(BatchJob.repair(files.output, path("to.jsonl")))
          assert.include(error.message, message)
          assert.isNotEmpty(error.hint)
          assert.strictEqual(existsSync(path("to.jsonl")), before)
        })
      )
    )
  }

  it.live("its own output", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const { output } = yield* finished(path)
        assert.include((yield* refused(BatchJob.repair(output, output))).message, "exists")
      })
    )
  )

  it.live("a new output in a folder that does not exist", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const { output } = yield* finished(path)
        const { message } = yield* refused(BatchJob.repair(output, path("none/to.jsonl")))
        assert.include(message, "in a folder that cannot be used: it does not exist")
      })
    )
  )

  it.live("a job that runs", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const files = { input: path("in.jsonl"), output: path("out.jsonl"), concurrency: 1 }
        writeFileSync(files.input, ["a", "never"].map(lineOf).join("\n"))
        const mock = yield* MockProvider.MockProvider
        const fiber = yield* Effect.forkChild(BatchJob.run(files))
        while ((yield* mock.requests).length < 2) yield* Effect.yieldNow
        const error = yield* Effect.flip(BatchJob.repair(files.output, path("to.jsonl")))
        assert.strictEqual(error._tag, "BatchJobLockedError")
        assert.isFalse(existsSync(path("to.jsonl")))
        yield* Fiber.interrupt(fiber)
        assert.strictEqual((yield* BatchJob.repair(files.output, path("to.jsonl"))).rows, 1)
      })
    )
  )
})
