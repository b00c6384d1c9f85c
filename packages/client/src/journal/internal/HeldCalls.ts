/** The calls of one lease, which send nothing when it is over. */
import { type Gate, SendGate } from "@kimi-effect/core/internal/SendGate"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { AppendError } from "./GroupCommit.ts"

type Refuse = (error: AppendError) => void

/**
 * Ends calls whose lease is over before they have sent their request. A process that was
 * frozen while calls waited for a limit, a connection or a retry would send those that
 * another one has made.
 */
export class HeldCalls {
  /** Calls that can be made again and that are not at the host, as far as they report it: those that stream do not. */
  readonly #waiting = new Set<Refuse>()
  readonly #checkHeld: Effect.Effect<void, AppendError>
  /** Set when the lease is over. */
  #lost: AppendError | undefined = undefined

  constructor(checkHeld: Effect.Effect<void, AppendError>) {
    this.#checkHeld = checkHeld
  }

  /** To be called when the lease is over. Ends the calls that wait, and those that would wait later. */
  end(error: AppendError): void {
    this.#lost = error
    this.#refuse(error)
  }

  #refuse(error: AppendError): void {
    for (const refuse of this.#waiting) refuse(error)
  }

  /** Makes a call, which fails when the lease is over before it was sent. */
  run<A, E, R>(call: Effect.Effect<A, E, R>, isIdempotent: boolean): Effect.Effect<A, E | AppendError, R> {
    return Effect.suspend(() => {
      const refused = Deferred.makeUnsafe<never, AppendError>()
      const refuse: Refuse = (error) => void Deferred.doneUnsafe(refused, Exit.fail(error))
      let canWait = isIdempotent
      const wait = (): void => {
        if (!canWait) return
        if (this.#lost === undefined) this.#waiting.add(refuse)
        else refuse(this.#lost)
      }
      const gate: Gate = {
        enter: Effect.matchEffect(this.#checkHeld, {
          onFailure: (error) => {
            refuse(error)
            // Those that wait for the response of this one are refused too.
            this.#refuse(error)
            // It is interrupted by then, unless calls of others wait for its response: it is sent for them.
            return Effect.sleep("1 second")
          },
          onSuccess: () => Effect.sync(() => void this.#waiting.delete(refuse))
        }),
        leave: wait
      }
      const end = Effect.sync(() => {
        canWait = false
        this.#waiting.delete(refuse)
      })
      wait()
      return Effect.ensuring(
        Effect.raceFirst(Effect.provideService(call, SendGate, gate), Deferred.await(refused)),
        end
      )
    })
  }
}
