/** Attempts at the virtual host as effects and streams that follow their plan and always release the host. */
import type { ChatError, StreamError } from "@kimi-effect/core/OperationErrors"
import { StreamInterruptedError } from "@kimi-effect/core/StreamErrors"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import { ChatResponse } from "@kimi-effect/core/ChatResponse"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import { fromTokens, type Usage } from "@kimi-effect/core/Usage"
import type * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { CurrentCall, type SimulatedCall } from "../../simulator/SimulatedCall.ts"
import type { Plan } from "./attemptPlan.ts"

/** A running attempt. */
export interface RunningAttempt {
  readonly request: ModelRequest
  readonly plan: Plan
  readonly promptTokens: number
  readonly outputTokens: number
  /** Whether the limit of the request truncates the response. */
  readonly isTruncated: boolean
  /** Unix milliseconds. */
  readonly startedAt: number
  /** Whether the host counts it as running. */
  readonly isAdmitted: boolean
}

/** Callbacks of a host at the start and end of an attempt. */
export interface Host {
  readonly provider: string
  readonly begin: (request: ModelRequest, call: SimulatedCall, isStream: boolean) => RunningAttempt
  /** `outcome` is `Success`, the tag of an error, or `Interrupted` when the client disconnected. */
  readonly end: (running: RunningAttempt, outcome: string) => void
}

const wait = (millis: number): Effect.Effect<void> =>
  Number.isFinite(millis) ? Effect.sleep(Duration.millis(millis)) : Effect.never

const usageOf = ({ outputTokens, promptTokens }: RunningAttempt): Usage => fromTokens(promptTokens, outputTokens)

const finishReasonOf = ({ isTruncated }: RunningAttempt): string => (isTruncated ? "length" : "stop")

const envelopeOf = (host: Host, { request, startedAt }: RunningAttempt) => ({
  id: "chatcmpl-virtual",
  model: request.model,
  created: Math.floor(startedAt / 1_000),
  provider: host.provider
})

// The usage has the length of the response; its text is the same for all.
const text = "virtual"

const responseOf = (host: Host, running: RunningAttempt): ChatResponse =>
  new ChatResponse(
    {
      ...envelopeOf(host, running),
      choices: [{ index: 0, message: { role: "assistant", content: text }, finish_reason: finishReasonOf(running) }],
      usage: usageOf(running)
    },
    { disableChecks: true }
  )

/** One attempt at a chat completion. */
export const chat = (host: Host, request: ModelRequest): Effect.Effect<ChatResponse, ChatError> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(CurrentCall, (call) => {
      const running = host.begin(request, call, false)
      const { end, error } = running.plan
      return Effect.flatMap(
        Effect.onInterrupt(restore(wait(end)), () => Effect.sync(() => host.end(running, "Interrupted"))),
        (): Effect.Effect<ChatResponse, ChatError> => {
          host.end(running, error?._tag ?? "Success")
          return error === undefined ? Effect.succeed(responseOf(host, running)) : Effect.fail(error)
        }
      )
    })
  )

type Events = Arr.NonEmptyReadonlyArray<StreamEvent>

const delta: StreamEvent = { _tag: "TextDelta", choice: 0, text }

/** The error of a stream that has started. */
const toStreamError = ({ request }: RunningAttempt, provider: string, error: ChatError & StreamError): StreamError =>
  error._tag === "ConnectionLostError"
    ? new StreamInterruptedError({
        message: "The connection broke in the middle of the stream",
        provider,
        model: request.model,
        code: "ECONNRESET"
      })
    : error

/** Longest time without an event while a stream is generating, in milliseconds. Real streams are less sparse. */
const maxSilenceMillis = 10_000

/**
 * One attempt at a stream. It has few events, so that a day of streams stays
 * fast: at the first token, at the end, and often enough in between that no idle
 * timeout expires.
 */
export const stream = (host: Host, request: ModelRequest): Stream.Stream<StreamEvent, StreamError> =>
  Stream.fromChannel(
    Channel.fromTransform((_: unknown, scope: Scope.Scope) =>
      Effect.flatMap(CurrentCall, (call) => {
        const running = host.begin(request, call, true)
        const { end, error, firstToken, stalledFrom, streamError } = running.plan
        /** Milliseconds from the start up to which events have been emitted. */
        let emittedUntil = 0
        let isDone = false

        const begin = Effect.sync((): Events => {
          emittedUntil = firstToken
          return [{ _tag: "Start", ...envelopeOf(host, running) }, delta]
        })

        const more = Effect.sync((): Events => {
          emittedUntil += maxSilenceMillis
          return [delta]
        })

        const finish = Effect.suspend((): Pull.Pull<Events, StreamError> => {
          const failure =
            streamError ??
            (emittedUntil > 0 && error !== undefined ? toStreamError(running, host.provider, error) : error)
          isDone = true
          host.end(running, failure?._tag ?? "Success")
          if (failure !== undefined) return Effect.fail(failure)
          const finishReason = finishReasonOf(running)
          return Effect.succeed([
            delta,
            { _tag: "Usage", usage: usageOf(running) },
            { _tag: "Finish", finishReason, finishReasons: [finishReason] }
          ])
        })

        const pull = Effect.suspend((): Pull.Pull<Events, StreamError> => {
          if (isDone) return Cause.done()
          if (emittedUntil === 0 && firstToken < end) return Effect.andThen(wait(firstToken), begin)
          const left = end - emittedUntil
          if (left <= maxSilenceMillis) return Effect.andThen(wait(left), finish)
          return emittedUntil + maxSilenceMillis < stalledFrom
            ? Effect.andThen(wait(maxSilenceMillis), more)
            : Effect.andThen(wait(left), finish)
        })

        return Effect.as(
          Scope.addFinalizer(
            scope,
            Effect.sync(() => {
              if (!isDone) host.end(running, "Interrupted")
            })
          ),
          pull
        )
      }).pipe(Effect.uninterruptible)
    )
  )
