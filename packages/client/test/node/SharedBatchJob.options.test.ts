import { writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Journal from "@kimi-effect/client/journal/Journal"
import { MockProvider } from "@kimi-effect/testing"
import { Effect, Schema } from "effect"
import type { Prompts } from "../../src/node/BatchJob.ts"
import * as SharedBatchJob from "../../src/node/SharedBatchJob.ts"
import { attempts, inFolder } from "./support/batch/answered.ts"

type Others = Partial<SharedBatchJob.Options<unknown>>

const prompts: Prompts = {
  template: "{text}",
  id: "id",
  request: { max_completion_tokens: 10, temperature: 1, response_format: { type: "json_object" } }
}

const reordered = <A extends object>(value: A): A => Object.fromEntries(Object.entries(value).toReversed()) as A

/** Runs a job of two rows, and then again with other options. */
const again = (first: Others, second: Others) =>
  inFolder((path) =>
    Effect.gen(function* () {
      writeFileSync(path("in.csv"), "id,text\n1,2\n2,3\n")
      const options = { id: "a", input: path("in.csv"), prompts }
      yield* SharedBatchJob.run({ ...options, ...first })
      const result = yield* Effect.result(SharedBatchJob.run({ ...options, ...second }))
      yield* attempts(2)
      return result
    }).pipe(Effect.provideServiceEffect(Journal.Journal, Journal.makeMemory()))
  )

const number = { schema: Schema.Int }

describe("a shared job", () => {
  it.live.each<readonly [string, Others, Others]>([
    ["another schema", number, { schema: Schema.Literals([2, 3]) }],
    ["a schema", {}, number],
    ["no schema", number, { schema: undefined }],
    ["another column of ids", {}, { prompts: { ...prompts, id: "text" } }]
  ])("refuses %s under its id", ([, first, second]) =>
    Effect.gen(function* () {
      const result = yield* again(first, second)
      assert.deepInclude(result, { _tag: "Failure" })
      assert.deepInclude(result._tag === "Failure" && result.failure, { _tag: "JournalMismatchError", key: "header" })
    })
  )

  it.live("is joined with the same schema, which is another object", () =>
    Effect.map(
      again({ schema: Schema.Struct({ n: Schema.Int }) }, { schema: Schema.Struct({ n: Schema.Int }) }),
      (result) => assert.strictEqual(result._tag, "Success")
    )
  )

  it.live("is joined with the same prompts in another order", () =>
    Effect.gen(function* () {
      const other = reordered({ ...prompts, request: reordered(prompts.request ?? {}) })
      const result = yield* again({}, { prompts: other })
      assert.deepInclude(result._tag === "Success" && result.success, { done: 2, isComplete: true })
    })
  )

  it.live("continues the rows of a process whose prompts have another order", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        writeFileSync(path("in.csv"), "id,text\n1,2\n2,fail\n")
        const journal = yield* Journal.makeMemory()
        const options = { id: "a", input: path("in.csv"), output: path("out.jsonl"), concurrency: 1 }
        const run = (given: Prompts, stop?: SharedBatchJob.Options["stop"]) =>
          SharedBatchJob.run({ ...options, prompts: given, ...(stop === undefined ? {} : { stop }) }).pipe(
            Effect.provideService(Journal.Journal, journal)
          )
        // The second row has no result, so that the range is not completed.
        assert.deepInclude(yield* run(prompts, { errorTags: ["ModelNotFoundError"] }), { done: 1, isComplete: false })
        const other = reordered({ ...prompts, request: reordered(prompts.request ?? {}) })
        assert.deepInclude((yield* run(other)).written, { answered: 1, failed: 1 })
        const mock = yield* MockProvider.MockProvider
        assert.lengthOf(yield* mock.requests, 3)
      })
    )
  )

  it.live("refuses an option that does not exist", () =>
    Effect.gen(function* () {
      const options = { id: "a", input: "in.csv", concurency: 64 }
      const error = yield* Effect.flip(SharedBatchJob.run(options))
      assert.strictEqual(error._tag, "ConfigurationError")
      assert.include(error.message, "SharedBatchJob concurency")
      assert.include(error.message, "did you mean concurrency?")
    }).pipe(
      Effect.provideServiceEffect(Journal.Journal, Journal.makeMemory()),
      Effect.provide(MockProvider.layerClient({ script: () => "ok" })),
      Effect.scoped
    )
  )
})
