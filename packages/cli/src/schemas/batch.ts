/** The JSON of `kimi batch`. */
import * as Schema from "effect/Schema"

const counts = {
  answered: Schema.Finite,
  failed: Schema.Finite,
  failedByTag: Schema.Record(Schema.String, Schema.Finite).annotate({
    description: "Failed rows by the tags of their errors"
  }),
  cost: Schema.Struct({
    USD: Schema.optionalKey(Schema.Finite),
    CNY: Schema.optionalKey(Schema.Finite)
  }).annotate({ description: "Approximate, by currency" })
}

export const BatchStatus = Schema.Struct(counts)

export type BatchStatus = typeof BatchStatus.Type

export const BatchRun = Schema.Struct({
  ...counts,
  rejected: Schema.Finite.annotate({ description: "Lines of the input that are no rows" }),
  resumed: Schema.Finite.annotate({ description: "Rows that were done before this run" }),
  stopped: Schema.NullOr(Schema.Literals(["ErrorRate", "Cost", "Deadline", "Error"])).annotate({
    description: "Why the batch ended before its last row"
  })
})

export type BatchRun = typeof BatchRun.Type

export const BatchFailed = Schema.Array(
  Schema.Struct({
    id: Schema.String,
    line: Schema.Finite.annotate({ description: "The line of the input" }),
    attempts: Schema.Finite.annotate({ description: "Requests to the host" }),
    tag: Schema.String.annotate({ description: "The tag of its error, for --rerun" }),
    message: Schema.String,
    hint: Schema.String
  })
)

export type BatchFailed = typeof BatchFailed.Type

export const BatchShared = Schema.Struct({
  done: Schema.Finite.annotate({ description: "Rows with a result, and lines that are no rows" }),
  lines: Schema.Finite.annotate({ description: "Lines of the input" }),
  ranges: Schema.Struct({ waiting: Schema.Finite, leased: Schema.Finite, completed: Schema.Finite }).annotate({
    description: "Ranges of rows by their state"
  }),
  isComplete: Schema.Boolean,
  isCancelled: Schema.Boolean,
  written: Schema.NullOr(Schema.Struct({ ...counts, rejected: Schema.Finite })).annotate({
    description: "What the output has, when it was written"
  })
})

export type BatchShared = typeof BatchShared.Type
