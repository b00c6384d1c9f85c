/** Admission that is off but for one law: `broken` names it. */
import type { Admission } from "@kimi-effect/core/Admission"
import { AdmissionQueueFullError } from "@kimi-effect/core/ResilienceErrors"
import { Effect } from "effect"

type Service = Admission["Service"]

const copyOf = <E>(error: E): E => ({ ...Object(error) })

export const makeOff =
  (broken?: string) =>
  (admission: Service): Service => {
    const breaks = (law: string) => law === broken
    let running = 0
    let permits = 0
    const full = new AdmissionQueueFullError({ message: "full", account: "moonshot", limit: 100 })
    return {
      ...admission,
      guard: () => (attempt) =>
        Effect.andThen(
          Effect.suspend(() => {
            running += 1
            return breaks("admits any number of calls at once") && running > 100 ? Effect.fail(full) : Effect.void
          }),
          breaks("passes on the result of an attempt") ? Effect.mapError(attempt, copyOf) : attempt
        ),
      acquire: (request, restore) =>
        Effect.suspend(() => {
          permits += 1
          return breaks("gives any number of permits at once") && permits > 100
            ? Effect.fail(full)
            : admission.acquire(request, restore)
        })
    }
  }
