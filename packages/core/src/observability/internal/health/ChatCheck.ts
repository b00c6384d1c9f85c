/**
 * Looks whether calls are answered, by making one. It is the only check that
 * costs money, and nobody makes it unless it was asked for.
 *
 * The call goes through every stage like any other, so it is in the books and
 * under the caps; only the cache is passed by. It says one word and lets the
 * model say little.
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
  /** The model that is asked. Defaults to that of calls that name none. */
  readonly model?: string | undefined
  /** How long the answer holds. */
  readonly timeToLive: Duration.Duration
  readonly timeout: Duration.Duration
}

/** Enough for a word, and for models that think before they say it. */
const maxTokens = 16

const answered: CheckResult = { status: "healthy", code: "Ok", message: "A call was answered." }

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
    check: Effect.as(chat(request), answered).pipe(
      // So few tokens are often used up by thinking: the model was there all the same.
      Effect.catchTag("ReasoningBudgetExhaustedError", () => Effect.succeed(answered)),
      CacheControl.provide({ mode: "bypass" })
    )
  }
}
