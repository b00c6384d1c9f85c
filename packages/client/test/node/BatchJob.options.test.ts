import { readFileSync, writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { MockProvider } from "@kimi-effect/testing"
import { Effect, Schema, type Scope, Stream } from "effect"
import type { KimiClient } from "../../src/KimiClient.ts"
import * as BatchJob from "../../src/node/BatchJob.ts"
import { attempts, inFolder, lineOf } from "./support/batch/answered.ts"

interface Files {
  readonly input: string
  readonly output: string
}

const withInput = <A, E>(
  lines: ReadonlyArray<string>,
  test: (files: Files) => Effect.Effect<A, E, KimiClient | MockProvider.MockProvider | Scope.Scope>
) =>
  inFolder((path) => {
    const files = { input: path("in.jsonl"), output: path("out.jsonl") }
    writeFileSync(files.input, lines.join("\n"))
    return test(files)
  })

describe("a BatchJob", () => {
  describe("refuses to continue with", () => {
    const prompts = { template: "Sum up {text}", system: "Be short", request: { max_completion_tokens: 10 } }
    const rows = [JSON.stringify({ text: "a", title: "b" })]
    const others: Record<
      string,
      { readonly options: Partial<BatchJob.Options>; readonly names: ReadonlyArray<string> }
    > = {
      "another template": {
        options: { prompts: { ...prompts, template: "Translate {text}" } },
        names: ["prompts.template"]
      },
      "a template that is a function": {
        options: { prompts: { ...prompts, column: "text", template: (text) => text } },
        names: ["prompts.column", "prompts.template"]
      },
      "another system message": { options: { prompts: { ...prompts, system: "Be long" } }, names: ["prompts.system"] },
      "no system message": { options: { prompts: { ...prompts, system: undefined } }, names: ["prompts.system"] },
      "other members of each request": {
        options: { prompts: { ...prompts, request: { max_completion_tokens: 20 } } },
        names: ["prompts.request"]
      },
      "another column of ids": { options: { prompts: { ...prompts, id: "title" } }, names: ["prompts.id"] },
      "a schema": { options: { prompts, schema: Schema.String }, names: ["schema"] }
    }
    for (const [name, { names, options }] of Object.entries(others)) {
      it.live(name, () =>
        withInput(rows, (files) =>
          Effect.gen(function* () {
            yield* BatchJob.run({ ...files, prompts })
            const before = readFileSync(files.output, "utf8")
            const error = yield* Effect.flip(BatchJob.run({ ...files, ...options }))
            assert.deepInclude(error, { _tag: "BatchOptionsChangedError", output: files.output, options: names })
            assert.strictEqual(readFileSync(files.output, "utf8"), before)
            yield* attempts(1)
          })
        )
      )
    }

    it.live("another default model", () =>
      withInput(["a"].map(lineOf), (files) =>
        Effect.gen(function* () {
          yield* BatchJob.run(files)
          const other = MockProvider.layerClient({ script: () => "a" }, { model: "kimi-k2.6" })
          const error = yield* Effect.flip(Effect.provide(BatchJob.run(files), other))
          assert.deepInclude(error, { _tag: "BatchOptionsChangedError", options: ["model"] })
        })
      )
    )
  })

  it.live("continues with the same options written in another order", () =>
    withInput([JSON.stringify({ text: "a" })], (files) =>
      Effect.gen(function* () {
        const prompts = { column: "text", request: { model: "kimi-k3", max_completion_tokens: 10 } }
        yield* BatchJob.run({ ...files, prompts })
        const again = { request: { max_completion_tokens: 10, model: "kimi-k3" }, column: "text" }
        assert.deepInclude(yield* BatchJob.run({ ...files, prompts: again }), { answered: 1, resumed: 1 })
      })
    )
  )

  it.live("accepts other prompts before its first result", () =>
    withInput([JSON.stringify({ text: "a" })], (files) =>
      Effect.gen(function* () {
        const first = yield* BatchJob.run({ ...files, prompts: { column: "title" } })
        assert.deepInclude(first, { answered: 0, rejected: 1 })
        assert.deepInclude(yield* BatchJob.run({ ...files, prompts: { column: "text" } }), { answered: 1 })
      })
    )
  )

  it.live("names its record when that is damaged", () =>
    withInput([lineOf("1")], ({ input, output }) =>
      Effect.gen(function* () {
        yield* BatchJob.run({ input, output })
        writeFileSync(`${output}.job.json`, '{"version":1,"inp')
        const error = yield* Effect.flip(BatchJob.run({ input, output }))
        assert.deepInclude(error, { _tag: "InvalidRequestError", parameter: "output" })
        assert.include(error.message, `The record ${JSON.stringify(`${output}.job.json`)} of the batch job is damaged`)
      })
    )
  )

  describe("refuses an option that does not exist", () => {
    it.live.each([
      ["of the job", { concurency: 64 }, "BatchJob concurency: expected a known option; did you mean concurrency?"],
      [
        "of its prompts",
        { prompts: { templat: "{text}" } as object },
        "BatchJob prompts.templat: expected a known option; did you mean template?"
      ]
    ] as const)("%s", ([, options, message]) =>
      withInput([], (files) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(BatchJob.run({ ...files, ...options }))
          assert.strictEqual(error._tag, "ConfigurationError")
          assert.include(error.message, message)
        })
      )
    )

    it.live("of the rows of an input", () =>
      withInput([], ({ input }) =>
        Effect.gen(function* () {
          const options = { input, formt: "csv" }
          const error = yield* Effect.flip(Stream.runDrain(BatchJob.rows(options)))
          assert.deepInclude(error, { _tag: "ConfigurationError" })
        })
      )
    )
  })

  it.live("refuses a misspelt tag to run again, with the one that is meant", () =>
    withInput([lineOf("a")], (files) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(BatchJob.run({ ...files, rerun: ["RateLimitErorr" as never] }))
        assert.strictEqual(error._tag, "ConfigurationError")
        assert.include(error.message, "did you mean RateLimitError?")
      })
    )
  )
})
