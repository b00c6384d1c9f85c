/**
 * Fuzzes the mapping of responses that are not a success. An input is a
 * response as HTTP/1 sends it: a status, header lines, an empty line, the body.
 */
import { isKimiError } from "@kimi-effect/core/KimiError"
import { type ErrorResponse, errorResponses } from "@kimi-effect/testing/ErrorResponses"
import * as Fixtures from "@kimi-effect/testing/node/Fixtures"
import * as Duration from "effect/Duration"
import * as Headers from "effect/http/Headers"
import { fromStatus } from "../../packages/client/src/internal/mapError.ts"
import { parseRateStatus } from "../../packages/client/src/internal/rateLimitHeaders.ts"
import { expect, type Target, toBytes, toText } from "./Target.ts"

const secret = "sk-fuzz-0123456789"
const messages = [{ role: "user" as const, content: "What is the capital of France?" }]
const context = { provider: "moonshot", isMoonshot: true, model: "kimi-k3", secret, messages }
const now = Date.UTC(2026, 0, 1)

const statusOf = (text: string): number => {
  const status = Number.parseInt(text, 10)
  return status >= 100 && status <= 999 ? status : 400
}

const parse = (text: string) => {
  const end = text.indexOf("\n\n")
  const [first = "", ...lines] = (end < 0 ? text : text.slice(0, end)).split("\n")
  const pairs = lines.map((line): [string, string] => {
    const colon = line.indexOf(":")
    return colon < 0 ? [line, ""] : [line.slice(0, colon), line.slice(colon + 1).trim()]
  })
  return { status: statusOf(first), headers: Headers.fromInput(pairs), body: end < 0 ? "" : text.slice(end + 2) }
}

const isWait = (wait: Duration.Duration): boolean => Duration.toMillis(wait) >= 0

const run = (input: Uint8Array): void => {
  const response = parse(toText(input))
  const rate = parseRateStatus(response.headers)
  expect(
    Object.values(rate ?? {}).every((value) => Number.isFinite(value) && value >= 0),
    () => `the rate status is ${JSON.stringify(rate)}`
  )
  const error = fromStatus({ ...response, now }, context)
  expect(isKimiError(error), () => `not an error of the library: ${String(error)}`)
  expect(!JSON.stringify(error).includes(secret), () => "the error contains the key")
  if ("retryAfter" in error && error.retryAfter !== undefined) {
    expect(isWait(error.retryAfter), () => "the error has an invalid wait")
  }
}

const sample = (status: number, headers: { readonly [name: string]: string }, body: string): Uint8Array => {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\n`)
  return toBytes(`${status}\n${lines.join("")}\n${body}`)
}

export const failedResponses: Target = {
  name: "failed responses",
  samples: [
    ...Fixtures.exchangeNames.map((name) => {
      const { body, headers, status } = Fixtures.exchange(name)
      return sample(status, headers, JSON.stringify(body))
    }),
    ...Object.values<ErrorResponse>(errorResponses).map(({ body, headers, message, status, type }) =>
      sample(status, headers ?? {}, body ?? JSON.stringify({ error: { message, type } }))
    )
  ],
  tokens: [
    "200",
    "302",
    "400",
    "401",
    "403",
    "404",
    "413",
    "429",
    "499",
    "500",
    "502",
    "503",
    "504",
    "529",
    "999",
    "\nretry-after: ",
    "\nx-retry-after: 1e309",
    "\nmsh-cooldown-seconds: -1",
    "\nlocation: http://",
    "\n\n",
    "\nx-ratelimit-remaining: ",
    "\nx-ratelimit-reset: 6m0s",
    "\ncontent-type: text/html",
    "\nmsh-request-id: ",
    "Thu, 01 Jan 2026 00:00:10 GMT",
    "99999999999999",
    "after 5 seconds",
    "current: 7",
    "limit: 3",
    "token",
    '{"error":"',
    '{"error":{"message":"',
    '"type":"engine_overloaded_error"',
    "insufficient balance",
    secret,
    "What is the capital",
    "sk-",
    "Bearer ",
    "org-",
    "\u0000",
    "\ud800",
    "<html>"
  ],
  run
}
