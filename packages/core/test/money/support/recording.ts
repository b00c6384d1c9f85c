/**
 * A call under an accounting service and a budget that record everything, and
 * what its host answers.
 */
import { Effect } from "effect"
import type { StreamEvent } from "../../../src/models/StreamEvent.ts"
import type { Usage } from "../../../src/models/Usage.ts"
import type { AttemptUsage } from "../../../src/money/Accounting.ts"
import type { Call, CallState } from "../../../src/pipeline/Call.ts"
import * as TokenCount from "../../../src/TokenCount.ts"
import { responseOf, textDelta } from "../../support/responses.ts"

export const request = {
  model: "kimi-k3",
  messages: [{ role: "user", content: "Hi" }],
  max_completion_tokens: 500
} as const
export const prompt = TokenCount.ofPrompt(request)

export const usage: Usage = {
  prompt_tokens: 90,
  completion_tokens: 20,
  total_tokens: 110,
  cached_tokens: 80,
  cache_write_tokens: 0,
  reasoning_tokens: 5
}

export const answer = (isReported: boolean) => responseOf("hello there", isReported ? { usage } : {})

export const start: StreamEvent = { _tag: "Start", id: "1", model: "kimi-k3", created: 1 }
export const text = textDelta("hello there")
export const reported: StreamEvent = { _tag: "Usage", usage }

/** An accounting service and a budget that record everything. */
export const recording = () => {
  const log: Array<string> = []
  const recorded: Array<AttemptUsage> = []
  const accounting = {
    record: (attempt: AttemptUsage) =>
      Effect.sync(() => {
        recorded.push(attempt)
        // An attempt is recorded right after it is settled.
        if (attempt.isEstimate) log.push(`${log.pop()} by estimate`)
      }),
    entries: Effect.succeed([])
  }
  const notes: CallState = {
    budget: {
      reserve: ({ request }) =>
        Effect.sync(() => {
          log.push(`reserve ${request.model}`)
          return {
            settle: (used) =>
              Effect.sync(() => {
                const tokens = used === undefined ? "nothing" : `${used.prompt_tokens}+${used.completion_tokens}`
                log.push(`settle ${tokens}`)
              })
          }
        })
    }
  }
  const call: Call = { account: "account", provider: "moonshot", request, state: notes }
  return { accounting, recorded, call, log }
}

/** The estimated tokens of the answer. */
export const hello = TokenCount.ofText("hello there")
