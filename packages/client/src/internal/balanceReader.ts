/** Reads the balance of an account for a budget. */
import type { Balance } from "@kimi-effect/core/Balance"
import type { BalanceError } from "@kimi-effect/core/OperationErrors"
import type * as Effect from "effect/Effect"
import * as HostApi from "../HostApi.ts"

type Reader = Effect.Effect<Balance, BalanceError>

const readers = new WeakMap<HostApi.HostApi["Service"], Reader>()

/** Returns the same effect for the same host API, because a budget caches the balance by the identity of its reader. */
export const balanceReader = (api: HostApi.HostApi["Service"]): Reader => {
  const known = readers.get(api)
  if (known !== undefined) return known
  const reader = HostApi.balance(api)
  readers.set(api, reader)
  return reader
}
