/** The errors of batches that the host runs. */
import type { KimiError } from "@kimi-effect/core/KimiError"
import { Effect } from "effect"
import * as HostBatch from "../../../../src/batch/HostBatch.ts"
import { endsWith, fast, rowOf, withHost } from "../../../batch/support/hostBatch.ts"

const rowError = (status: string) =>
  withHost((host) =>
    Effect.gen(function* () {
      yield* endsWith(host, { status })
      const { responses } = yield* HostBatch.run([rowOf("a")], fast)
      const [row] = responses
      return row?._tag === "Failed" ? row.error : yield* Effect.die("The row did not fail")
    })
  )

export const hostBatches = {
  InvalidBatchError: withHost(() => Effect.flip(HostBatch.run([rowOf("a"), rowOf("a")]))),
  BatchNotFoundError: withHost(() => Effect.flip(HostBatch.resume("batch-9"))),
  BatchExpiredError: rowError("expired"),
  BatchFailedError: rowError("cancelled")
} satisfies Record<string, Effect.Effect<KimiError, unknown>>
