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
