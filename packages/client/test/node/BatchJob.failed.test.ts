import { readFileSync, writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as BatchJob from "../../src/node/BatchJob.ts"
import { inFolder, lineOf } from "./support/batch/answered.ts"

/** An output of three rows, of which the last two have failed: one with an error of another version. */
const withUnknown = <A, E>(test: (output: string) => Effect.Effect<A, E>) =>
  inFolder((path) =>
    Effect.gen(function* () {
      const files = { input: path("in.jsonl"), output: path("out.jsonl"), concurrency: 1, deduplicate: false }
      writeFileSync(files.input, ["a", "fail", "fail"].map(lineOf).join("\n"))
      yield* BatchJob.run(files)
      const lines = readFileSync(files.output, "utf8").split("\n")
      lines[2] = (lines[2] ?? "").replaceAll("ModelNotFoundError", "ModelRetiredError")
      writeFileSync(files.output, lines.join("\n"))
      yield* test(files.output)
    })
  )

describe("the failed rows of an output", () => {
  it.live("name the row with an error that this version does not know", () =>
    withUnknown((output) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(BatchJob.failedRows(output))
        assert.strictEqual(error._tag, "InvalidRequestError")
        for (const part of [JSON.stringify(output), "row 3", "ModelRetiredError"]) assert.include(error.message, part)
        assert.include(error.hint, "other tags")
      })
    )
  )

  it.live("are listed by the tags that it knows", () =>
    withUnknown((output) =>
      Effect.gen(function* () {
        const rows = yield* BatchJob.failedRows(output, ["ModelNotFoundError"])
        assert.deepStrictEqual(
          rows.map(({ error, line }) => [line, error._tag]),
          [[2, "ModelNotFoundError"]]
        )
      })
    )
  )
})
