/** The tags of the errors with which rows of a batch fail. */
import * as ErrorFacts from "@kimi-effect/core/ErrorFacts"
import { wordFlag } from "./wordFlags.ts"

/** Errors of rows that are none of a call. */
const ofBatches: ReadonlySet<string> = new Set(["StructuredOutputError", "BatchExpiredError", "BatchFailedError"])

/** Rows are plain calls, which end with no error of a stream. */
const rowTags: ReadonlyArray<string> = Object.entries(ErrorFacts.table).flatMap(([tag, { operations }]) =>
  operations === "all" || operations === "model" || ofBatches.has(tag) ? [tag] : []
)

/** A flag whose value is such a tag. */
export const tagFlag = (name: string) => wordFlag(name, rowTags)
