import { assert, describe, it } from "@effect/vitest"
import type { JobProgress } from "@kimi-effect/client/node/BatchJob"
import { progressLine } from "../../src/handlers/batchProgress.ts"

const before: JobProgress["before"] = { answered: 0, failed: 0, failedByTag: {}, cost: {} } as JobProgress["before"]

const progress: JobProgress = {
  done: 1,
  failed: 0,
  cached: 0,
  total: undefined,
  elapsed: 1_000,
  rowsPerSecond: 1,
  remaining: undefined,
  promptTokens: 1,
  completionTokens: 1,
  cost: {},
  unknownCosts: 0,
  isFinal: false,
  stopped: undefined,
  resumed: 0,
  before,
  rejected: 0,
  isEstimate: false
}

describe("the progress of a batch", () => {
  it.each([
    { total: undefined, isEstimate: false, expected: "1 row, " },
    { total: 1, isEstimate: false, expected: "1 of 1 row, " },
    { total: 1, isEstimate: true, expected: "1 of about 1 row, " },
    { total: 2, isEstimate: false, expected: "1 of 2 rows, " }
  ])("begins with $expected", ({ expected, isEstimate, total }) => {
    assert.isTrue(progressLine({ ...progress, isEstimate, total }).startsWith(expected))
  })

  it("counts the rows of earlier runs", () => {
    assert.match(progressLine({ ...progress, resumed: 2, total: undefined }), /^3 rows, /)
  })
})
