/** A budget that is off but for one law: `broken` names it. */
import type { Budget } from "@kimi-effect/core/Budget"
import type { Call } from "@kimi-effect/core/Call"
import { UnknownPriceError } from "@kimi-effect/core/MoneyErrors"
import * as Stage from "@kimi-effect/core/Stage"
import { BigDecimal, Effect } from "effect"

type Service = Budget["Service"]

export const makeOff =
  (broken?: string) =>
  (budget: Service): Service => {
    const breaks = (law: string) => law === broken
    let count = 0
    const unknown = new UnknownPriceError({ message: "unknown", provider: "contract", model: "unpriced" })
    const isRefused = ({ request: { max_completion_tokens: most = 0, model } }: Call) =>
      (breaks("makes a call of any cost") && most > 1_000) ||
      (breaks("makes a call whose price is not known") && model === "unpriced")
    return {
      ...budget,
      stage: () =>
        Stage.make("budget", {
          effect: (inner) => (call) => {
            count += 1
            return isRefused(call) ? Effect.fail(unknown) : inner(call)
          }
        }),
      checkPrice: () => (breaks("accepts every price") ? Effect.fail(unknown) : Effect.void),
      state: Effect.sync(() =>
        breaks("counts nothing") && count > 0
          ? [
              {
                scope: "total",
                currency: "USD" as const,
                cap: BigDecimal.fromBigInt(1n),
                spent: BigDecimal.fromBigInt(0n),
                reserved: BigDecimal.fromBigInt(0n)
              }
            ]
          : []
      )
    }
  }
