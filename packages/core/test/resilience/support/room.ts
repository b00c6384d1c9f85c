/**
 * A waiting room whose door a test opens by hand.
 */
import { Clock, Duration, Effect, Exit } from "effect"
import type { AdmissionError } from "../../../src/errors/OperationErrors.ts"
import type { Ask, Outcome } from "../../../src/resilience/admission/Door.ts"
import * as WaitingRoom from "../../../src/resilience/admission/WaitingRoom.ts"
import { makeCounting } from "./counting.ts"

export const ask: Ask = { account: "moonshot", tokens: () => 0 }

export const makeRoom = Effect.fnUntraced(function* (
  options: { readonly maxWait?: Duration.Input; readonly maxQueue?: number } = {}
) {
  const counting = yield* makeCounting
  let places = 0
  let closed: number | AdmissionError = Number.POSITIVE_INFINITY
  const log: Array<string> = []
  const estimates: Array<readonly [calls: number, tokens: number]> = []
  const context = yield* Effect.provideService(Effect.context<never>(), Clock.Clock, counting.clock)
  const room = WaitingRoom.make(
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
          observe: () => undefined,
          leave: (outcome: Outcome) => end(typeof outcome === "string" ? outcome : outcome._tag),
          cancel: Effect.andThen(
            end("cancelled"),
            Effect.sync(() => {
              places += 1
            })
          )
        }
      },
      estimate: (calls, tokens) => {
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
        return Effect.onExit(restore(use), (exit) => place.leave(Exit.isSuccess(exit) ? "success" : "left"))
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
      room.serve()
    },
    close: (decision: number | AdmissionError) => {
      closed = decision
    }
  }
})
