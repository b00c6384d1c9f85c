/** What programs without types pass. */
import { existsSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as HostBatchJob from "../../src/node/HostBatchJob.ts"
import { lineOf, withJob } from "./support/hostJob/job.ts"

const refused: ReadonlyArray<readonly [what: string, options: object, issue: string]> = [
  ["a misspelt window", { mode: "host", completionwindow: "7 days" }, "completionwindow"],
  ["a misspelt option of a job in this program", { mode: "local", concurency: 2 }, "concurency"],
  ["metadata that is no text", { mode: "host", metadata: { a: 1 } }, "metadata"],
  ["a misspelt tag to run again", { mode: "host", rerun: ["RateLimitErorr"] }, "rerun"],
  ["a misspelt tag that stops it", { mode: "host", stop: { errorTags: ["RateLimitErorr"] } }, "stop.errorTags"],
  ["a misspelt deadline", { mode: "host", stop: { deadlin: "2 days" } }, "stop.deadlin"]
]

describe("HostBatchJob without types", () => {
  for (const [what, options, issue] of refused) {
    it.live(`refuses ${what}`, () =>
      withJob([lineOf("a")], ({ files }) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(HostBatchJob.run({ ...files, ...options }))
          assert.strictEqual(error._tag, "ConfigurationError")
          assert.include(error.message, `HostBatchJob ${issue}: expected`)
          assert.isFalse(existsSync(files.output))
        })
      )
    )
  }

  it.live("refuses a misspelt option of a collection by id", () =>
    withJob([lineOf("a")], ({ files }) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(HostBatchJob.collect("b", files.output, { deletefiles: true } as never))
        assert.strictEqual(error._tag, "ConfigurationError")
        assert.include(error.message, "HostBatchJob deletefiles: expected")
      })
    )
  )

  it.live("takes every option in this program", () =>
    withJob([lineOf("a")], ({ files }) =>
      Effect.gen(function* () {
        const options = { mode: "local", deleteFiles: true, metadata: {}, completionWindow: "24 hours" } as const
        const onEvent = () => Effect.void
        const result = yield* HostBatchJob.run({
          ...files,
          ...options,
          onEvent,
          maxInterval: "1 hour",
          timeout: "1 day"
        })
        assert.deepInclude(result, { mode: "local", answered: 1 })
      })
    )
  )
})
