/** Assertions on what a provider has received. Each dies with an error that shows what it has received instead. */
import type { Attempt } from "./Engine.ts"
import * as Effect from "effect/Effect"
import type { ReceivedRequest, RequestPredicate } from "../../Script.ts"
import { toPredicate } from "../../Script.ts"
import { formatCosts, type Statistics } from "./Statistics.ts"

/** A failed assertion, under the name by which test runners know it. */
const failed = (expected: string, actual: string): Effect.Effect<never> => {
  const error = new Error(`MockProvider: expected ${expected}\n${actual}`)
  error.name = "AssertionError"
  return Effect.die(error)
}

/** Longest text of one request in a message, in characters. */
const maxText = 400

const shorten = (text: string): string => (text.length > maxText ? `${text.slice(0, maxText)}…` : text)

const describe = ({ number, operation, request }: ReceivedRequest): string =>
  `  ${number}. ${operation} ${shorten(JSON.stringify(request))}`

const describeAll = (requests: ReadonlyArray<ReceivedRequest>): string =>
  requests.length === 0 ? "but it received no request" : `but it received\n${requests.map(describe).join("\n")}`

const describePredicate = (predicate: RequestPredicate): string =>
  typeof predicate === "function" ? "that the predicate accepts" : `with ${JSON.stringify(predicate)}`

/** At least one request matches. */
export const received = (requests: ReadonlyArray<ReceivedRequest>, predicate: RequestPredicate): Effect.Effect<void> =>
  requests.some(toPredicate(predicate))
    ? Effect.void
    : failed(`a request ${describePredicate(predicate)},`, describeAll(requests))

/** No request contains a text, in any member. */
export const neverSent = (requests: ReadonlyArray<ReceivedRequest>, text: string): Effect.Effect<void> => {
  // Texts are escaped in JSON.
  const escaped = JSON.stringify(text).slice(1, -1)
  const found = requests.filter(({ request }) => JSON.stringify(request).includes(escaped))
  return found.length === 0
    ? Effect.void
    : failed(`that no request contains ${JSON.stringify(text)},`, describeAll(found))
}

/** Exactly `count` attempts have been made. */
export const attempts = (made: ReadonlyArray<Attempt>, count: number): Effect.Effect<void> => {
  if (made.length === count) return Effect.void
  const outcomes = made.map(
    ({ outcome, received }) => `  ${received.number}. ${received.operation}: ${outcome ?? "running"}`
  )
  return failed(`${count} attempts,`, [`but there were ${made.length}`, ...outcomes].join("\n"))
}

/** The responses have cost exactly this amount. */
export const costs = ({ costs, tokens }: Statistics, amount: string): Effect.Effect<void> => {
  const actual = formatCosts(costs)
  return actual === amount
    ? Effect.void
    : failed(
        `a cost of ${amount},`,
        `but it was ${actual} for ${tokens.prompt} prompt tokens (${tokens.cached} cached) and ${tokens.completion} completion tokens`
      )
}
