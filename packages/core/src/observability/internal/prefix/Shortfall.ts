/**
 * How many tokens of a prompt the host should have read from its cache and did
 * not, and why.
 *
 * @since 0.1.0
 */
import type { Usage } from "../../../models/Usage.ts"
import { type Difference, difference, type Fingerprint } from "./Fingerprint.ts"
import type { AnsweredRequest } from "./PrefixHistory.ts"

/** The cache works in steps of so many tokens (source: measurements on Moonshot's coding host). */
const step = 256

/** The last tokens of a prompt open the response, and others follow in the next prompt. An assumption, rather too high. */
const openingTokens = 16

/**
 * Why the cache was not used: a section of the request changed, the prompt had
 * expired, or for a reason that only the host knows.
 *
 * @category models
 * @since 0.1.0
 */
export type Reason = Difference["section"] | "expired" | "unexplained"

/**
 * @category models
 * @since 0.1.0
 */
export interface Shortfall {
  readonly reason: Reason
  /** The position of the message that changed, if one did. */
  readonly message: number | undefined
  /** The tokens that would have been read from the cache if nothing had changed. */
  readonly expectedTokens: number
  /** The difference to those that were. */
  readonly lostTokens: number
}

/** The tokens of a prompt that a cache keeps: whole steps. */
const cacheableTokens = (promptTokens: number): number =>
  Math.max(0, Math.floor((promptTokens - openingTokens) / step) * step)

/**
 * Compares the usage of a request with that of the previous one of its
 * conversation; none if the cache was used as far as it can be.
 *
 * @category constructors
 * @since 0.1.0
 */
export const of = (
  next: Fingerprint,
  usage: Usage,
  previous: AnsweredRequest,
  startedAt: number
): Shortfall | undefined => {
  const expectedTokens = cacheableTokens(Math.min(previous.promptTokens, usage.prompt_tokens))
  const lostTokens = expectedTokens - usage.cached_tokens
  if (lostTokens < step) return undefined
  const changed = difference(next, previous.fingerprint)
  const isExpired = startedAt - previous.at >= previous.timeToLive
  return {
    reason: changed?.section ?? (isExpired ? "expired" : "unexplained"),
    message: changed !== undefined && "index" in changed ? changed.index : undefined,
    expectedTokens,
    lostTokens
  }
}
