/** Whether the results of a batch are all there, as they are not after a download that was cut off. */
import type { Batch } from "@kimi-effect/core/Batch"
import { InvalidResponseError } from "@kimi-effect/core/ProviderErrors"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { BatchResponse } from "../../BatchResponse.ts"

/** The answers that a batch has by its own count, and that its files lack. */
const missingIn = ({ request_counts: counts }: Batch, unanswered: number): number =>
  counts !== undefined && unanswered <= counts.total ? counts.completed - (counts.total - unanswered) : 0

/** Fails after the last outcome if results are missing: rows whose results are not read must not be sent again, since the host has charged them. */
export const checkComplete =
  (batch: Batch) =>
  <A, E, R>(
    outcomes: Stream.Stream<BatchResponse<A>, E, R>
  ): Stream.Stream<BatchResponse<A>, E | InvalidResponseError, R> =>
    Stream.suspend(() => {
      let unanswered = 0
      const check = Effect.suspend(() => {
        const missing = missingIn(batch, unanswered)
        if (missing <= 0) return Effect.void
        const message = `The results of the batch ${batch.id} are incomplete: the answers of at least ${missing} rows are missing. Read them again by the id of the batch, or run its job again. A job that is abandoned sends only the rows without a line`
        return Effect.fail(new InvalidResponseError({ message }))
      })
      return outcomes.pipe(
        Stream.tap(({ attempts }) =>
          Effect.sync(() => {
            if (attempts === 0) unanswered += 1
          })
        ),
        Stream.concat(Stream.drain(Stream.fromEffect(check)))
      )
    })
