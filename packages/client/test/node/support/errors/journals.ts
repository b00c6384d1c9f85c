/** The errors of the journal, each from the operation that fails with it. */
import type { KimiError } from "@kimi-effect/core/KimiError"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Journal from "../../../../src/journal/Journal.ts"

const options = { key: "a/0/tool/0", digest: "d", codec: Schema.Number }

const onRun = <A, E>(use: (lease: Journal.Lease) => Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const journal = yield* Journal.Journal
    return yield* use(yield* journal.run("r", { kind: "test", digest: "1" }))
  }).pipe(Effect.scoped, Effect.provide(Journal.layerMemory()))

export const journals = {
  JournalMismatchError: onRun((lease) =>
    Effect.andThen(
      lease.call(options, Effect.succeed(1)),
      Effect.flip(lease.call({ ...options, digest: "other" }, Effect.succeed(1)))
    )
  ),
  UncertainToolResultError: onRun((lease) =>
    Effect.andThen(
      Effect.exit(lease.call(options, Effect.interrupt)),
      Effect.flip(lease.call(options, Effect.succeed(1)))
    )
  ),
  LeaseLostError: onRun((lease) => Effect.andThen(lease.release, Effect.flip(lease.call(options, Effect.succeed(1)))))
} satisfies Record<string, Effect.Effect<KimiError, unknown>>
