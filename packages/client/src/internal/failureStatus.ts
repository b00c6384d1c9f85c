/** The HTTP status by which a handler reports an error of a call, before any part of the response was sent. */
import { type Category, table, type Tag } from "@kimi-effect/core/ErrorFacts"
import type { StreamFailure } from "./streamFailure.ts"

/** What is wrong with the account or the configuration is an error of the server and not of its reader. */
const byCategory: { readonly [C in Category]?: number } = {
  network: 502,
  provider: 502,
  stream: 502,
  resource: 502,
  timeout: 504,
  "rate limit": 429,
  quota: 503,
  resilience: 503,
  money: 503,
  cache: 503,
  validation: 400
}

/** Those that mean something else than the rest of their category. */
const byTag: { readonly [T in Tag]?: number } = {
  OverloadedError: 503,
  BudgetExceededError: 429,
  RequestTooLargeError: 413,
  UnsupportedOperationError: 501
}

const isTag = (tag: string): tag is Tag => Object.hasOwn(table, tag)

/** Every other error is one of the program. */
const otherStatus = 500

/** The status of a failure. */
export const statusOf = ({ error }: StreamFailure): number =>
  isTag(error) ? (byTag[error] ?? byCategory[table[error].category] ?? otherStatus) : otherStatus

/** A status that is one of an error; that of an option may be any number. */
export const checkedStatus = (status: number): number =>
  Number.isInteger(status) && status >= 400 && status <= 599 ? status : otherStatus

/** The headers of a failure. Clients of OpenAI's API read `x-should-retry`, and otherwise decide by the status. */
export const failureHeaders = ({ isRetryable, retryAfterMillis }: StreamFailure): Record<string, string> => ({
  "cache-control": "no-store",
  "x-should-retry": `${isRetryable}`,
  ...(retryAfterMillis === undefined ? {} : { "retry-after": `${Math.ceil(retryAfterMillis / 1000)}` })
})
