import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Batch from "../../src/batch/Batch.ts"
import type { BatchProgress } from "../../src/batch/BatchProgress.ts"
import { ask, passing, withHost } from "../support/batch.ts"

describe("the progress of a Batch", () => {
  it.effect("has no time that remains after a batch was stopped", () =>
    withHost(
      Effect.gen(function* () {
        const reports: Array<BatchProgress> = []
        // The row of five seconds is in flight when the batch is stopped.
        yield* passing(
          Batch.run(["1", "5", "broke", "4"].map(ask), {
            concurrency: 2,
            progressInterval: "2 seconds",
            onProgress: (progress) => Effect.sync(() => reports.push(progress))
          })
        )
        assert.deepStrictEqual(
          reports.map(({ done, isFinal, remaining, stopped }) => [done, remaining, stopped?._tag, isFinal]),
          [
            [2, undefined, "Error", false],
            [2, undefined, "Error", false],
            [3, undefined, "Error", true]
          ]
        )
      })
    )
  )
})
