import { readFileSync, writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as BatchJob from "../../src/node/BatchJob.ts"
import { inFolder, linesOf } from "./support/batch/answered.ts"

const lineOf = (id: string | undefined, content: string): string =>
  JSON.stringify({ ...(id === undefined ? {} : { id }), request: { messages: [{ role: "user", content }] } })

const idsOf = (output: string) => linesOf(readFileSync(output, "utf8")).map(({ id, line }) => [line, id])

describe("rows with the same id", () => {
  for (const [name, id] of [
    ["of ASCII", "a"],
    ["of other letters", "äĢ日"],
    ["with escapes", 'a"\\b']
  ] as const) {
    it.live(`${name} are counted`, () =>
      inFolder((path) =>
        Effect.gen(function* () {
          const files = { input: path("in.jsonl"), output: path("out.jsonl"), concurrency: 1 }
          writeFileSync(files.input, [lineOf(id, "1"), lineOf("b", "2"), lineOf(id, "3")].join("\n"))
          assert.deepInclude(yield* BatchJob.run(files), { answered: 3, duplicateIds: 1 })
          assert.deepStrictEqual(idsOf(files.output), [
            [1, id],
            [2, "b"],
            [3, id]
          ])
          assert.deepInclude(yield* BatchJob.run(files), { answered: 3, resumed: 3, duplicateIds: 1 })
        })
      )
    )

    it.live(`${name} are counted when the first of them is done`, () =>
      inFolder((path) =>
        Effect.gen(function* () {
          const files = { input: path("in.jsonl"), output: path("out.jsonl"), concurrency: 1 }
          writeFileSync(files.input, [lineOf(id, "1"), lineOf(id, "2")].join("\n"))
          yield* BatchJob.run(files)
          writeFileSync(files.output, `${readFileSync(files.output, "utf8").split("\n")[0]}\n`)
          assert.deepInclude(yield* BatchJob.run(files), { answered: 2, resumed: 1, duplicateIds: 1 })
        })
      )
    )
  }

  it.live("as the line of a row without one are counted", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const files = { input: path("in.jsonl"), output: path("out.jsonl") }
        writeFileSync(files.input, [lineOf("2", "1"), lineOf(undefined, "2")].join("\n"))
        assert.deepInclude(yield* BatchJob.run(files), { answered: 2, duplicateIds: 1 })
      })
    )
  )

  it.live("are not counted when failed rows run again", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const files = { input: path("in.jsonl"), output: path("out.jsonl") }
        writeFileSync(files.input, [lineOf("a", "fail"), lineOf("b", "2")].join("\n"))
        yield* BatchJob.run(files)
        assert.deepInclude(yield* BatchJob.run({ ...files, rerun: ["ModelNotFoundError"] }), { duplicateIds: 0 })
      })
    )
  )
})
