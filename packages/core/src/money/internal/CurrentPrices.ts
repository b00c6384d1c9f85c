/** The prices of a context. */
import * as Context from "effect/Context"
import { catalog, type Prices, PriceTable } from "../PriceTable.ts"

/** The prices of a context; if they are the default, those with which a service was built. */
export const of = (context: Context.Context<never>, fallback: Prices): Prices => {
  const current = Context.get(context, PriceTable)
  return current === catalog ? fallback : current
}
