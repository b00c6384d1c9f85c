import { assert, describe, it } from "@effect/vitest"
import { IdSet } from "../../../../../src/node/internal/batch/output/IdSet.ts"

describe("IdSet", () => {
  it("counts ids that it has", () => {
    const ids = new IdSet()
    const added = ["a", "b", "a", "", "", "1"].map((id) => ids.add(id))
    assert.deepStrictEqual(added, [true, true, false, true, false, true])
    assert.strictEqual(ids.duplicates, 2)
  })

  it("keeps ids when it grows", () => {
    const ids = new IdSet()
    for (let count = 0; count < 100_000; count += 1) ids.add(`row ${count}`)
    assert.strictEqual(ids.duplicates, 0)
    for (let count = 0; count < 100_000; count += 1) ids.add(`row ${count}`)
    assert.strictEqual(ids.duplicates, 100_000)
  })

  it("compares ids beyond those that it keeps with these", () => {
    const ids = new IdSet()
    for (let count = 0; count < 200_000; count += 1) ids.add(`row ${count}`)
    for (let count = 0; count < 200_000; count += 1) ids.add(`row ${count}`)
    assert.strictEqual(ids.duplicates, 128 * 1024)
  })
})
