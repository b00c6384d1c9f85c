/**
 * Looks at the store of the cache. Without it calls are answered all the same,
 * only slower and at a price.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { Statistics } from "../../../cache/ResponseCache.ts"
import type { CheckResult, HealthCheck } from "./HealthCheck.ts"

const fromStatistics = ({ flights, memory, store }: Statistics): CheckResult => {
  const details = { flights, memoryEntries: memory.entries, memoryBytes: memory.bytes, hitRate: memory.hitRate }
  if (store === undefined) {
    return { status: "healthy", code: "Ok", message: "Answers are kept in memory.", details: details }
  }
  const { failures, isReadable, isWritable, droppedWrites, pending } = store
  const all = { ...details, isReadable, isWritable, failures, lostWrites: droppedWrites, pending }
  if (isReadable && isWritable) {
    return { status: "healthy", code: "Ok", message: "The store of the cache answers.", details: all }
  }
  const message = isReadable ? "The store of the cache cannot be written." : "The store of the cache cannot be read."
  return { status: "degraded", code: "StoreAway", message, details: all }
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
