import { existsSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs"
import { gunzipSync, gzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { MockProvider } from "@kimi-effect/testing"
import { Effect, Fiber } from "effect"
import * as BatchJob from "../../src/node/BatchJob.ts"
import { asKilled, attempts, inFolder, lineOf, linesOf } from "./support/batch/answered.ts"
import { finished, flip, refused, split } from "./support/batch/damaged.ts"

const rows = ["a", "fail", "c", "d", "e", "f"]

const textOf = (output: string): string =>
  (output.endsWith(".gz") ? gunzipSync(readFileSync(output)) : readFileSync(output)).toString()

const changeLines = (output: string, change: (lines: Array<string>) => ReadonlyArray<string>): void =>
  writeFileSync(output, change(readFileSync(output, "utf8").split("\n")).join("\n"))

interface Damage {
  readonly name: string
  readonly output: "out.jsonl" | "out.jsonl.gz"
  /** Of an output of three members with two rows each, or of lines. */
  readonly damage: (output: string) => void
  /** The lines of the input that are lost. */
  readonly lost: ReadonlyArray<number>
  readonly places: number
}

const compressed = (
  name: string,
  damage: (output: string, starts: ReadonlyArray<number>) => void,
  lost: ReadonlyArray<number>,
  places: number
): Damage => ({
  name: `a compressed output with ${name}`,
  output: "out.jsonl.gz",
  damage: (output) => damage(output, split(output, 2)),
  lost,
  places
})

const plain = (name: string, damage: Damage["damage"], lost: ReadonlyArray<number>, places: number): Damage => ({
  name: `an output with ${name}`,
  output: "out.jsonl",
  damage,
  lost,
  places
})

const inMiddle = (output: string, [, start = 0, end = 0]: ReadonlyArray<number>): void =>
  flip(output, Math.round((start + end) / 2))

const damages: ReadonlyArray<Damage> = [
  compressed("a flipped byte in the middle", inMiddle, [3, 4], 1),
  compressed("a flipped byte in the start of a member", (output, [, start = 0]) => flip(output, start + 1), [], 0),
  compressed("a flipped byte in the length of a member", (output, [, start = 0]) => flip(output, start + 18), [], 0),
  compressed("a flipped byte in the first member", (output) => flip(output, 40), [1, 2], 1),
  compressed("a flipped byte at the end", (output, starts) => flip(output, (starts.at(-1) ?? 0) - 6), [5, 6], 1),
  compressed("a cut end", (output, starts) => truncateSync(output, (starts.at(-1) ?? 0) - 30), [5, 6], 1),
  compressed(
    "an end without its last bytes",
    (output, starts) => truncateSync(output, (starts.at(-1) ?? 0) - 5),
    [],
    1
  ),
  compressed(
    "two damaged members",
    (output, starts) => {
      inMiddle(output, starts)
      inMiddle(output, [0, ...starts])
    },
    [1, 2, 3, 4],
    2
  ),
  compressed(
    "lines that are not compressed yet",
    (output, starts) => {
      const lines = textOf(output).split("\n").slice(4).join("\n")
      truncateSync(output, starts[2])
      writeFileSync(`${output}.pending`, lines)
      inMiddle(output, starts)
    },
    [3, 4],
    1
  ),
  compressed(
    "a torn line that is not compressed yet",
    (output, starts) => {
      const lines = textOf(output).split("\n").slice(4).join("\n")
      truncateSync(output, starts[2])
      writeFileSync(`${output}.pending`, lines.slice(0, -10))
    },
    [6],
    1
  ),
  compressed(
    "lines that another program has compressed",
    (output) => writeFileSync(output, gzipSync(textOf(output))),
    [],
    0
  ),
  compressed(
    "an end that was cut, of lines that another program has compressed",
    (output) => {
      writeFileSync(output, gzipSync(textOf(output), { level: 0 }))
      truncateSync(output, statSync(output).size - 20)
    },
    [6],
    1
  ),
  compressed("nothing damaged", () => {}, [], 0),
  plain(
    "a torn line",
    (output) => changeLines(output, ([a, b = "", ...c]) => [a ?? "", b.slice(0, -20), ...c]),
    [2],
    1
  ),
  plain(
    "a line that was cut with its line end",
    (output) => changeLines(output, ([a, b = "", c, ...d]) => [a ?? "", b.slice(0, -20) + (c ?? ""), ...d]),
    [2],
    1
  ),
  plain("lines that are joined", (output) => changeLines(output, ([a = "", b = "", ...c]) => [a + b, ...c]), [], 0),
  plain(
    "other bytes in place of a line end",
    (output) => changeLines(output, ([a = "", b = "", ...c]) => [`${a}{ "x${b}`, ...c]),
    [],
    1
  ),
  plain("other line ends", (output) => writeFileSync(output, textOf(output).replaceAll("\n", "\r")), [], 1),
  plain("a cut end", (output) => truncateSync(output, statSync(output).size - 5), [6], 1),
  plain("a cut line end", (output) => truncateSync(output, statSync(output).size - 1), [], 0),
  plain("a hole", (output) => changeLines(output, ([a = "", ...b]) => ["\0".repeat(a.length), ...b]), [1], 1),
  plain("a row twice", (output) => changeLines(output, ([a = "", ...b]) => [a, a, ...b]), [], 0),
  plain("nothing damaged", () => {}, [], 0)
]

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
