/**
 * Records the usage of every attempt and settles it with the budget of its
 * call: what the host reported, or an estimate where it did not, because the
 * attempt failed or was interrupted.
 *
 * An attempt reserves its worst-case cost in the budget before it is made, and
 * settles it however it ends. Without a budget nothing is reserved, and without
 * an `Accounting` service nothing is recorded.
 *
 * An attempt that the host certainly does not charge is not recorded and costs
 * nothing. An interruption before the request was sent cannot be distinguished
 * from one after it, and is charged for the prompt.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { CallOptions } from "../CallOptions.ts"
import type { KimiError } from "../errors/KimiError.ts"
import type { BudgetError } from "../errors/OperationErrors.ts"
import type { ChatResponse } from "../models/ChatResponse.ts"
import type { StreamEvent } from "../models/StreamEvent.ts"
import { fromTokens, type Usage } from "../models/Usage.ts"
import * as Accounting from "./Accounting.ts"
import * as Cost from "./Cost.ts"
import * as TokenCount from "../TokenCount.ts"
import type { Attempt, Call, AttemptReservation, StreamAttempt } from "../pipeline/Call.ts"
import * as Stage from "../pipeline/Stage.ts"
import { type StreamHooks, withStreamHooks } from "../pipeline/internal/StreamGuard.ts"
import { Transcript } from "../pipeline/internal/Transcript.ts"

type AccountingService = Accounting.Accounting["Service"]

/** The assumed generation rate for responses that were not received, on the high side. */
const assumedTokensPerSecond = 100

/** The estimated usage of an attempt of which only the error is known. */
const estimateUsage = ({ request }: Call, cause: Cause.Cause<KimiError>, millis: number): Usage => {
  const prompt = TokenCount.ofPrompt(request)
  const error = Option.getOrUndefined(Cause.findErrorOption(cause))
  if (error?._tag === "ReasoningBudgetExhaustedError" && error.completionTokens !== undefined) {
    return fromTokens(prompt, error.completionTokens)
  }
  const reported = error?.partial?.usage
  if (reported !== undefined) return fromTokens(reported.prompt_tokens, reported.completion_tokens)
  const generated = Math.ceil((Math.max(0, millis) / 1000) * assumedTokensPerSecond)
  return fromTokens(prompt, Math.min(generated, TokenCount.maxOutput(request, prompt)) * (request.n ?? 1))
}

/** The outcome of an attempt without a response; `undefined` if it was free. */
const failureOutcome = (cause: Cause.Cause<KimiError>): Accounting.Outcome | undefined => {
  if (Cause.hasInterrupts(cause)) return "abandoned"
  const error = Cause.findErrorOption(cause)
  // What was generated before a failure is billed, whatever the failure is.
  const isFree = Option.isSome(error) && error.value.billing === "none" && error.value.partial === undefined
  return isFree ? undefined : "failed"
}

/** What one attempt is charged. */
interface Charge {
  readonly outcome: Accounting.Outcome
  readonly usage: Cost.BillableUsage
  readonly isEstimate: boolean
}

/** Settles before it records, so that a user's `Accounting` service cannot delay a settlement. */
const settleAndRecord = (
  accounting: AccountingService | undefined,
  call: Call,
  reservation: AttemptReservation | undefined,
  charge: Charge | undefined
): Effect.Effect<void> => {
  const settled =
    reservation === undefined
      ? Effect.void
      : reservation.settle(charge?.usage, charge === undefined || charge.isEstimate)
  if (accounting === undefined || charge === undefined) return settled
  return Effect.andThen(
    settled,
    Effect.flatMap(CallOptions, ({ agent, job, tenant }) =>
      Accounting.recordUsage(accounting, {
        account: call.account,
        provider: call.provider,
        model: call.request.model,
        ...charge,
        tags: { tenant, job, agent }
      })
    )
  )
}

