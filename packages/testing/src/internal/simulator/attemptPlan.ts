/** What will become of one attempt at the virtual host, decided from chance when it comes in. */
import type { ChatError, StreamError } from "@kimi-effect/core/OperationErrors"
import { RateLimitError } from "@kimi-effect/core/RateLimitErrors"
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
  readonly stalledFrom: number
  /** How it fails; absent when it does not. */
  readonly error: (ChatError & StreamError) | undefined
}

/** What the plans of one host are made from. */
export interface PlanInputs {
  readonly random: Random.Random
  readonly firstToken: Distribution.Distribution
  readonly tokensPerSecond: Distribution.Distribution
  readonly failureRate: number
  readonly failureWeights: CumulativeWeights
  readonly roundTrip: number
  readonly periods: ReadonlyArray<FaultScript.Period>
}

export interface AttemptInput {
  readonly outputTokens: number
  readonly errors: HostErrors
}

const never = Number.POSITIVE_INFINITY

const hangingPlan: Plan = { firstToken: never, complete: never, end: never, stalledFrom: 0, error: undefined }

/** A refusal before any work. */
export const rejection = (error: ChatError & StreamError, roundTrip: number): Plan => ({
  firstToken: never,
  complete: never,
  end: roundTrip,
  stalledFrom: never,
  error
})

/** What the conditions of the moment refuse before anything is counted. */
export const earlyRejection = (
  terms: PlanInputs,
  conditions: FaultScript.Conditions,
  errors: HostErrors
): Plan | undefined => {
  if (conditions.outage === "hang") return hangingPlan
  if (conditions.outage === "refuse") {
    return rejection(errors.refused, terms.roundTrip)
  }
  if (conditions.rejectionRate > 0 && terms.random.nextDoubleUnsafe() < conditions.rejectionRate) {
    return rejection(
      new RateLimitError({
        ...errors.target,
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
export type CumulativeWeights = ReadonlyArray<readonly [tag: Tag, upTo: number]>

/** Prepares a mix, which every attempt draws from. */
export const cumulativeWeights = (mix: FaultScript.FailureMix): CumulativeWeights => {
  const entries = Object.entries(mix) as ReadonlyArray<readonly [Tag, number]>
  const total = entries.reduce((sum, [, weight]) => sum + weight, 0)
  let upTo = 0
  return entries.map(([tag, weight]) => [tag, (upTo += weight / total)])
}

const pick = (draws: CumulativeWeights, chance: number): Tag =>
  draws.find(([, upTo]) => chance < upTo)?.[0] ?? "ServerError"

/** A failure by chance. */
const failedPlan = (tag: Tag, whole: Plan, { errors }: AttemptInput, { random, roundTrip }: PlanInputs): Plan => {
  switch (tag) {
    case "ServerError":
      return rejection(errors.failed, whole.firstToken)
    case "ServiceUnavailableError":
      return rejection(errors.unavailable, roundTrip)
    case "OverloadedError":
      return rejection(errors.overloaded, roundTrip)
    case "ConnectionLostError":
      return { ...whole, end: whole.firstToken, error: errors.lost }
    case "StreamInterruptedError": {
      const end = Math.ceil(whole.firstToken + random.nextDoubleUnsafe() * (whole.complete - whole.firstToken))
      return { ...whole, end, error: errors.lost }
    }
  }
}

/** What becomes of an attempt that was let in at `now`, milliseconds from the start. */
export const make = (terms: PlanInputs, conditions: FaultScript.Conditions, asked: AttemptInput, now: number): Plan => {
  const { random } = terms
  const firstToken = Math.ceil(Distribution.draw(random, terms.firstToken) * conditions.slowdown)
  const pace = Distribution.draw(random, terms.tokensPerSecond) / conditions.slowdown
  const complete = firstToken + Math.ceil((asked.outputTokens / pace) * 1_000)
  const whole: Plan = { firstToken, complete, end: complete, stalledFrom: never, error: undefined }
  const isFailing = random.nextDoubleUnsafe() < Math.max(terms.failureRate, conditions.failureRate)
  // Drawn either way, so that what fails does not change what comes after it.
  const chance = random.nextDoubleUnsafe()
  const plan = isFailing ? failedPlan(pick(terms.failureWeights, chance), whole, asked, terms) : whole
  const outage = FaultScript.outageWithin(terms.periods, now, now + plan.end)
  if (outage === undefined) return plan
  const end = outage.at - now
  const hasBegun = end > plan.firstToken
  if (outage.mode === "hang") {
    return { ...plan, firstToken: hasBegun ? plan.firstToken : never, end: never, stalledFrom: end, error: undefined }
  }
  return { ...plan, end, error: asked.errors.lost }
}
