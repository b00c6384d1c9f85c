/** The JSON of `kimi balance`. */
import * as Schema from "effect/Schema"

export const Balance = Schema.Struct({
  available: Schema.Finite.annotate({
    description: "Cash and vouchers together; the vouchers alone if cash is negative"
  }),
  cash: Schema.Finite.annotate({ description: "May be negative" }),
  vouchers: Schema.Finite,
  currency: Schema.optionalKey(Schema.Literals(["USD", "CNY"])).annotate({
    description:
      "That of the region of the account, since the host reports none: USD at api.moonshot.ai, CNY at api.moonshot.cn; absent if it is not known"
  })
})

export type Balance = typeof Balance.Type
