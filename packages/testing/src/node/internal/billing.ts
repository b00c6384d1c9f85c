/** What a host bills for a response. */
import * as Result from "effect/Result"
import * as Predicate from "effect/Predicate"
import type { RenderedReply } from "../../internal/wirePlan.ts"
import * as SseText from "../../SseText.ts"
import type { BilledTokens } from "../HostLedger.ts"

export const nothing: BilledTokens = { prompt_tokens: 0, cached_tokens: 0, completion_tokens: 0 }

export const add = (a: BilledTokens, b: BilledTokens): BilledTokens => ({
  prompt_tokens: a.prompt_tokens + b.prompt_tokens,
  cached_tokens: a.cached_tokens + b.cached_tokens,
  completion_tokens: a.completion_tokens + b.completion_tokens
})

type Members = { readonly [name: string]: unknown }

const membersOf = (value: unknown): Members => (Predicate.isObject(value) ? value : {})

const parse = (text: string): Members =>
  membersOf(Result.getOrUndefined(Result.try((): unknown => JSON.parse(text.replace(/^data: ?/, "")))))

const choicesOf = ({ choices }: Members): ReadonlyArray<Members> =>
  (Array.isArray(choices) ? choices : []).map(membersOf)

const count = (value: unknown): number => (typeof value === "number" && value > 0 ? value : 0)

/** Top-level or in the first choice; later ones replace earlier ones, because streams repeat the usage. */
const usageIn = (events: ReadonlyArray<Members>): BilledTokens | undefined => {
  let found: BilledTokens | undefined
  for (const event of events) {
    const usage = event["usage"] ?? choicesOf(event)[0]?.["usage"]
    if (!Predicate.isObject(usage)) continue
    const members = membersOf(usage)
    found = {
      prompt_tokens: count(members["prompt_tokens"]),
      cached_tokens: count(members["cached_tokens"] ?? membersOf(members["prompt_tokens_details"])["cached_tokens"]),
      completion_tokens: count(members["completion_tokens"])
    }
  }
  return found
}

const isOutput = ({ delta }: Members): boolean =>
  ["content", "reasoning_content", "tool_calls"].some((name) => {
    const value = membersOf(delta)[name]
    return value !== undefined && value !== null && value !== ""
  })

/** The tokens of a reply of which `sent` was sent. */
export const billedFor = (reply: RenderedReply, sent: string): BilledTokens => {
  const usage = usageIn(reply.events.map(parse)) ?? nothing
  // A response that is not streamed is generated before its head is sent.
  if (!reply.isStream) return usage
  const sentEvents = SseText.split(sent).map(parse)
  if (sent.includes(SseText.done) || usageIn(sentEvents) !== undefined) return usage
  const emitted = sentEvents.filter((event) => choicesOf(event).some(isOutput)).length
  return { ...usage, completion_tokens: Math.min(usage.completion_tokens, emitted) }
}
