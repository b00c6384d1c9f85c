/** The outcome of one attempt at the virtual host, drawn at its start. */
import type { ChatError, StreamError } from "@kimi-effect/core/OperationErrors"
import { RateLimitError } from "@kimi-effect/core/RateLimitErrors"
import * as Duration from "effect/Duration"
import type * as Random from "effect/Random"
import * as Distribution from "../../simulator/Distribution.ts"
import * as FaultScript from "../../simulator/FaultScript.ts"
import * as ConnectionFaults from "./connectionFaults.ts"
import type { HostErrors } from "./hostErrors.ts"

/** All times are milliseconds from the start of the attempt. */
export interface Plan {
  /** Time of the first token; infinite when there is none. */
  readonly firstToken: number
  /** Time at which the whole response would be complete. */
  readonly complete: number
  /** End of the attempt, successful or not; infinite when the host hangs. */
  readonly end: number
  /** Time from which the host sends nothing more without ending the attempt; infinite when it does not stall. */
  readonly stalledFrom: number
  /** Absent when the attempt succeeds. */
  readonly error: (ChatError & StreamError) | undefined
  /** The error of a stream, where it is another. */
  readonly streamError?: StreamError | undefined
}

/** The inputs that all plans of a host share. */
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
  readonly isStream: boolean
  readonly outputTokens: number
  readonly errors: HostErrors
}

const never = Number.POSITIVE_INFINITY

const hangingPlan: Plan = { firstToken: never, complete: never, end: never, stalledFrom: 0, error: undefined }

/** A rejection before any work. */
export const rejection = (error: ChatError & StreamError, roundTrip: number): Plan => ({
  firstToken: never,
  complete: never,
  end: roundTrip,
  stalledFrom: never,
  error
})

/** The rejection of an attempt by the current faults, before its limits are counted. */
export const earlyRejection = (
  inputs: PlanInputs,
  conditions: FaultScript.Conditions,
  errors: HostErrors
): Plan | undefined => {
  if (conditions.outage === "hang") return hangingPlan
  if (conditions.outage === "refuse") {
    return rejection(errors.refused, inputs.roundTrip)
  }
  if (conditions.rejectionRate > 0 && inputs.random.nextDoubleUnsafe() < conditions.rejectionRate) {
    return rejection(
      new RateLimitError({
        ...errors.target,
        message: "Organization Rate limit exceeded",
        status: 429,
        kind: "unknown",
        retryAfter: Duration.millis(conditions.retryAfter)
      }),
      inputs.roundTrip
    )
  }
  return undefined
}

type Tag = keyof FaultScript.FailureMix

/** A failure mix as tags with their cumulative probabilities. */
export type CumulativeWeights = ReadonlyArray<readonly [tag: Tag, upTo: number]>

/** Prepares a failure mix for drawing. */
export const cumulativeWeights = (mix: FaultScript.FailureMix): CumulativeWeights => {
  const entries = Object.entries(mix) as ReadonlyArray<readonly [Tag, number]>
  const total = entries.reduce((sum, [, weight]) => sum + weight, 0)
  let upTo = 0
  return entries.map(([tag, weight]) => [tag, (upTo += weight / total)])
}

const pick = (draws: CumulativeWeights, chance: number): Tag =>
  draws.find(([, upTo]) => chance < upTo)?.[0] ?? "ServerError"

/** The plan of a random failure. */
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

/** The plan of an attempt admitted at `now`, in milliseconds from the start. */
export const make = (
  inputs: PlanInputs,
  conditions: FaultScript.Conditions,
  attempt: AttemptInput,
  now: number
): Plan => {
  const { random } = inputs
  const firstToken = Math.ceil(Distribution.draw(random, inputs.firstToken) * conditions.slowdown)
  const pace = Distribution.draw(random, inputs.tokensPerSecond) / conditions.slowdown
  const complete = firstToken + Math.ceil((attempt.outputTokens / pace) * 1_000)
  const whole: Plan = { firstToken, complete, end: complete, stalledFrom: never, error: undefined }
  const isFailing = random.nextDoubleUnsafe() < Math.max(inputs.failureRate, conditions.failureRate)
  // Drawn in either case, so that a failure does not change later draws.
  const chance = random.nextDoubleUnsafe()
  const broken = conditions.connections.find(({ rate }) => random.nextDoubleUnsafe() < rate)
  const plan =
    broken !== undefined
      ? ConnectionFaults.apply(broken.fault, whole, attempt, inputs.roundTrip)
      : isFailing
        ? failedPlan(pick(inputs.failureWeights, chance), whole, attempt, inputs)
        : whole
  const outage = FaultScript.outageWithin(inputs.periods, now, now + plan.end)
  if (outage === undefined) return plan
  const end = outage.at - now
  const hasBegun = end > plan.firstToken
  if (outage.mode === "hang") {
    return { ...plan, firstToken: hasBegun ? plan.firstToken : never, end: never, stalledFrom: end, error: undefined }
  }
  return { ...plan, end, error: attempt.errors.lost, streamError: undefined }
}
