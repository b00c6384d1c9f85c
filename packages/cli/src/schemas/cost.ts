/** The JSON of `kimi cost`. */
import * as Schema from "effect/Schema"

const Amount = Schema.Struct({
  currency: Schema.Literals(["USD", "CNY"]),
  likely: Schema.String.annotate({ description: "Decimal, exact" }),
  worst: Schema.String.annotate({
    description: "Decimal, exact: every row is requested, and every response as long as its request allows"
  })
})

export const CostEstimate = Schema.Struct({
  requests: Schema.Finite.annotate({ description: "Rows that are requested, without those that are repeated" }),
  repeated: Schema.Finite.annotate({
    description:
      "Rows that are equal to one of the latest 1,000, which kimi batch run does not request again if it still has the answer; in the worst amounts only. Zero with --batch, since the host runs all rows, and with --text"
  }),
  invalid: Schema.Finite.annotate({ description: "Rows that would fail before they are sent; not in the amounts" }),
  rejected: Schema.Finite.annotate({ description: "Lines that are no rows; not in the amounts" }),
  promptTokens: Schema.Finite,
  outputTokens: Schema.Struct({ likely: Schema.Finite, worst: Schema.Finite }),
  amounts: Schema.Array(Amount).annotate({ description: "One for each currency" }),
  unpriced: Schema.Array(Schema.String).annotate({ description: "Models without a known price; not in the amounts" }),
  withoutBatches: Schema.Array(Schema.String).annotate({
    description: "With --batch, the models of which the host runs no batches; their rows are among the invalid ones"
  })
})

export type CostEstimate = typeof CostEstimate.Type
