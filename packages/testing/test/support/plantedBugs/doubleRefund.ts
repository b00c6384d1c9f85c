/** A budget on a store with a bug. */
import * as Budget from "@kimi-effect/core/Budget"
import * as BudgetStore from "@kimi-effect/core/BudgetStore"
import { Effect, Layer } from "effect"
import type { Subject } from "../../../src/ScheduleSearch.ts"
import * as ServiceOptions from "../../../src/schedule/ServiceOptions.ts"

/** What a reservation leaves is refunded twice. */
export const doubleRefund: Subject = {
  services: (settings) => {
    const store = Layer.effect(
      BudgetStore.BudgetStore,
      Effect.map(Effect.orDie(BudgetStore.makeMemory()), (inner): BudgetStore.BudgetStore["Service"] => {
        const reserved = new Map<string, bigint>()
        return {
          ...inner,
          reserve: (hold, lease) => {
            reserved.set(hold.id, hold.amount)
            return inner.reserve(hold, lease)
          },
          settle: (id, used) => inner.settle(id, used - ((reserved.get(id) ?? used) - used))
        }
      })
    )
    return Layer.orDie(Layer.provide(Budget.layerStore(ServiceOptions.budget(settings)), store))
  }
}
