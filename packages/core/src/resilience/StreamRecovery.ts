/**
 * Recovers a stream that breaks in the middle of its response.
 *
 * Before its first content a broken stream is retried without effect. After it,
 * the consumer has a part of the response, so recovery needs its consent: this
 * stage is off by default, and its events show what it does.
 *
 * - `regenerate` calls again. The consumer receives `Reset`, discards what it
 *   has, and a whole new stream follows.
 * - `continue` requests the rest by Partial Mode. The consumer receives
 *   `Resume`, keeps what it has, and the rest follows.
 *
 * **Details**
 *
 * - Only a retryable error is recovered, and only `maxRecoveries` times.
 * - Never after a completed `ToolCall`, because the tool may have run, and
 *   never after `Finish`.
 * - This stage does not wait, so an error with a `retryAfter` is not recovered:
 *   the host's wait is a floor. The retry stage inside waits before content.
 * - The rest is requested from the account and model that wrote the beginning,
 *   and from no other: a fallback plan does not move it. When that fails before
 *   its first content and the plan has another step, that step gives a whole
 *   response after a `Reset`. When another host or model responds nevertheless,
 *   its text is discarded, and the response is regenerated if a recovery is
 *   left.
 * - A new attempt begins at the step of the plan that wrote the beginning.
 * - Where continuing is not possible, the response is regenerated: a host or
 *   model without Partial Mode, several choices, JSON formats, a tool call that
 *   has begun, no text yet, no tokens left, and a response that lacks only its
 *   end mark.
 * - `Usage` is the sum over all attempts. What a broken attempt cost is
 *   estimated when the host did not report it, and the event then has
 *   `isEstimate`.
 * - `Reset` and `Resume` precede the first events of the new attempt. If there
 *   are none, the stream fails and the consumer keeps the part that it has. The
 *   `attempts` of the error begin with those that broke.
 *
 * **Gotchas**
 *
 * - Text that was shown has to be taken back on `Reset`.
 * - A stream that broke after its last word and before its end mark has no
 *   rest: a continuation of it may fail with `EmptyResponseError`.
 *
 * @since 0.1.0
 */
import * as Channel from "effect/Channel"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as KimiConfig from "../KimiConfig.ts"
import type { Call, StreamAttempt } from "../pipeline/Call.ts"
import * as Stage from "../pipeline/Stage.ts"
import { RecoveredStream } from "./internal/RecoveredStream.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Whether a new attempt starts over or continues where the broken one ended. */
  readonly mode: "regenerate" | "continue"
  /** How often a stream may be recovered. Defaults to once. */
  readonly maxRecoveries?: number | undefined
  /**
   * Whether host and model of a call support Partial Mode. It receives the call
   * that wrote the beginning, which a fallback plan may have moved. Defaults to
   * never: a host that does not would begin again, and the consumer would have
   * the text twice.
   */
  readonly isContinuationSupported?: ((call: Call) => boolean) | undefined
}

const defaultMaxRecoveries = KimiConfig.defaults.maxRecoveries

/**
 * Recovers a stream that breaks after its first content.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withStreamRecovery =
  ({ isContinuationSupported, maxRecoveries = defaultMaxRecoveries, mode }: Options) =>
  (inner: StreamAttempt): StreamAttempt =>
  (original) =>
    Stream.fromChannel(
      Channel.fromTransform((_: unknown, scope: Scope.Scope) =>
        Effect.flatMap(
          Clock.Clock,
          (clock) =>
            new RecoveredStream({ mode, maxRecoveries, isContinuationSupported, inner, original, clock, scope }).events
        )
      )
    )

/**
 * The stage of the pipeline. A whole response has no middle, so it is left
 * unchanged.
 *
 * @category stages
 * @since 0.1.0
 */
export const stage = (options: Options): Stage.Stage =>
  Stage.make("recovery", {
    stream: withStreamRecovery(options),
    options: { mode: options.mode, recoveries: String(options.maxRecoveries ?? defaultMaxRecoveries) }
  })