const chargeForResponse = (call: Call, response: ChatResponse): Charge => {
  const { choices, usage } = response
  const tools = Cost.toolNames(response)
  if (usage !== undefined) return { outcome: "succeeded", usage: Cost.billableUsage(usage, tools), isEstimate: false }
  let completion = 0
  for (const { message } of choices) {
    completion += TokenCount.ofText(message.content) + TokenCount.ofText(message.reasoning_content ?? "")
    for (const tool of message.tool_calls ?? []) completion += TokenCount.ofText(tool.function.arguments)
  }
  const used = Cost.billableUsage(fromTokens(TokenCount.ofPrompt(call.request), completion), tools)
  return { outcome: "succeeded", usage: used, isEstimate: true }
}

const reserve = (call: Call) => call.state?.budget?.reserve(call) ?? Effect.undefined

/**
 * Accounts for attempts that give a whole response.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withAccounting =
  (accounting: AccountingService | undefined) =>
  (inner: Attempt): Attempt =>
  (call) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(reserve(call), (reservation) =>
        Effect.flatMap(Clock.Clock, (clock) => {
          const startedAt = clock.currentTimeMillisUnsafe()
          return Effect.onExit(restore(inner(call)), (exit) => {
            if (Exit.isSuccess(exit))
              return settleAndRecord(accounting, call, reservation, chargeForResponse(call, exit.value))
            const outcome = failureOutcome(exit.cause)
            if (outcome === undefined) return settleAndRecord(accounting, call, reservation, undefined)
            const usage = estimateUsage(call, exit.cause, clock.currentTimeMillisUnsafe() - startedAt)
            return settleAndRecord(accounting, call, reservation, { outcome, usage, isEstimate: true })
          })
        })
      )
    )

/** The tools that a stream has called so far, each call once. */
class ToolNames {
  readonly names = new Map<string, string>()

  add(event: StreamEvent): void {
    if (event._tag === "ToolCallDelta") this.names.set(`${event.choice}/${event.index}`, event.name)
    else if (event._tag === "ToolCall") this.names.set(`${event.choice}/${event.index}`, event.call.function.name)
  }
}

/** Tracks one streamed attempt, and settles and records it when it ends. */
const trackStream = (
  accounting: AccountingService | undefined,
  call: Call
): Effect.Effect<Required<StreamHooks>, BudgetError> =>
  Effect.flatMap(reserve(call), (reservation) =>
    Effect.contextWith((context: Context.Context<never>) => {
      const transcript = new Transcript()
      const tools = new ToolNames()
      const settle = (charge: Charge | undefined) =>
        // The fiber that ends a stream may not be the one that started it, and may have other services.
        Effect.provideContext(settleAndRecord(accounting, call, reservation, charge), context)
      return Effect.succeed({
        onEvents: (events) => {
          for (const event of events) {
            transcript.add(event)
            tools.add(event)
          }
        },
        onEnd: (exit) => {
          const outcome = Exit.isSuccess(exit) ? "succeeded" : failureOutcome(exit.cause)
          if (outcome === undefined && transcript.start === undefined) return settle(undefined)
          const usage = transcript.billedUsage(TokenCount.ofPrompt(call.request))
          return settle({
            outcome: outcome ?? "failed",
            usage: Cost.billableUsage(usage, tools.names.values()),
            isEstimate: transcript.usage === undefined
          })
        }
      } satisfies Required<StreamHooks>)
    })
  )

/**
 * Accounts for attempts that give a stream.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withStreamAccounting =
  (accounting: AccountingService | undefined) =>
  (inner: StreamAttempt): StreamAttempt =>
  (call) =>
    withStreamHooks(() => trackStream(accounting, call))(inner(call))

/**
 * The stage of the pipeline. It is needed where there is an `Accounting`
 * service or a budget.
 *
 * @category stages
 * @since 0.1.0
 */
export const stage = (accounting: AccountingService | undefined): Stage.Stage =>
  Stage.make("accounting", {
    effect: withAccounting(accounting),
    stream: withStreamAccounting(accounting),
    options: { usage: accounting === undefined ? "not recorded" : "recorded" }
  })
