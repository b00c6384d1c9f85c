/**
 * Checks that calls succeed by making one. It is the only check that costs
 * money, and it is off unless `paidProbe` is set.
 *
 * The call runs through every stage like any other, so it is accounted for and
 * subject to budget caps; only the cache is bypassed. Prompt and output are
 * short.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as CacheControl from "../../../cache/CacheControl.ts"
import type { ChatError } from "../../../errors/OperationErrors.ts"
import type { ChatRequest } from "../../../models/ChatRequest.ts"
import type { CheckResult, HealthCheck } from "./HealthCheck.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  readonly chat: (request: ChatRequest) => Effect.Effect<unknown, ChatError>
  /** The model that is called. Defaults to the client's default model. */
  readonly model?: string | undefined
  /** How long the result is cached. */
  readonly timeToLive: Duration.Duration
  readonly timeout: Duration.Duration
}

/** Enough for a short response, also of models that reason first. */
const maxTokens = 16

const success: CheckResult = { status: "healthy", code: "Ok", message: "A call succeeded." }

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = ({ chat, timeToLive, model, timeout }: Options): HealthCheck => {
  const request: ChatRequest = {
    ...(model === undefined ? {} : { model }),
    messages: [{ role: "user", content: "ping" }],
    max_completion_tokens: maxTokens
  }
  return {
    name: "chat",
    role: "required",
    timeToLive,
    timeout,
    check: Effect.as(chat(request), success).pipe(
      // Reasoning often uses up so few tokens, but the model did respond.
      Effect.catchTag("ReasoningBudgetExhaustedError", () => Effect.succeed(success)),
      CacheControl.provide({ mode: "bypass" })
    )
  }
}
