/** What the store of a budget has counted, and whether a call would fit: nothing is reserved in the store. */
import { nodeStores } from "@kimi-effect/client/internal/nodeStores"
import * as Budget from "@kimi-effect/core/Budget"
import * as BudgetStore from "@kimi-effect/core/BudgetStore"
import * as Amount from "@kimi-effect/core/internal/Amount"
import type * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import { within } from "./check.ts"

type Store = BudgetStore.BudgetStore["Service"]
type Hold = Parameters<Store["reserve"]>[0]

/** A file is not created for its check. */
const isThere = ({ budgetStore }: KimiConfig.Values) => {
  if (budgetStore._tag !== "Sqlite") return Effect.succeed(budgetStore._tag === "Redis")
  return Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.orElseSucceed(fs.exists(budgetStore.path), () => false))
}

/** The scopes of the store. None if there is no store, or if it does not answer, which is another check. */
export const read = Effect.fnUntraced(function* (config: KimiConfig.Values) {
  if (!(yield* isThere(config))) return Option.none<ReadonlyArray<Budget.ScopeState>>()
  const layer = nodeStores.budget(config, nodeStores.redis(config))
  const state = Effect.flatMap(Budget.Budget, (budget) => budget.state)
  return Option.flatten(yield* within(Effect.option(Effect.provide(state, layer))))
})

/** The amounts of another store. What is reserved here is compared with them, and not added. */
export class LedgerCopy {
  /** The scopes in which calls count, with their caps in the configuration. */
  readonly claimed = new Map<string, Budget.ScopeState>()
  private readonly states: ReadonlyArray<Budget.ScopeState>

  constructor(states: ReadonlyArray<Budget.ScopeState>) {
    this.states = states
  }

  get store(): Store {
    return {
      name: "memory",
      reserve: (hold) => Effect.sync(() => ({ result: this.reserve(hold), changes: [] })),
      settle: () => Effect.succeed([]),
      renew: () => Effect.succeed([]),
      scopeBalances: Effect.succeed([])
    }
  }

  private reserve({ amount, claims }: Hold) {
    const balances = claims.map(({ cap, scope: key }) => {
      const [currency, scope] = [key.slice(0, 3), key.slice(4)]
      const found = this.states.find((state) => state.scope === scope && state.currency === currency)
      const spent = found === undefined ? 0n : Amount.fromDecimal(found.spent)
      const reserved = found === undefined ? 0n : Amount.fromDecimal(found.reserved)
      const amounts = {
        cap: Amount.toDecimal(cap),
        spent: Amount.toDecimal(spent),
        reserved: Amount.toDecimal(reserved)
      }
      this.claimed.set(key, { scope, currency: currency === "CNY" ? "CNY" : "USD", ...amounts })
      return { scope: key, cap, spent, reserved }
    })
    const refused = balances.find(({ cap, reserved, spent }) => amount > cap - spent - reserved)
    return refused === undefined ? ({ _tag: "Reserved" } as const) : ({ _tag: "Refused", ...refused } as const)
  }
}
