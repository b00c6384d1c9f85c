import { writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Journal from "@kimi-effect/client/journal/Journal"
import { MockProvider } from "@kimi-effect/testing"
import { Effect } from "effect"
import * as SharedBatchJob from "../../src/node/SharedBatchJob.ts"
import { inFolder, lineOf } from "./support/batch/answered.ts"
import { canMount, volume } from "./support/volumes.ts"

const rows = ["1", "2", "3"].map((content) => lineOf(content)).join("\n")

describe("a shared job that is complete", () => {
  it.live("refuses another default model", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const journal = yield* Journal.makeMemory()
        writeFileSync(path("in.jsonl"), rows)
        const run = (model: string) =>
          SharedBatchJob.run({ id: "a", input: path("in.jsonl") }).pipe(
            Effect.provideService(Journal.Journal, journal),
            Effect.provide(MockProvider.layerClient({ script: () => "ok" }, { model }))
          )
        assert.deepInclude(yield* run("kimi-k3"), { isComplete: true })
        const error = yield* Effect.flip(run("kimi-k2.6"))
        assert.deepInclude(error, { _tag: "JournalMismatchError", key: "header" })
        assert.deepInclude(yield* run("kimi-k3"), { isComplete: true })
      })
    )
  )

  it.live.skipIf(!canMount)("names an output whose disk is full", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        writeFileSync(path("in.jsonl"), rows)
        const options = { id: "a", input: path("in.jsonl") }
        yield* SharedBatchJob.run(options)
        const disk = yield* volume(64)
        disk.fill()
        const output = `${disk.path}/out.jsonl`
        const error = yield* Effect.flip(SharedBatchJob.write("a", output))
        assert.include(error.message, `with the output ${JSON.stringify(output)} cannot be used: the disk is full`)
      }).pipe(Effect.provideServiceEffect(Journal.Journal, Journal.makeMemory()))
    )
  )
})
