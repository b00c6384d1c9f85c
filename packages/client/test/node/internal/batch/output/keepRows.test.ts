import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from "node:fs"
import { basename } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { keepRows } from "../../../../../src/node/internal/batch/output/keepRows.ts"
import { inFolder, linesOf } from "../../../support/batch/answered.ts"
import { finished } from "../../../support/batch/damaged.ts"

describe("keepRows", () => {
  it.live("replaces the file behind a link, with the permissions that it has", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const { output } = yield* finished(path)
        chmodSync(output, 0o640)
        mkdirSync(path("links"))
        symlinkSync(output, path("links/out.jsonl"))
        keepRows(path("links/out.jsonl"), ({ line }) => line !== 2)
        assert.deepStrictEqual(readdirSync(path("links")), ["out.jsonl"])
        assert.deepStrictEqual(
          linesOf(readFileSync(output, "utf8")).map(({ line }) => line),
          [1, 3]
        )
        assert.strictEqual(statSync(output).mode & 0o777, 0o640)
      })
    )
  )

  it.live("leaves the file when a row cannot be read", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const { output } = yield* finished(path)
        const before = readFileSync(output, "utf8")
        assert.throws(() =>
          keepRows(output, () => {
            throw new Error("unreadable")
          })
        )
        assert.strictEqual(readFileSync(output, "utf8"), before)
        assert.deepStrictEqual(
          readdirSync(path(".")).filter((name) => name.startsWith(basename(output)) && name.endsWith(".tmp")),
          []
        )
      })
    )
  )
})
