/** The lifetime of a client: which calls its scope permits, and how those fail that it does not. */
import { withDetails } from "@kimi-effect/core/internal/ErrorDetails"
import type { KimiError } from "@kimi-effect/core/KimiError"
import { ClientClosedError } from "@kimi-effect/core/ResilienceErrors"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Accounts } from "./accounts.ts"

/** Whether the scope is still open. */
export interface Lifetime {
  readonly isOpen: () => boolean
}

/** The lifetime of the current scope. */
export const make: Effect.Effect<Lifetime, never, Scope.Scope> = Effect.gen(function* () {
  let isOpen = true
  yield* Effect.addFinalizer(() => Effect.sync(() => void (isOpen = false)))
  return { isOpen: () => isOpen }
})

/** The error of a call after the end. */
export const notStarted = (): ClientClosedError =>
  new ClientClosedError({
    message: "The client was closed with the scope of its layer before the call; nothing was sent"
  })

/** The failed attempts of the call stay known, since the host may bill them. */
const ended = (error: KimiError): ClientClosedError =>
  error._tag === "ClientClosedError"
    ? error
    : withDetails(
        new ClientClosedError({ message: "The client was closed with the scope of its layer during the call" }),
        error
      )

/** The error of a call that fails, by whether it failed because of the end. */
export const mapError = <E extends KimiError>({ isOpen }: Lifetime, error: E): E | ClientClosedError =>
  isOpen() ? error : ended(error)

/** Fails calls after the end of a lifetime, and those that fail because of it. */
export const guard = <A, E extends KimiError>(
  lifetime: Lifetime,
  call: Effect.Effect<A, E>
): Effect.Effect<A, E | ClientClosedError> =>
  Effect.suspend(() =>
    lifetime.isOpen() ? Effect.mapError(call, (error) => mapError(lifetime, error)) : Effect.fail(notStarted())
  )

/** Makes no attempt after the end, such as the repetition of one that the end has broken: retry runs the same effect again. */
export const guardAttempts = (lifetime: Lifetime, accounts: Accounts): Accounts => ({
  ...accounts,
  chat: (call) => Effect.suspend(() => (lifetime.isOpen() ? accounts.chat(call) : Effect.fail(notStarted()))),
  stream: (call) => Stream.suspend(() => (lifetime.isOpen() ? accounts.stream(call) : Stream.fail(notStarted())))
})
