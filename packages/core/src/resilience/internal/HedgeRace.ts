/**
 * The race between an attempt and its hedge.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { observeExit } from "../../internal/observeExit.ts"

/**
 * What a race needs of its owner.
 *
 * @category models
 * @since 0.1.0
 */
export interface RaceHooks {
  /** Called once, when the first attempt is late: whether to hedge. */
  readonly tryHedge: () => boolean
  readonly onHedgeWon: () => void
}

/**
 * Runs the attempt, and once more if it takes longer than `after`. The first
 * success wins; the other attempt is interrupted.
 *
 * @category combinators
 * @since 0.1.0
 */
export const run = <A, E>(
  attempt: Effect.Effect<A, E>,
  after: Duration.Duration,
  hooks: RaceHooks
): Effect.Effect<A, E> =>
  Effect.flatMap(Effect.context<never>(), (context) => {
    const fork = Effect.runForkWith(context)
    return Effect.callback((resume) => {
      const first = fork(attempt)
      const early = first.pollUnsafe()
      if (early !== undefined) return resume(early)
      let isHedged = false
      let isOver = false
      // The timer becomes the hedge, so that one fiber handle ends either.
      const second = fork(
        Effect.flatMap(Context.get(context, Clock.Clock).sleep(after), () => {
          isHedged = hooks.tryHedge()
          return isHedged ? attempt : Effect.never
        })
      )
      const end = (exit: Exit.Exit<A, E>, loser: Fiber.Fiber<A, E>): void => {
        isOver = true
        resume(Effect.andThen(Fiber.interrupt(loser), exit))
      }
      // One attempt may end the other while it starts, so observers are added after both have started.
      observeExit(first, (exit) => {
        const mayYetSucceed = isHedged && second.pollUnsafe() === undefined
        if (Exit.isSuccess(exit) || !mayYetSucceed) end(exit, second)
      })
      observeExit(second, (exit) => {
        if (isOver) return
        if (Exit.isSuccess(exit)) {
          hooks.onHedgeWon()
          return end(exit, first)
        }
        const failed = first.pollUnsafe()
        if (failed !== undefined) end(failed, second)
      })
      return Fiber.interruptAll([first, second])
    })
  })
