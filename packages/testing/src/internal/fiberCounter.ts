/** Counts the running fibers of an effect and of the fibers it starts. */
import type * as Metric from "effect/Metric"

/** Provide it as `Metric.FiberRuntimeMetrics`. */
export interface FiberCounter extends Metric.FiberRuntimeMetricsService {
  readonly active: () => number
}

export const make = (): FiberCounter => {
  let active = 0
  return {
    active: () => active,
    recordFiberStart: () => {
      active += 1
    },
    recordFiberEnd: () => {
      active -= 1
    }
  }
}
