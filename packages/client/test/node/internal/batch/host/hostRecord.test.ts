import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as hostRecord from "../../../../../src/node/internal/batch/host/hostRecord.ts"

/** Why the rows of a job cannot run in this program. */
const refusal = (status: string | undefined) =>
  Effect.scoped(
    Effect.gen(function* () {
      const folder = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "kimi-record-"))),
        (path) => Effect.sync(() => rmSync(path, { recursive: true }))
      )
      const output = join(folder, "out.jsonl")
      yield* hostRecord.write(output, {
        version: 1,
        submission: { id: "submission-1", batchId: "batch-1" },
        model: "kimi-k2.6",
        rows: 1,
        completionWindow: 24,
        isAccounted: false,
        state: "open",
        ...(status === undefined ? {} : { status })
      })
      return yield* Effect.flip(hostRecord.refuseWhileAtHost(output))
    })
  )

describe("the refusal of a job whose batch is at the host", () => {
  it.live.each(["completed", "expired", "failed", "cancelled"])("asks to collect a batch that is %s", (status) =>
    Effect.map(refusal(status), ({ hint, message }) => {
      assert.include(message, `The batch batch-1 of this job is ${status} at the host`)
      assert.include(hint, "HostBatchJob.resume(")
      assert.notInclude(hint, "cancel")
    })
  )

  it.live.each([undefined, "validating", "in_progress"])("offers to cancel a batch that is %s", (status) =>
    Effect.map(refusal(status), ({ hint, message }) => {
      assert.include(message, "A batch of this job is at the host, batch-1: its rows would be paid twice")
      assert.include(hint, "HostBatchJob.cancel(")
    })
  )
})
