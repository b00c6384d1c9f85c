import { appendFileSync, readFileSync, writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as HostBatchJob from "../../src/node/HostBatchJob.ts"
import { lineOf, uploads, withJob } from "./support/hostJob/job.ts"

describe("a job at the host whose input was changed while it was read", () => {
  it.live("sends nothing", () =>
    withJob([lineOf("a")], ({ files, server }) =>
      Effect.gen(function* () {
        const text = readFileSync(files.input, "utf8")
        const onEvent = ({ _tag }: { readonly _tag: string }) =>
          Effect.sync(() => {
            if (_tag === "Checked") appendFileSync(files.input, `\n${lineOf("b")}`)
          })
        const error = yield* Effect.flip(HostBatchJob.run({ ...files, mode: "host", onEvent }))
        assert.deepInclude(error, { _tag: "BatchInputChangedError", input: files.input })
        assert.strictEqual(error.hint, "Nothing was sent: run the job again with the input that it is to have.")
        assert.lengthOf(yield* uploads(server), 0)
        writeFileSync(files.input, text)
        assert.deepInclude(yield* HostBatchJob.run({ ...files, mode: "host" }), { answered: 1 })
      })
    )
  )
})
