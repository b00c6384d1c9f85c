import { mkdirSync, readdirSync, readFileSync, rmSync, rmdirSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
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

  const changes = [
    {
      name: "whose folder was removed",
      change: (output: string) => rmSync(dirname(output), { recursive: true }),
      undo: (output: string) => mkdirSync(dirname(output))
    },
    {
      name: "that has become a folder",
      change: (output: string) => mkdirSync(output),
      undo: (output: string) => rmdirSync(output)
    },
    {
      name: "whose reject file has become a folder",
      change: (output: string) => mkdirSync(`${output}.rejects.jsonl`),
      undo: (output: string) => rmdirSync(`${output}.rejects.jsonl`)
    }
  ]

  for (const moment of ["while its rows ran", "while it was written"]) {
    it.live.each(changes)(`writes an output $name ${moment} when it runs again`, ({ change, undo }) =>
      inFolder((path) =>
        Effect.gen(function* () {
          writeFileSync(path("in.jsonl"), rows)
          mkdirSync(path("answers"))
          const output = path("answers/out.jsonl")
          let isChanged = false
          const changeOnce = (now: string) =>
            Effect.sync(() => {
              if (now !== moment || isChanged) return
              isChanged = true
              change(output)
            })
          const journal = yield* Journal.makeMemory()
          const results: typeof journal.results = (...args) =>
            Effect.tap(journal.results(...args), changeOnce("while it was written"))
          const onProgress = ({ done }: { readonly done: number }) =>
            done === 3 ? changeOnce("while its rows ran") : Effect.void
          const run = SharedBatchJob.run({ id: "a", input: path("in.jsonl"), output, onProgress }).pipe(
            Effect.provideService(Journal.Journal, { ...journal, results })
          )
          const error = yield* Effect.flip(run)
          assert.include(["InvalidRequestError", "JournalStoreError"], error._tag)
          assert.include(error.message, output)
          undo(output)
          assert.deepInclude((yield* run).written, { answered: 3, failed: 0 })
          assert.lengthOf(readFileSync(output, "utf8").trim().split("\n"), 3)
          assert.lengthOf(readdirSync(path("answers")), 2)
          const mock = yield* MockProvider.MockProvider
          assert.lengthOf(yield* mock.requests, 3)
        })
      )
    )
  }
})
