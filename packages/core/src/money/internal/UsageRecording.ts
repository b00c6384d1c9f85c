/**
 * Where the usage of an attempt is recorded: in the accounting of its client,
 * and in those that its caller has added.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { listener } from "../../internal/Listener.ts"
import type { AttemptUsage } from "../Accounting.ts"
import type { Accounting } from "./AccountingService.ts"
import * as DirectAccounting from "./DirectAccounting.ts"
import { RecordedAttempts } from "./RecordedAttempts.ts"

type AccountingService = Accounting["Service"]

/**
 * Records to which this fiber's calls are added, in addition to those of the
 * client.
 *
 * @category references
 * @since 0.1.0
 */
export const AdditionalRecorders: Context.Reference<ReadonlyArray<AccountingService>> = Context.Reference<
  ReadonlyArray<AccountingService>
>("@kimi-effect/core/money/Accounting/AdditionalRecorders", { defaultValue: () => [] })

/**
 * Counts an attempt that was sent, and that the host does not bill, where it is counted.
 *
 * @category combinators
 * @since 0.1.0
 */
export const countUnbilled = (context: Context.Context<never>): void => {
  for (const recorder of Context.get(context, AdditionalRecorders)) {
    if (recorder instanceof RecordedAttempts) recorder.countUnbilled()
  }
}

const recordAt = (
  recorder: AccountingService,
  attempt: AttemptUsage,
  context: Context.Context<never>
): Effect.Effect<void> | undefined => {
  if (recorder instanceof RecordedAttempts) {
    recorder.add(attempt)
    return undefined
  }
  const recordNow = DirectAccounting.recordOf(recorder)
  if (recordNow === undefined) return listener((one: AttemptUsage) => recorder.record(one))(attempt)
  recordNow(attempt, context)
  return undefined
}

/**
 * Records the usage of an attempt at once, and returns the effect that records it
 * where that needs one.
 *
 * @category combinators
 * @since 0.1.0
 */
export const record = (
  accounting: AccountingService,
  attempt: AttemptUsage,
  context: Context.Context<never>
): Effect.Effect<void> | undefined => {
  const additional = Context.get(context, AdditionalRecorders)
  const first = recordAt(accounting, attempt, context)
  if (additional.length === 0) return first
  const effects = first === undefined ? [] : [first]
  for (const recorder of additional) {
    const effect = recordAt(recorder, attempt, context)
    if (effect !== undefined) effects.push(effect)
  }
  return effects.length === 0 ? undefined : Effect.all(effects, { discard: true })
}
