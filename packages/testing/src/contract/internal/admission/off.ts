/** Admission that is off. */
import { ServerError } from "@kimi-effect/core/ProviderErrors"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import { equal } from "../expect.ts"
import { ask, hold, type Service } from "./Subject.ts"

const broken = new ServerError({ message: "broken" })

export const register = (
  test: (name: string, test: (admission: Service) => Effect.Effect<void, unknown, Scope.Scope>) => void
): void => {
  test("passes on the result of an attempt", (admission) =>
    Effect.gen(function* () {
      equal(yield* admission.guard(ask())(Effect.succeed("answer")), "answer")
      equal(yield* Effect.exit(admission.guard(ask())(Effect.fail(broken))), Exit.fail(broken))
    }))

  test("admits any number of calls at once", (admission) =>
    Effect.forEach(Array.from({ length: 200 }), () => hold(admission), { discard: true }))

  test("gives any number of permits at once", (admission) =>
    Effect.forEach(
      Array.from({ length: 200 }),
      () => Effect.uninterruptibleMask((restore) => admission.acquire(ask(), restore)),
      { discard: true }
    ))
}
