import { readFileSync } from "node:fs"
import { gunzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as BatchJob from "../../src/node/BatchJob.ts"
import * as HostBatchJob from "../../src/node/HostBatchJob.ts"
import { endsWith, result } from "../batch/support/hostBatch.ts"
import { lineOf, withJob } from "./support/hostJob/job.ts"

describe("the answers of a batch by its id", () => {
  it.live("are compressed in an output whose name ends with .gz", () =>
    withJob([lineOf("a"), lineOf("b")], ({ files, server }) =>
      Effect.gen(function* () {
        yield* endsWith({ server }, { status: "completed", output: [result("b"), result("a")] })
        yield* HostBatchJob.run({ ...files, mode: "host" })
        const plain = `${files.output}.collected.jsonl`
        const compressed = `${plain}.gz`
        yield* HostBatchJob.collect("batch-000001", plain, { interval: "1 millis" })
        const counts = yield* HostBatchJob.collect("batch-000001", compressed, { interval: "1 millis" })
        assert.strictEqual(gunzipSync(readFileSync(compressed)).toString(), readFileSync(plain, "utf8"))
        assert.deepInclude(counts, { answered: 2, failed: 0 })
        assert.deepInclude(yield* BatchJob.status(compressed), { answered: 2, failed: 0 })
      })
    )
  )
})
