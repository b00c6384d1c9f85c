/**
 * What an attempt of a chat waits for before it is sent, after all waits for limits
 * and retries.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Call } from "../Call.ts"
import { CurrentSendState } from "./SendState.ts"

/**
 * The gate of a call.
 *
 * @category models
 * @since 0.1.0
 */
export interface Gate {
  /** Succeeds when the attempt may be sent. One that has waited since for a connection enters again. */
  readonly enter: Effect.Effect<void>
  /** To be called when an attempt has failed: its call may wait for another one. */
  readonly leave: () => void
}

/**
 * The gate of the calls of this fiber; `undefined` when they are sent at once.
 *
 * @category references
 * @since 0.1.0
 */
export const SendGate = Context.Reference<Gate | undefined>("@kimi-effect/core/pipeline/SendGate", {
  defaultValue: () => undefined
})

/**
 * Sends attempts through the gate. One that is interrupted there has sent nothing.
 *
 * @category combinators
 * @since 0.1.0
 */
export const gated =
  <A, E, R>(send: (call: Call) => Effect.Effect<A, E, R>) =>
  (call: Call): Effect.Effect<A, E, R> =>
    Effect.withFiber(({ context }) => {
      const gate = Context.get(context, SendGate)
      if (gate === undefined) return send(call)
      Context.get(context, CurrentSendState)?.setWaiting()
      return Effect.andThen(
        gate.enter,
        Effect.onError(send(call), () => Effect.sync(gate.leave))
      )
    })
