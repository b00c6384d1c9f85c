/**
 * One attempt of a stream that may be recovered, and what the consumer receives of
 * its events.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import type { FailedAttempt } from "../../errors/FailedAttempt.ts"
import type { StreamError } from "../../errors/OperationErrors.ts"
import * as MonotonicClock from "../../internal/MonotonicClock.ts"
import type { Resume, Start, StreamEvent, Usage } from "../../models/StreamEvent.ts"
import * as TokenUsage from "../../models/Usage.ts"
import { toFailedAttempt } from "../../pipeline/internal/AttemptFacts.ts"
import type { Call } from "../../pipeline/Call.ts"
import type { EventChunk } from "../../pipeline/internal/EventChunk.ts"
import type { Transcript } from "../../pipeline/internal/Transcript.ts"
import * as TokenCount from "../../TokenCount.ts"

/**
 * One attempt of a stream.
 *
 * @category models
 * @since 0.1.0
 */
export interface RecoveryAttempt {
  readonly call: Call
  readonly transcript: Transcript
  /** Of `MonotonicClock`. */
  readonly startedAt: number
  /** The event that precedes its first events; the first attempt has none. */
  readonly boundary: { readonly _tag: "Reset" | "Resume"; readonly reason: string } | undefined
}

/**
 * The failed attempts of an interrupted one: those of its stages if they recorded any, or itself.
 *
 * @category getters
 * @since 0.1.0
 */
export const attemptsOf = (
  clock: Clock.Clock,
  error: StreamError,
  { startedAt, transcript: { hasContent, start } }: RecoveryAttempt
): ReadonlyArray<FailedAttempt> =>
  error.attempts ?? [
    toFailedAttempt({
      clock,
      tag: error._tag,
      provider: error.provider ?? start?.provider,
      model: error.model ?? start?.model,
      requestId: error.requestId ?? start?.requestId,
      startedAt,
      endedAt: MonotonicClock.millisUnsafe(clock),
      isPossiblyBilled: hasContent || error.billing === "possible"
    })
  ]

/** What all attempts of a stream cost together; the last one knows best how the host counts the prompt. */
const totalUsage = (broken: ReadonlyArray<RecoveryAttempt>, last: RecoveryAttempt): typeof Usage.Type => {
  const attempts = [...broken, last]
  const lastEstimate = TokenCount.ofPrompt(last.call.request)
  const lastPrompt = last.transcript.usage?.usage.prompt_tokens ?? lastEstimate
  const billed = attempts.map(({ call: { request }, transcript }) =>
    transcript.billedUsage(request, Math.max(0, lastPrompt - lastEstimate + TokenCount.ofPrompt(request)))
  )
  const usage = billed.map((attempt) => attempt.usage).reduce(TokenUsage.add)
  return { _tag: "Usage", usage, ...(billed.some(({ isEstimate }) => isEstimate) ? { isEstimate: true } : {}) }
}

const resumeEvent = (
  reason: string,
  { id, model, provider, requestId, traceId }: typeof Start.Type
): typeof Resume.Type => ({
  _tag: "Resume",
  reason,
  id,
  model,
  ...(provider === undefined ? {} : { provider }),
  ...(requestId === undefined ? {} : { requestId }),
  ...(traceId === undefined ? {} : { traceId })
})

/**
 * Rewrites the first events of a later attempt so that they follow what the consumer has received.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withBoundary = (events: EventChunk, boundary: NonNullable<RecoveryAttempt["boundary"]>): EventChunk => {
  const [first, ...rest] = events
  if (boundary._tag === "Reset") return [{ _tag: "Reset", reason: boundary.reason }, ...events]
  return first._tag === "Start"
    ? [resumeEvent(boundary.reason, first), ...rest]
    : [{ _tag: "Resume", reason: boundary.reason }, ...events]
}

/**
 * Replaces the attempt's own usage with the sum, or adds the sum before the end if there is none.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withTotalUsage = (
  events: EventChunk,
  broken: ReadonlyArray<RecoveryAttempt>,
  attempt: RecoveryAttempt
): EventChunk => {
  if (!events.some(({ _tag }) => _tag === "Usage" || _tag === "Finish")) return events
  const [first, ...rest] = events.flatMap((event): ReadonlyArray<StreamEvent> => {
    if (event._tag === "Usage") return [totalUsage(broken, attempt)]
    return event._tag === "Finish" && attempt.transcript.usage === undefined
      ? [totalUsage(broken, attempt), event]
      : [event]
  })
  return first === undefined ? events : [first, ...rest]
}
