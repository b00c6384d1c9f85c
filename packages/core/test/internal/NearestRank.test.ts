import { assert, describe, it } from "@effect/vitest"
import * as NearestRank from "../../src/internal/NearestRank.ts"

const hundred = Array.from({ length: 100 }, (_, i) => i + 1)

describe("NearestRank", () => {
  it("is the value below which the fraction lies, for every fraction of a hundred", () => {
    assert.deepStrictEqual(
      hundred.map((percent) => NearestRank.percentile(hundred, percent / 100)),
      hundred
    )
  })

  it("ranges from the least value to the largest", () => {
    assert.deepStrictEqual(
      [0, 0.001, 0.34, 0.67, 1].map((part) => NearestRank.percentile([3, 5, 9], part)),
      [3, 3, 5, 9, 9]
    )
  })

  it("is undefined without values", () => {
    assert.isUndefined(NearestRank.percentile([], 0.5))
  })
})
