import { readFileSync, writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as BatchJob from "../../src/node/BatchJob.ts"
import { asKilled, attempts, inFolder, linesOf } from "./support/batch/answered.ts"
import { finished } from "./support/batch/damaged.ts"

const spaced = (text: string) =>
  text.replaceAll(/^.+$/gm, (line) => JSON.stringify(JSON.parse(line), null, 1).replaceAll(/\n */g, " "))

const edits: ReadonlyArray<readonly [name: string, edit: (text: string) => string]> = [
  ["without its last line end", (text) => text.slice(0, -1)],
  ["with blank lines", (text) => `\n${text.replaceAll("\n", "\n\r\n\n")}`],
  ["with the line ends of another system", (text) => text.replaceAll("\n", "\r\n")],
  ["with a byte order mark", (text) => `\uFEFF${text}`],
  ["with spaces in its lines", spaced],
  ["with lines of spaces", (text) => `\t \n${text}  `],
  ["joined from copies with byte order marks", (text) => text.replaceAll(/^(?=.)/gm, "\uFEFF")],
  ["with a byte order mark on the last line without its end", (text) => text.replace(/\n(.+)\n$/, "\n\uFEFF$1")],
  ["in another order", (text) => `${text.slice(0, -1).split("\n").toReversed().join("\n")}\n`],
  ["put together twice", (text) => text + text]
]

describe("an output that was edited by hand", () => {
  for (const [name, edit] of edits) {
    for (const state of ["finished", "killed"] as const) {
      it.live(`has its rows, ${name}, of a job that was ${state}`, () =>
        inFolder((path) =>
          Effect.gen(function* () {
            const files = yield* finished(path)
            writeFileSync(files.output, edit(readFileSync(files.output, "utf8")))
            if (state === "killed") asKilled(files.output)
            const counts = { answered: 2, failed: 1, failedByTag: { ModelNotFoundError: 1 } }
            assert.deepInclude(yield* BatchJob.status(files.output), counts)
            assert.lengthOf(yield* BatchJob.failedRows(files.output), 1)
            assert.deepInclude(yield* BatchJob.run(files), { ...counts, resumed: 3, duplicateIds: 0 })
            yield* attempts(3)
            // A row that is run again has one line.
            yield* BatchJob.run({ ...files, rerun: ["ModelNotFoundError"] })
            yield* attempts(4)
            assert.deepInclude(yield* BatchJob.status(files.output), { ...counts, state: "finished" })
          })
        )
      )
    }
  }

  it.live("lists a failed row after a byte order mark", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const files = yield* finished(path, "out.jsonl", ["fail", "b"])
        writeFileSync(files.output, `\uFEFF${readFileSync(files.output, "utf8")}`)
        const [row] = yield* BatchJob.failedRows(files.output)
        assert.deepInclude(row, { line: 1, attempts: 1 })
      })
    )
  )

  it.live("takes further rows after a last line without its line end", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const files = yield* finished(path)
        const [first = ""] = readFileSync(files.output, "utf8").split("\n")
        writeFileSync(files.output, first)
        asKilled(files.output)
        assert.deepInclude(yield* BatchJob.run(files), { answered: 2, failed: 1, resumed: 1 })
        assert.deepStrictEqual(
          linesOf(readFileSync(files.output, "utf8")).map(({ line }) => line),
          [1, 2, 3]
        )
      })
    )
  )
})
