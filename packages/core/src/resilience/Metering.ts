/**
 * Enters every attempt into the account book: what the host reported, or an
 * estimate where it could not, because the attempt failed or its caller left.
 *
 * An attempt that the host certainly does not charge is not entered. A caller
 * that leaves before the request was sent cannot be told from one that leaves
 * after it, and is entered for the prompt.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { KimiError } from "../errors/KimiError.ts"
import type { ChatResponse } from "../models/ChatResponse.ts"
import type { Usage } from "../models/Usage.ts"
import type { Accounting, Outcome } from "../money/Accounting.ts"
import * as TokenCount from "../money/TokenCount.ts"
import type { Attempt, Call, StreamAttempt } from "./Call.ts"
import { holding } from "./stream/StreamGuard.ts"
import { Transcript } from "./stream/Transcript.ts"

type Book = Accounting["Service"]

/** What a model may generate in a second, for answers that nobody saw (a guess on the high side). */
const tokensPerSecond = 100

const estimate = (prompt: number, completion: number): Usage => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
  total_tokens: prompt + completion,
  cached_tokens: 0,
  cache_write_tokens: 0,
  reasoning_tokens: 0
})

/** What a whole answer may have cost of which nothing was seen. */
const unseen = ({ request }: Call, millis: number): Usage => {
  const prompt = TokenCount.ofPrompt(request)
  const generated = Math.ceil((millis / 1000) * tokensPerSecond)
  return estimate(prompt, Math.min(generated, TokenCount.maxOutput(request, prompt)))
}

/** How an attempt ended that gave no answer; none when it was free. */
const lossOf = (cause: Cause.Cause<KimiError>): Outcome | undefined => {
  if (Cause.hasInterrupts(cause)) return "abandoned"
  const error = Cause.findErrorOption(cause)
  return Option.isSome(error) && error.value.billing === "none" ? undefined : "failed"
}

const enter = (book: Book, call: Call, outcome: Outcome, usage: Usage, isEstimate: boolean): Effect.Effect<void> =>
  book.record({
    account: call.account,
    provider: call.provider,
    model: call.request.model,
    outcome,
    usage,
    isEstimate
  })

const enterAnswer = (book: Book, call: Call, { choices, usage }: ChatResponse): Effect.Effect<void> => {
  if (usage !== undefined) return enter(book, call, "answered", usage, false)
  let completion = 0
  for (const { message } of choices) {
    completion += TokenCount.ofText(message.content) + TokenCount.ofText(message.reasoning_content ?? "")
    for (const tool of message.tool_calls ?? []) completion += TokenCount.ofText(tool.function.arguments)
  }
  return enter(book, call, "answered", estimate(TokenCount.ofPrompt(call.request), completion), true)
}

/**
 * Accounts for attempts that give a whole answer.
 *
 * @category stages
 * @since 0.1.0
 */
export const withMetering =
  (book: Book) =>
  (inner: Attempt): Attempt =>
  (call) =>
    Effect.flatMap(Clock.Clock, (clock) => {
      const startedAt = clock.currentTimeMillisUnsafe()
      return Effect.onExit(inner(call), (exit) => {
        if (Exit.isSuccess(exit)) return enterAnswer(book, call, exit.value)
        const loss = lossOf(exit.cause)
        return loss === undefined
          ? Effect.void
          : enter(book, call, loss, unseen(call, clock.currentTimeMillisUnsafe() - startedAt), true)
      })
    })

/**
 * Accounts for attempts that give their answer as a stream.
 *
 * @category stages
 * @since 0.1.0
 */
export const withStreamMetering =
  (book: Book) =>
  (inner: StreamAttempt): StreamAttempt =>
  (call) =>
    holding(() =>
      Effect.sync(() => {
        const transcript = new Transcript()
        return {
          onEvents: (events) => {
            for (const event of events) transcript.add(event)
          },
          onEnd: (exit) => {
            const outcome = Exit.isSuccess(exit) ? "answered" : lossOf(exit.cause)
            if (outcome === undefined && transcript.start === undefined) return Effect.void
            const usage = transcript.billed(TokenCount.ofPrompt(call.request))
            return enter(book, call, outcome ?? "failed", usage, transcript.usage === undefined)
          }
        }
      })
    )(inner(call))
