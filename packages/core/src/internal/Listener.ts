/** What callers pass to be notified of events, such as `onProgress`. */
import * as Effect from "effect/Effect"

/**
 * Makes a listener that always returns an effect. In JavaScript one often returns
 * nothing, for which the runtime would end the fiber without its finalizers.
 */
export const listener =
  <A, B, R>(given: ((event: A) => Effect.Effect<B, never, R>) | undefined) =>
  (event: A): Effect.Effect<B | void, never, R> =>
    Effect.suspend(() => {
      const returned = given?.(event)
      return Effect.isEffect(returned) ? returned : Effect.void
    })
