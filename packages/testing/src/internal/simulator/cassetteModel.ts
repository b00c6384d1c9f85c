/** The traffic model of a cassette: its calls in rotation at random times, and the pace of its host. */
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Random from "effect/Random"
import type { Interaction } from "../../cassette/Interaction.ts"
import type { Distribution } from "../../simulator/Distribution.ts"
import type { CassetteOptions, CassetteTraffic, RecordedCall } from "../../simulator/RecordedTraffic.ts"
import * as ArrivalTimes from "./arrivalTimes.ts"
import * as CassetteCalls from "./cassetteCalls.ts"
import { defaultStart } from "./defaultStart.ts"
import { percentilesOf } from "./percentiles.ts"
import * as TypicalSizes from "./typicalSizes.ts"

type CassetteCall = CassetteCalls.CassetteCall

const distributionOf = (values: ReadonlyArray<number>): Distribution | undefined => {
  if (values.length === 0) return undefined
  const { p50, p95 } = percentilesOf(values)
  return { median: p50, p95 }
}

/** A time that was not measurable, because it was shorter than the resolution of the recording. */
const shortest = 1

/** Tokens per second. Responses without tokens or time have no speed. */
const speeds = (calls: ReadonlyArray<CassetteCall>): ReadonlyArray<number> =>
  calls.flatMap(({ pace, sizes }) => {
    const tokens = sizes?.outputTokens ?? 0
    return pace === undefined || tokens === 0 || pace.generation === 0 ? [] : [(tokens / pace.generation) * 1_000]
  })

const hostOf = (calls: ReadonlyArray<CassetteCall>): CassetteTraffic["host"] => {
  const timed = calls.filter(({ pace }) => pace !== undefined)
  const streams = timed.filter(({ pace }) => pace?.firstToken !== undefined)
  const measured = streams.length > 0 ? streams : timed
  const firstToken = distributionOf(measured.map(({ pace }) => Math.max(shortest, pace?.firstToken ?? shortest)))
  const tokensPerSecond = distributionOf(speeds(measured))
  return {
    ...(firstToken === undefined ? {} : { firstToken }),
    ...(tokensPerSecond === undefined ? {} : { tokensPerSecond })
  }
}

const issuesOf = (
  calls: ReadonlyArray<CassetteCall>,
  { calls: count, duration = "24 hours", start, weights = ArrivalTimes.workingDay }: CassetteOptions
): ConfigurationError["issues"] => {
  const millis = Option.getOrElse(Option.map(Duration.fromInput(duration), Duration.toMillis), () => Number.NaN)
  const isPositive = weights.every((weight) => Number.isFinite(weight) && weight >= 0) && weights.some((one) => one > 0)
  const checks: ReadonlyArray<readonly [isGood: boolean, name: string, expected: string]> = [
    [calls.length > 0, "cassette", "at least one chat completion"],
    [
      calls.length === 0 || calls.some(({ sizes }) => sizes !== undefined),
      "cassette",
      "at least one chat completion with usage; all of them failed or were not read to their end"
    ],
    [count === undefined || (Number.isInteger(count) && count > 0), "calls", "a whole number greater than zero"],
    [millis > 0 && Number.isFinite(millis), "duration", "a finite duration over zero"],
    [isPositive, "weights", "weights of at least 0, at least one of them greater than 0"],
    [start === undefined || Number.isFinite(Date.parse(start)), "start", "a date and time in ISO 8601"]
  ]
  return checks.filter(([isGood]) => !isGood).map(([, name, expected]) => ({ name, expected }))
}

export const make = (
  interactions: ReadonlyArray<Interaction>,
  options: CassetteOptions,
  random: Random.Random
): Effect.Effect<CassetteTraffic, ConfigurationError> =>
  Effect.suspend(() => {
    const recorded = CassetteCalls.read(interactions)
    const issues = issuesOf(recorded, options)
    if (issues.length > 0) return Effect.fail(ConfigurationError.of(issues))
    const { calls: count = recorded.length, duration = "24 hours", weights = ArrivalTimes.workingDay } = options
    const start = options.start === undefined ? defaultStart : Date.parse(options.start)
    const typical = TypicalSizes.make(
      recorded.flatMap(({ model, sizes }) => (sizes === undefined ? [] : [{ model, sizes }]))
    )
    const times = ArrivalTimes.draw(weights, count, Duration.toMillis(duration), random)
    const calls: Array<RecordedCall> = []
    let unsized = 0
    for (let round = 0; calls.length < count; round++) {
      for (const call of recorded.slice(0, count - calls.length)) {
        const { isStream, maxCompletionTokens, model, prompt, sizes } = call
        if (sizes === undefined) unsized += 1
        calls.push({
          startedAt: start + (times[calls.length] ?? 0),
          isStream,
          model,
          ...(sizes ?? typical(model)),
          ...(maxCompletionTokens === undefined ? {} : { maxCompletionTokens }),
          prompt: `${round}${prompt}`
        })
      }
    }
    return Effect.succeed({
      calls,
      unsized,
      ignored: { damaged: 0, repeated: 0, dropped: 0 },
      host: hostOf(recorded)
    })
  })
