import { readFileSync, writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { RowOrder } from "../../../../../src/node/internal/batch/output/RowOrder.ts"
import { inFolder } from "../../../support/batch/answered.ts"

const lineOf = (line: number) => `{"id":"${line}","line":${line},"error_tag":null,"cost":null,"response":{}}\n`

/** The order of the rows after they were written in another one. */
const restored = (path: (name: string) => string, lines: ReadonlyArray<number>) =>
  Effect.sync(() => {
    const order = new RowOrder()
    for (const line of lines) order.add(line)
    writeFileSync(path("out.jsonl"), lines.map(lineOf).join(""))
    order.restore(path("out.jsonl"))
    return readFileSync(path("out.jsonl"), "utf8")
  })

const permutations = (items: ReadonlyArray<number>): ReadonlyArray<ReadonlyArray<number>> =>
  items.length < 2
    ? [items]
    : items.flatMap((item) => permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]))

describe("RowOrder", () => {
  it.live("restores the order of the input from every other one", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        for (const lines of permutations([1, 2, 5, 8, 13])) {
          assert.strictEqual(yield* restored(path, lines), [1, 2, 5, 8, 13].map(lineOf).join(""), `${lines}`)
        }
      })
    )
  )
})
