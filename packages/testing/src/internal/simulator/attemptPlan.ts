/** What will become of one attempt at the virtual host, decided from chance when it comes in. */
import type { ChatError, StreamError } from "@kimi-effect/core/errors/OperationErrors"
import { RateLimitError } from "@kimi-effect/core/errors/RateLimitErrors"
import * as Duration from "effect/Duration"
import type * as Random from "effect/Random"
import * as Distribution from "../../simulator/Distribution.ts"
import * as FaultScript from "../../simulator/FaultScript.ts"
import type { HostErrors } from "./hostErrors.ts"

/** All times are milliseconds from the beginning of the attempt. */
export interface Plan {
  /** When the answer begins; infinite when it never does. */
  readonly firstToken: number
  /** When a whole answer would be complete. */
  readonly complete: number
  /** When the attempt ends, well or not; infinite when the host hangs. */
  readonly end: number
  /** When the host falls silent without ending the attempt; infinite when it does not. */
  readonly silentFrom: number
  /** How it fails; absent when it does not. */
  readonly error: (ChatError & StreamError) | undefined
}

/** What the plans of one host are made from. */
export interface Terms {
  readonly random: Random.Random
  readonly firstToken: Distribution.Distribution
  readonly tokensPerSecond: Distribution.Distribution
  readonly failureRate: number
  readonly draws: Draws
  readonly roundTrip: number
  readonly periods: ReadonlyArray<FaultScript.Period>
}

export interface Asked {
  readonly outputTokens: number
  readonly errors: HostErrors
}

const never = Number.POSITIVE_INFINITY

const hanging: Plan = { firstToken: never, complete: never, end: never, silentFrom: 0, error: undefined }

/** A refusal before any work. */
export const refusal = (error: ChatError & StreamError, roundTrip: number): Plan => ({
  firstToken: never,
  complete: never,
  end: roundTrip,
  silentFrom: never,
  error
})

/** What the conditions of the moment refuse before anything is counted. */
export const atTheGate = (terms: Terms, conditions: FaultScript.Conditions, errors: HostErrors): Plan | undefined => {
  if (conditions.outage === "hang") return hanging
  if (conditions.outage === "refuse") {
    return refusal(errors.refused, terms.roundTrip)
  }
  if (conditions.refused > 0 && terms.random.nextDoubleUnsafe() < conditions.refused) {
    return refusal(
      new RateLimitError({
        ...errors.origin,
        message: "Organization Rate limit exceeded",
        status: 429,
        kind: "unknown",
        retryAfter: Duration.millis(conditions.retryAfter)
      }),
      terms.roundTrip
    )
  }
  return undefined
}

type Tag = keyof FaultScript.FailureMix

/** A failure mix as tags with the share of chance up to which each is drawn. */
export type Draws = ReadonlyArray<readonly [tag: Tag, upTo: number]>

/** Prepares a mix, which every attempt draws from. */
export const drawsOf = (mix: FaultScript.FailureMix): Draws => {
  const entries = Object.entries(mix) as ReadonlyArray<readonly [Tag, number]>
  const total = entries.reduce((sum, [, weight]) => sum + weight, 0)
  let upTo = 0
  return entries.map(([tag, weight]) => [tag, (upTo += weight / total)])
}

const pick = (draws: Draws, chance: number): Tag => draws.find(([, upTo]) => chance < upTo)?.[0] ?? "ServerError"

/** A failure by chance. */
const failing = (tag: Tag, whole: Plan, { errors }: Asked, { random, roundTrip }: Terms): Plan => {
  switch (tag) {
    case "ServerError":
      return refusal(errors.failed, whole.firstToken)
    case "ServiceUnavailableError":
      return refusal(errors.unavailable, roundTrip)
    case "OverloadedError":
      return refusal(errors.overloaded, roundTrip)
    case "ConnectionLostError":
      return { ...whole, end: whole.firstToken, error: errors.lost }
    case "StreamInterruptedError": {
      const end = Math.ceil(whole.firstToken + random.nextDoubleUnsafe() * (whole.complete - whole.firstToken))
      return { ...whole, end, error: errors.lost }
    }
  }
}

/** What becomes of an attempt that was let in at `now`, milliseconds from the start. */
export const make = (terms: Terms, conditions: FaultScript.Conditions, asked: Asked, now: number): Plan => {
  const { random } = terms
  const firstToken = Math.ceil(Distribution.draw(random, terms.firstToken) * conditions.slowdown)
  const pace = Distribution.draw(random, terms.tokensPerSecond) / conditions.slowdown
  const complete = firstToken + Math.ceil((asked.outputTokens / pace) * 1_000)
  const whole: Plan = { firstToken, complete, end: complete, silentFrom: never, error: undefined }
  const isFailing = random.nextDoubleUnsafe() < Math.max(terms.failureRate, conditions.failureRate)
  // Drawn either way, so that what fails does not change what comes after it.
  const chance = random.nextDoubleUnsafe()
  const plan = isFailing ? failing(pick(terms.draws, chance), whole, asked, terms) : whole
  const outage = FaultScript.outageWithin(terms.periods, now, now + plan.end)
  if (outage === undefined) return plan
  const end = outage.at - now
  const hasBegun = end > plan.firstToken
  if (outage.mode === "hang") {
    return { ...plan, firstToken: hasBegun ? plan.firstToken : never, end: never, silentFrom: end, error: undefined }
  }
  return { ...plan, end, error: asked.errors.lost }
}
