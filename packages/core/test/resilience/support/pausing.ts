/**
 * Pauses a fiber at a given step, so that it can be interrupted there.
 */
import { Effect, Scheduler } from "effect"

export const makePausing = Effect.map(Scheduler.Scheduler, (scheduler) => {
  let stepsLeft = 0
  const stopping: Scheduler.Scheduler = {
    executionMode: scheduler.executionMode,
    shouldYield: () => {
      if (stepsLeft === 0) return false
      stepsLeft -= 1
      return stepsLeft === 0
    },
    makeDispatcher: () => scheduler.makeDispatcher()
  }
  return {
    /** Yields once, after this many steps. */
    at: (steps: number): void => {
      stepsLeft = steps
    },
    pausing: Effect.provideService(Scheduler.Scheduler, stopping)
  }
})
