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
import { ofTokens, type Usage } from "../models/Usage.ts"
import * as Accounting from "../money/Accounting.ts"
import * as Cost from "../money/Cost.ts"
import * as TokenCount from "../money/TokenCount.ts"
import type { Attempt, Call, Reservation, StreamAttempt } from "./Call.ts"
import type { Stage } from "./Pipeline.ts"
import { type Holder, holding } from "./stream/StreamGuard.ts"
import { Transcript } from "./stream/Transcript.ts"

type Book = Accounting.Accounting["Service"]

/** What a model may generate in a second, for answers that nobody saw (a guess on the high side). */
const tokensPerSecond = 100

/** What a whole answer may have cost of which nothing was seen but the error. */
const unseen = ({ request }: Call, cause: Cause.Cause<KimiError>, millis: number): Usage => {
  const prompt = TokenCount.ofPrompt(request)
  const error = Option.getOrUndefined(Cause.findErrorOption(cause))
  if (error?._tag === "ReasoningBudgetExhaustedError" && error.completionTokens !== undefined) {
    return ofTokens(prompt, error.completionTokens)
  }
  const generated = Math.ceil((Math.max(0, millis) / 1000) * tokensPerSecond)
  return ofTokens(prompt, Math.min(generated, TokenCount.maxOutput(request, prompt)) * (request.n ?? 1))
}

/** How an attempt ended that gave no answer; none when it was free. */
const lossOf = (cause: Cause.Cause<KimiError>): Accounting.Outcome | undefined => {
  if (Cause.hasInterrupts(cause)) return "abandoned"
  const error = Cause.findErrorOption(cause)
  return Option.isSome(error) && error.value.billing === "none" ? undefined : "failed"
}

/** What one attempt comes to; nothing when it was free. */
interface Due {
  readonly outcome: Accounting.Outcome
  readonly usage: Cost.Used
  readonly isEstimate: boolean
}

/** Pays, and then enters: a book of the user's must not stand between an attempt and its reservation. */
const charge = (
  book: Book | undefined,
  call: Call,
  reservation: Reservation | undefined,
  due: Due | undefined
): Effect.Effect<void> => {
  const settled =
    reservation === undefined ? Effect.void : reservation.settle(due?.usage, due === undefined || due.isEstimate)
  if (book === undefined || due === undefined) return settled
  return Effect.andThen(
    settled,
    Effect.flatMap(CallOptions, ({ agent, job, tenant }) =>
      Accounting.enter(book, {
        account: call.account,
        provider: call.provider,
        model: call.request.model,
        ...due,
        tags: { tenant, job, agent }
      })
    )
  )
}

const dueForAnswer = (call: Call, response: ChatResponse): Due => {
  const { choices, usage } = response
  const tools = Cost.toolNames(response)
  if (usage !== undefined) return { outcome: "answered", usage: Cost.usedBy(usage, tools), isEstimate: false }
  let completion = 0
  for (const { message } of choices) {
    completion += TokenCount.ofText(message.content) + TokenCount.ofText(message.reasoning_content ?? "")
    for (const tool of message.tool_calls ?? []) completion += TokenCount.ofText(tool.function.arguments)
  }
  const used = Cost.usedBy(ofTokens(TokenCount.ofPrompt(call.request), completion), tools)
  return { outcome: "answered", usage: used, isEstimate: true }
}

const reserve = (call: Call) => call.notes?.purse?.reserve(call) ?? Effect.undefined

/**
 * Accounts for attempts that give a whole answer.
 *
 * @category stages
 * @since 0.1.0
 */
export const withMetering =
  (book: Book | undefined) =>
  (inner: Attempt): Attempt =>
  (call) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(reserve(call), (reservation) =>
        Effect.flatMap(Clock.Clock, (clock) => {
          const startedAt = clock.currentTimeMillisUnsafe()
          return Effect.onExit(restore(inner(call)), (exit) => {
            if (Exit.isSuccess(exit)) return charge(book, call, reservation, dueForAnswer(call, exit.value))
            const outcome = lossOf(exit.cause)
            if (outcome === undefined) return charge(book, call, reservation, undefined)
            const usage = unseen(call, exit.cause, clock.currentTimeMillisUnsafe() - startedAt)
            return charge(book, call, reservation, { outcome, usage, isEstimate: true })
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
export const meter = (book: Book | undefined, call: Call): Effect.Effect<Required<Holder>, BudgetError> =>
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
        const outcome = Exit.isSuccess(exit) ? "answered" : lossOf(exit.cause)
        if (outcome === undefined && transcript.start === undefined) {
          return charge(book, call, reservation, undefined)
        }
        const usage = transcript.billed(TokenCount.ofPrompt(call.request))
        return charge(book, call, reservation, {
          outcome: outcome ?? "failed",
          usage: Cost.usedBy(usage, tools.names.values()),
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
export const withStreamMetering =
  (book: Book | undefined) =>
  (inner: StreamAttempt): StreamAttempt =>
  (call) =>
    holding(() => meter(book, call))(inner(call))

/**
 * The stage of the pipeline. It is needed where there is a book or a budget.
 *
 * @category stages
 * @since 0.1.0
 */
export const stage = (book: Book | undefined): Stage => ({
  effect: withMetering(book),
  stream: withStreamMetering(book),
  options: { book: book === undefined ? "none" : "kept" }
})
