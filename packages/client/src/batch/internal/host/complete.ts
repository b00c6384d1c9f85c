/** Whether the results of a batch are all there, as they are not after a download that was cut off. */
import type { Batch } from "@kimi-effect/core/Batch"
import { counted } from "@kimi-effect/core/internal/Counted"
import { InvalidResponseError } from "@kimi-effect/core/ProviderErrors"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { BatchResponse } from "../../BatchResponse.ts"
import { abandonment } from "./abandonment.ts"

/** The answers that a batch has by its own count, and that its files lack. */
const missingIn = ({ request_counts: counts }: Batch, unanswered: number): number =>
  counts !== undefined && unanswered <= counts.total ? counts.completed - (counts.total - unanswered) : 0

const fix = `Make the same call again: it reads the results once more, and sends nothing. If they stay incomplete, ${abandonment}: its next run sends the rows without a line again, which are paid twice.`

/** The failure of results that lack answers. */
export const incomplete = ({ id }: Batch, missing: number): InvalidResponseError => {
  const rows = `${counted(missing, "row")} ${missing === 1 ? "is" : "are"}`
  const message = `The results of the batch ${id} are incomplete: the answers of at least ${rows} missing`
  return new InvalidResponseError({ message, fix })
}

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
        return missing <= 0 ? Effect.void : Effect.fail(incomplete(batch, missing))
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
