/**
 * A waiting room whose door a test opens by hand.
 */
import { Clock, Duration, Effect, Exit } from "effect"
import type { AdmissionError } from "../../../src/errors/OperationErrors.ts"
import type { PermitRequest, Outcome } from "../../../src/resilience/internal/admission/Limiter.ts"
import * as WaitQueue from "../../../src/resilience/internal/admission/WaitQueue.ts"
import { makeCounting } from "./counting.ts"

export const ask: PermitRequest = { account: "moonshot", tokens: () => 0 }

export const makeRoom = Effect.fnUntraced(function* (
  options: { readonly maxWait?: Duration.Input; readonly maxQueue?: number } = {}
) {
  const counting = yield* makeCounting
  let places = 0
  let closed: number | AdmissionError = Number.POSITIVE_INFINITY
  const log: Array<string> = []
  const estimates: Array<readonly [calls: number, tokens: number]> = []
  const context = yield* Effect.provideService(Effect.context<never>(), Clock.Clock, counting.clock)
  const room = WaitQueue.make(
    "moonshot",
    {
      maxWait: Duration.fromInputUnsafe(options.maxWait ?? "1 minute"),
      maxQueue: options.maxQueue ?? 100
    },
    {
      decide: (waiter) => {
        if (places === 0) return closed
        places -= 1
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
              places += 1
            })
          )
        }
      },
      estimateWait: (calls, tokens) => {
        estimates.push([calls, tokens])
        return 1_234.5
      }
    },
    context
  )
  /** Enters as the stage does, and holds the place until it ends. */
  const call = (number: number, use: Effect.Effect<unknown> = Effect.void, atLeast = Number.POSITIVE_INFINITY) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(room.wait(ask, number, atLeast, restore), (place) => {
        log.push(`began ${number}`)
        return Effect.onExit(restore(use), (exit) => place.release(Exit.isSuccess(exit) ? "success" : "interrupted"))
      })
    )
  return {
    room,
    call,
    log,
    estimates,
    counting,
    places: () => places,
    open: (count: number) => {
      places += count
      room.dispatch()
    },
    close: (decision: number | AdmissionError) => {
      closed = decision
    }
  }
})
