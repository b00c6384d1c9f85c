/**
 * Stops a fiber at a step of its choosing, so that it can be interrupted there.
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
    /** Gives way once, so many steps from now. */
    at: (steps: number): void => {
      stepsLeft = steps
    },
    pausing: Effect.provideService(Scheduler.Scheduler, stopping)
  }
})
