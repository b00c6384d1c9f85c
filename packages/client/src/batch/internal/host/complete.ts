/** Whether the results of a batch are all there, as they are not after a download that was cut off, and are those of its rows. */
import type { Batch } from "@kimi-effect/core/Batch"
import { counted } from "@kimi-effect/core/internal/Counted"
import { InvalidResponseError } from "@kimi-effect/core/ProviderErrors"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { BatchResponse } from "../../BatchResponse.ts"
import { abandon, AbandonCall } from "./AbandonCall.ts"

/** The answers that a batch has by its own count, and that its files lack. */
const missingIn = ({ request_counts: counts }: Batch, unanswered: number): number =>
  counts !== undefined && unanswered <= counts.total ? counts.completed - (counts.total - unanswered) : 0

/** What is left to do about results that stay incomplete. */
const resending = (call: string | undefined): string =>
  call === undefined
    ? "send the rows without an answer in another batch, which are paid twice"
    : `${abandon(call)}: the next run sends the rows without a line again, which are paid twice`

/** The failure of results that lack answers. */
export const incomplete = ({ id }: Batch, missing: number): Effect.Effect<never, InvalidResponseError> =>
  Effect.flatMap(AbandonCall, (call) => {
    const answers = `${counted(missing, "answer")} ${missing === 1 ? "is" : "are"}`
    const message = `The results of the batch ${id} are incomplete: at least ${answers} missing`
    const fix = `Make the same call again: it reads the results once more, and sends nothing. If they stay incomplete, ${resending(call)}.`
    return Effect.fail(new InvalidResponseError({ message, fix }))
  })

const maxIdLength = 200

/** The failure of rows that are not in the file of the batch. */
const notOfBatch = ({ id }: Batch, [first = "", ...others]: ReadonlyArray<string>): InvalidRequestError => {
  const row = `the id ${JSON.stringify(first.slice(0, maxIdLength))}`
  const message =
    others.length === 0
      ? `The batch ${id} has no row with ${row}`
      : `The batch ${id} does not have ${others.length + 1} of the rows that were given, the first of them with ${row}`
  return new InvalidRequestError({
    message,
    parameter: "rows",
    fix: "Check that the rows are those of the batch with this id. HostBatch.resume without the option rows reads them from the file at the host."
  })
}

/** The ids in the file of a batch. `undefined` if they are not known. */
export type KnownIds<E> = Effect.Effect<ReadonlySet<string> | undefined, E>

/** Fails after the last outcome if results are missing: rows whose results are not read must not be sent again, since the host has charged them. */
export const checkComplete =
  <E2>(batch: Batch, knownIds: KnownIds<E2>) =>
  <A, E, R>(
    outcomes: Stream.Stream<BatchResponse<A>, E, R>
  ): Stream.Stream<BatchResponse<A>, E | E2 | InvalidRequestError | InvalidResponseError, R> =>
    Stream.suspend(() => {
      const unanswered: Array<string> = []
      const check = Effect.gen(function* () {
        if (unanswered.length === 0) return
        const known = yield* knownIds
        const others = known === undefined ? [] : unanswered.filter((id) => !known.has(id))
        if (others.length > 0) return yield* notOfBatch(batch, others)
        const missing = missingIn(batch, unanswered.length)
        if (missing > 0) return yield* incomplete(batch, missing)
      })
      return outcomes.pipe(
        Stream.tap(({ attempts, id }) =>
          Effect.sync(() => {
            if (attempts === 0) unanswered.push(id)
          })
        ),
        Stream.concat(Stream.drain(Stream.fromEffect(check)))
      )
    })
