/**
 * Enters every attempt into the account book and pays for it out of the
 * call's purse: what the host reported, or an estimate where it could not,
 * because the attempt failed or its caller left.
 *
 * An attempt takes its reservation from the purse before it is made, and
 * settles it however it ends. Without a purse nothing is reserved, and without
 * a book nothing is entered.
 *
 * An attempt that the host certainly does not charge is not entered and costs
 * nothing. A caller that leaves before the request was sent cannot be told
 * from one that leaves after it, and is charged for the prompt.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
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
import type { Stage } from "../pipeline/Pipeline.ts"
import { type StreamHooks, withStreamHooks } from "../pipeline/internal/StreamGuard.ts"
import { Transcript } from "../pipeline/internal/Transcript.ts"

type AccountingService = Accounting.Accounting["Service"]

/** What a model may generate in a second, for answers that nobody saw (a guess on the high side). */
const assumedTokensPerSecond = 100

/** What a whole answer may have cost of which nothing was seen but the error. */
const estimateUsage = ({ request }: Call, cause: Cause.Cause<KimiError>, millis: number): Usage => {
  const prompt = TokenCount.ofPrompt(request)
  const error = Option.getOrUndefined(Cause.findErrorOption(cause))
  if (error?._tag === "ReasoningBudgetExhaustedError" && error.completionTokens !== undefined) {
    return fromTokens(prompt, error.completionTokens)
  }
  const generated = Math.ceil((Math.max(0, millis) / 1000) * assumedTokensPerSecond)
  return fromTokens(prompt, Math.min(generated, TokenCount.maxOutput(request, prompt)) * (request.n ?? 1))
}

/** How an attempt ended that gave no answer; none when it was free. */
const failureOutcome = (cause: Cause.Cause<KimiError>): Accounting.Outcome | undefined => {
  if (Cause.hasInterrupts(cause)) return "abandoned"
  const error = Cause.findErrorOption(cause)
  return Option.isSome(error) && error.value.billing === "none" ? undefined : "failed"
}

/** What one attempt comes to; nothing when it was free. */
interface Charge {
  readonly outcome: Accounting.Outcome
  readonly usage: Cost.BillableUsage
  readonly isEstimate: boolean
}

/** Pays, and then enters: a book of the user's must not stand between an attempt and its reservation. */
const settleAndRecord = (
  book: AccountingService | undefined,
  call: Call,
  reservation: AttemptReservation | undefined,
  due: Charge | undefined
): Effect.Effect<void> => {
  const settled =
    reservation === undefined ? Effect.void : reservation.settle(due?.usage, due === undefined || due.isEstimate)
  if (book === undefined || due === undefined) return settled
  return Effect.andThen(
    settled,
    Effect.flatMap(CallOptions, ({ agent, job, tenant }) =>
      Accounting.recordUsage(book, {
        account: call.account,
        provider: call.provider,
        model: call.request.model,
        ...due,
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
 * Accounts for attempts that give a whole answer.
 *
 * @category stages
 * @since 0.1.0
 */
export const withAccounting =
  (book: AccountingService | undefined) =>
  (inner: Attempt): Attempt =>
  (call) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(reserve(call), (reservation) =>
        Effect.flatMap(Clock.Clock, (clock) => {
          const startedAt = clock.currentTimeMillisUnsafe()
          return Effect.onExit(restore(inner(call)), (exit) => {
            if (Exit.isSuccess(exit))
              return settleAndRecord(book, call, reservation, chargeForResponse(call, exit.value))
            const outcome = failureOutcome(exit.cause)
            if (outcome === undefined) return settleAndRecord(book, call, reservation, undefined)
            const usage = estimateUsage(call, exit.cause, clock.currentTimeMillisUnsafe() - startedAt)
            return settleAndRecord(book, call, reservation, { outcome, usage, isEstimate: true })
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

/**
 * What is kept of one streamed attempt while it runs, to be settled and
 * entered when it ends.
 *
 * @category constructors
 * @since 0.1.0
 */
export const trackStream = (
  book: AccountingService | undefined,
  call: Call
): Effect.Effect<Required<StreamHooks>, BudgetError> =>
  Effect.map(reserve(call), (reservation) => {
    const transcript = new Transcript()
    const tools = new ToolNames()
    return {
      onEvents: (events) => {
        for (const event of events) {
          transcript.add(event)
          tools.add(event)
        }
      },
      onEnd: (exit) => {
        const outcome = Exit.isSuccess(exit) ? "succeeded" : failureOutcome(exit.cause)
        if (outcome === undefined && transcript.start === undefined) {
          return settleAndRecord(book, call, reservation, undefined)
        }
        const usage = transcript.billedUsage(TokenCount.ofPrompt(call.request))
        return settleAndRecord(book, call, reservation, {
          outcome: outcome ?? "failed",
          usage: Cost.billableUsage(usage, tools.names.values()),
          isEstimate: transcript.usage === undefined
        })
      }
    }
  })

/**
 * Accounts for attempts that give their answer as a stream.
 *
 * @category stages
 * @since 0.1.0
 */
export const withStreamAccounting =
  (book: AccountingService | undefined) =>
  (inner: StreamAttempt): StreamAttempt =>
  (call) =>
    withStreamHooks(() => trackStream(book, call))(inner(call))

/**
 * The stage of the pipeline. It is needed where there is a book or a budget.
 *
 * @category stages
 * @since 0.1.0
 */
export const stage = (book: AccountingService | undefined): Stage => ({
  effect: withAccounting(book),
  stream: withStreamAccounting(book),
  options: { book: book === undefined ? "none" : "kept" }
})
