/**
 * The stage that shows each attempt and its usage to a `PrefixObserver`.
 *
 * @since 0.1.0
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Usage } from "../../../models/Usage.ts"
import type { Attempt, StreamAttempt } from "../../../pipeline/Call.ts"
import { type StreamHooks, withStreamHooks } from "../../../pipeline/internal/StreamGuard.ts"
import * as Stage from "../../../pipeline/Stage.ts"
import type { PrefixObserver } from "./PrefixObserver.ts"

const observeAttempt =
  (observer: PrefixObserver) =>
  (inner: Attempt): Attempt =>
  (call) =>
    Effect.contextWith((context: Context.Context<never>) => {
      const comparison = observer.begin(call, context)
      return Effect.tap(inner(call), (response) => observer.end(comparison, response.usage))
    })

const observeStream =
  (observer: PrefixObserver) =>
  (inner: StreamAttempt): StreamAttempt =>
  (call) =>
    withStreamHooks(() =>
      Effect.contextWith((context: Context.Context<never>) => {
        const comparison = observer.begin(call, context)
        let usage: Usage | undefined
        return Effect.succeed({
          onEvents: (events) => {
            for (const event of events) if (event._tag === "Usage") usage = event.usage
          },
          // The fiber that ends a stream may not be the one that started it, and may have other services.
          onEnd: (exit) =>
            Exit.isSuccess(exit)
              ? Effect.updateContext<void, never, never, never>(observer.end(comparison, usage), () => context)
              : Effect.void
        } satisfies StreamHooks)
      })
    )(inner(call))

/**
 * The stage of an observer. It changes nothing.
 *
 * @category stages
 * @since 0.1.0
 */
export const stage = (observer: PrefixObserver): Stage.Stage =>
  Stage.make("prefixCache", {
    effect: observeAttempt(observer),
    stream: observeStream(observer),
    options: { reports: "prompts that the host could have read from its cache" }
  })
