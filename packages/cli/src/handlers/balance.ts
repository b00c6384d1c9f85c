/** Prints the balance of the account. */
import * as Provider from "@kimi-effect/client/Provider"
import * as Effect from "effect/Effect"
import * as AccountCurrency from "../accountCurrency.ts"
import { withClient } from "../client.ts"
import * as configuration from "../configuration.ts"
import type { Given } from "../optionFlags.ts"
import * as Output from "../output.ts"
import type { Balance } from "../schemas/balance.ts"

interface Input {
  readonly json: boolean
  readonly options: Given
}

export const run = Effect.fnUntraced(function* ({ json, options }: Input) {
  const { available_balance, cash_balance, voucher_balance } = yield* withClient(options, (kimi) => kimi.balance)
  const provider = Provider.fromConfig((yield* configuration.loadWithoutKey(options)).settings.config)
  const currency = AccountCurrency.currencyOf(provider)
  const result: Balance = {
    available: available_balance,
    cash: cash_balance,
    vouchers: voucher_balance,
    ...(currency === undefined ? {} : { currency })
  }
  const available = AccountCurrency.amountOf(available_balance, provider)
  yield* json
    ? Output.json(result)
    : Output.line(`${available} available: ${cash_balance} cash, ${voucher_balance} in vouchers`)
})
