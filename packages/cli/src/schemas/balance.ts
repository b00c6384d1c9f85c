/** The JSON of `kimi balance`. */
import * as Schema from "effect/Schema"

export const Balance = Schema.Struct({
  available: Schema.Finite.annotate({
    description: "Cash and vouchers in the currency of the host; the vouchers alone if cash is negative"
  }),
  cash: Schema.Finite.annotate({ description: "May be negative" }),
  vouchers: Schema.Finite
})

export type Balance = typeof Balance.Type
