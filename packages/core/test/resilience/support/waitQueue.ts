/**
 * A wait queue whose permits a test controls.
 */
import { Clock, Duration, Effect, Exit } from "effect"
import type { AdmissionError } from "../../../src/errors/OperationErrors.ts"
import type { PermitRequest, Outcome } from "../../../src/resilience/internal/admission/Limiter.ts"
import { WaitQueue } from "../../../src/resilience/internal/admission/WaitQueue.ts"
import { makeCounting } from "./counting.ts"

export const ask: PermitRequest = { account: "moonshot", tokens: () => 0 }

export const makeQueue = Effect.fnUntraced(function* (
  options: { readonly maxWait?: Duration.Input; readonly maxQueue?: number } = {}
) {
  const counting = yield* makeCounting
  let permits = 0
  let closed: number | AdmissionError = Number.POSITIVE_INFINITY
  const log: Array<string> = []
  const estimates: Array<readonly [calls: number, tokens: number]> = []
  const context = yield* Effect.provideService(Effect.context<never>(), Clock.Clock, counting.clock)
  const queue = new WaitQueue(
    "moonshot",
    {
      maxWait: Duration.fromInputUnsafe(options.maxWait ?? "1 minute"),
      maxQueue: options.maxQueue ?? 100
    },
    {
      decide: (waiter) => {
        if (permits === 0) return closed
        permits -= 1
        const end = (how: string) =>
          Effect.sync(() => {
            log.push(`${how} ${waiter.tokens}`)
          })
        return {
          recordRateStatus: () => undefined,
          release: (outcome: Outcome) => end(typeof outcome === "string" ? outcome : outcome._tag),
          revoke: Effect.andThen(
            end("cancelled"),
            Effect.sync(() => {
              permits += 1
            })
          )
        }
      },
      blockOf: () => undefined,
      estimateWait: (calls, tokens) => {
        estimates.push([calls, tokens])
        return 1_234.5
      }
    },
    context
  )
  /** Acquires a permit as the stage does, and holds it until it ends. */
  const call = (number: number, use: Effect.Effect<unknown> = Effect.void, atLeast = Number.POSITIVE_INFINITY) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(queue.wait(ask, number, atLeast, restore), (place) => {
        log.push(`began ${number}`)
        return Effect.onExit(restore(use), (exit) => place.release(Exit.isSuccess(exit) ? "success" : "interrupted"))
      })
    )
  return {
    queue,
    call,
    log,
    estimates,
    counting,
    permits: () => permits,
    open: (count: number) => {
      permits += count
      queue.dispatch()
    },
    close: (decision: number | AdmissionError) => {
      closed = decision
    }
  }
})
