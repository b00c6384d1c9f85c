/**
 * Checks the store of the cache. Without it calls still succeed, but are slower
 * and cost more.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { Statistics } from "../../../cache/ResponseCache.ts"
import type { CheckResult, HealthCheck } from "./HealthCheck.ts"

const fromStatistics = ({ flights, memory, store }: Statistics): CheckResult => {
  const details = { flights, memoryEntries: memory.entries, memoryBytes: memory.bytes, hitRate: memory.hitRate }
  if (store === undefined) {
    return { status: "healthy", code: "Ok", message: "The cache is in memory.", details }
  }
  const { failure, failures, isReadable, isWritable, droppedWrites, pending } = store
  const all = { ...details, isReadable, isWritable, failures, droppedWrites, pending }
  if (isReadable && isWritable) {
    return { status: "healthy", code: "Ok", message: "The cache store is available.", details: all }
  }
  const message = isReadable ? "The cache store cannot be written." : "The cache store cannot be read."
  return {
    status: "degraded",
    code: "StoreUnavailable",
    message,
    details: { ...all, ...(failure === undefined ? {} : { failure }) }
  }
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (statistics: Effect.Effect<Statistics>): HealthCheck => ({
  name: "cache",
  role: "supporting",
  check: Effect.map(statistics, fromStatistics)
})
