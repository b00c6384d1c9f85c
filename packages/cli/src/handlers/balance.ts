/** Prints the balance of the account. */
import * as Effect from "effect/Effect"
import { withClient } from "../client.ts"
import type { Given } from "../optionFlags.ts"
import * as Output from "../output.ts"
import type { Balance } from "../schemas/balance.ts"

interface Input {
  readonly json: boolean
  readonly options: Given
}

export const run = Effect.fnUntraced(function* ({ json, options }: Input) {
  const { available_balance, cash_balance, voucher_balance } = yield* withClient(options, (kimi) => kimi.balance)
  const result: Balance = { available: available_balance, cash: cash_balance, vouchers: voucher_balance }
  yield* json
    ? Output.json(result)
    : Output.line(`${available_balance} available: ${cash_balance} cash, ${voucher_balance} in vouchers`)
})
