/**
 * Accountings that record at once. The effects of a record would take longer
 * than the record itself, which every attempt makes.
 *
 * @since 0.1.0
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { AttemptUsage } from "../Accounting.ts"
import type { Accounting } from "./AccountingService.ts"

type AccountingService = Accounting["Service"]

/**
 * Records the usage of an attempt with the services of a context.
 *
 * @category models
 * @since 0.1.0
 */
export type DirectRecord = (attempt: AttemptUsage, context: Context.Context<never>) => void

/** By the effect that does the same, so that another `record` in its place is not passed over. */
const records = new WeakMap<AccountingService["record"], DirectRecord>()

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (record: DirectRecord, entries: AccountingService["entries"]): AccountingService => {
  const accounting: AccountingService = {
    record: (attempt) =>
      Effect.withFiber(({ context }) => {
        record(attempt, context)
        return Effect.void
      }),
    entries
  }
  records.set(accounting.record, record)
  return accounting
}

/**
 * How an accounting records at once; `undefined` if it needs an effect.
 *
 * @category getters
 * @since 0.1.0
 */
export const recordOf = (accounting: AccountingService): DirectRecord | undefined => records.get(accounting.record)
