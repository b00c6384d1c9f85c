/** The rows of a run whose input was changed meanwhile: some of them may have answers to the changed text. */
import * as Schema from "effect/Schema"
import * as lineBits from "./lineBits.ts"
import type { LineSet } from "./output/LineSet.ts"

export const ChangedRows = Schema.Struct({
  /** How many they are. */
  rows: Schema.Int,
  /** The lines of the rows that were done before the run. Absent if there were none. */
  before: Schema.optionalKey(
    Schema.String.check(Schema.makeFilter((text) => lineBits.decode(text) !== undefined || "lines of the input"))
  )
})

export type ChangedRows = typeof ChangedRows.Type

/** Undefined of a run without rows. */
export const of = (before: LineSet, rows: number): ChangedRows | undefined => {
  if (rows === 0) return undefined
  return { rows, ...(before.size === 0 ? {} : { before: lineBits.encode(before.lines) }) }
}

/** Whether a row was done before the run. */
export const isBefore = ({ before }: ChangedRows): lineBits.HasLine =>
  (before === undefined ? undefined : lineBits.decode(before)) ?? (() => false)
