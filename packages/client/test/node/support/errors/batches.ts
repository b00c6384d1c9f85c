/** The errors of batches and their jobs, each from the operation that fails with it. */
import { appendFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { KimiError } from "@kimi-effect/core/KimiError"
import { MockProvider } from "@kimi-effect/testing"
import { Effect } from "effect"
import * as BatchJob from "../../../../src/node/BatchJob.ts"
import * as Journal from "../../../../src/node/Journal.ts"
import { folder } from "../files.ts"

const request = { messages: [{ role: "user" as const, content: "Hi" }] }

const withHost = <A, E, R>(program: Effect.Effect<A, E, R>) =>
  program.pipe(Effect.provide(MockProvider.layerClient({ script: () => "Hello" })))

const withFiles = <A, E, R>(
  test: (files: { readonly input: string; readonly output: string }) => Effect.Effect<A, E, R>
) =>
  Effect.gen(function* () {
    const path = yield* folder
    const files = { input: join(path, "in.jsonl"), output: join(path, "out.jsonl") }
    writeFileSync(files.input, JSON.stringify({ request }))
    return yield* test(files)
  }).pipe(Effect.scoped, withHost)

export const batches = {
  JournalStoreError: withFiles(({ input }) => Effect.flip(Effect.scoped(Journal.makeSqlite({ filename: input })))),
  InvalidBatchRowError: withFiles(({ input, output }) =>
    Effect.gen(function* () {
      writeFileSync(input, "{")
      let rejected: KimiError | undefined
      yield* BatchJob.run({ input, output, onReject: (error) => Effect.sync(() => (rejected = error)) })
      return rejected ?? (yield* Effect.die("The row was not rejected"))
    })
  ),
  BatchInputChangedError: withFiles((files) =>
    Effect.gen(function* () {
      yield* BatchJob.run(files)
      appendFileSync(files.input, "\n")
      return yield* Effect.flip(BatchJob.run(files))
    })
  ),
  BatchOptionsChangedError: withFiles((files) =>
    Effect.gen(function* () {
      yield* BatchJob.run(files)
      return yield* Effect.flip(BatchJob.run({ ...files, prompts: { column: "text" } }))
    })
  ),
  BatchJobLockedError: withFiles((files) =>
    Effect.gen(function* () {
      let inner: Effect.Success<typeof second> | undefined
      const second = Effect.flip(BatchJob.run(files))
      yield* BatchJob.run({
        ...files,
        onProgress: () => Effect.ignore(Effect.tap(second, (error) => Effect.sync(() => (inner = error))))
      })
      return inner ?? (yield* Effect.die("The second run was not refused"))
    })
  )
} satisfies Record<string, Effect.Effect<KimiError, unknown>>
