/** Limiters with a bug. */
import * as Admission from "@kimi-effect/core/Admission"
import { Deferred, Effect, Layer } from "effect"
import type { Subject } from "../../../src/ScheduleSearch.ts"

type Service = Admission.Admission["Service"]
type Limiter = Parameters<typeof Admission.fromLimiter>[0]

const replacing = (change: (service: Service) => Limiter): Subject => ({
  services: () =>
    Layer.effect(
      Admission.Admission,
      Effect.map(Admission.Admission, (service) => Admission.fromLimiter(change(service), service.options))
    )
})

const withoutChange: Limiter["change"] = () => Effect.void

/** An attempt that is interrupted keeps its permit. */
export const leakedPermit = replacing(({ acquire, states }) => ({
  states,
  change: withoutChange,
  acquire: (request, restore) =>
    Effect.map(acquire(request, restore), (permit) => ({
      ...permit,
      release: (outcome) => (outcome === "interrupted" ? Effect.void : permit.release(outcome))
    }))
}))

/** Nothing is limited. */
export const ignoredLimits: Subject = { services: () => Admission.layerOff }

/** Permits of one account, whose waiting calls are woken by the permit that is released. */
class Account {
  free: number
  readonly waiting: Array<Deferred.Deferred<void>> = []

  constructor(permits: number) {
    this.free = permits
  }

  /** Passes the permit to the first waiting call, which may have been interrupted: then the permit wakes no other. */
  release(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const next = this.waiting.shift()
      if (next !== undefined) return Effect.asVoid(Deferred.succeed(next, undefined))
      this.free += 1
      return Effect.void
    })
  }

  acquire(): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.free > 0) {
        this.free -= 1
        return Effect.void
      }
      const deferred = Deferred.makeUnsafe<void>()
      this.waiting.push(deferred)
      return Deferred.await(deferred)
    })
  }
}

/** A call that is interrupted while it waits stays in the queue, and the permit that it is given wakes no other call. */
export const lostWakeUp: Subject = {
  services: (settings) =>
    Layer.effect(
      Admission.Admission,
      Effect.map(Admission.Admission, ({ options, states }) => {
        const { concurrency } = settings
        const accounts = new Map<string, Account>()
        return Admission.fromLimiter(
          {
            states,
            change: withoutChange,
            acquire: ({ account }, restore) => {
              const permits = accounts.get(account) ?? new Account(concurrency)
              accounts.set(account, permits)
              return Effect.as(restore(permits.acquire()), {
                recordRateStatus: () => undefined,
                release: () => permits.release()
              })
            }
          },
          options
        )
      })
    )
}
