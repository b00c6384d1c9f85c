/** `kimi balance` */
import * as Command from "effect/cli/Command"
import { handler } from "../handler.ts"
import { jsonFlag, optionFlags } from "../optionFlags.ts"

export const balance = Command.make(
  "balance",
  {
    json: jsonFlag,
    options: optionFlags
  },
  handler(() => import("../handlers/balance.ts"))
).pipe(
  Command.withDescription(
    "Prints the balance of the account. The host reports no currency: it is that of the region, USD at api.moonshot.ai, CNY at api.moonshot.cn. Moonshot's hosts only."
  ),
  Command.withExamples([{ command: "kimi balance", description: "Cash and vouchers" }])
)
