/**
 * A host that counts arriving calls, as Moonshot documents it:
 * concurrent calls, and requests and tokens in every minute and day up
 * to now. It refuses nothing and records everything.
 */
import { Clock, Duration, Effect } from "effect"
import type { RateLimits } from "../../../src/resilience/RateLimits.ts"
import { between, type Chance } from "./chance.ts"

interface Arrival {
  readonly at: number
  readonly tokens: number
}

const minute = 60_000
const day = 24 * 60 * minute

/** Sums what arrived during the last milliseconds. */
const slidingSum = (millis: number, amountOf: (arrival: Arrival) => number) => {
  const inside: Array<Arrival> = []
  let first = 0
  let sum = 0
  return (arrival: Arrival): number => {
    inside.push(arrival)
    sum += amountOf(arrival)
    for (let oldest = inside[first]; oldest !== undefined && oldest.at <= arrival.at - millis; oldest = inside[first]) {
      sum -= amountOf(oldest)
      first += 1
    }
    return sum
  }
}

export const makeHost = (limits: RateLimits) => {
  const arrivals: Array<Arrival> = []
  const broken: Array<string> = []
  const peaks = { concurrency: 0, requestsPerMinute: 0, tokensPerMinute: 0, tokensPerDay: 0 }
  const requests = slidingSum(minute, () => 1)
  const tokensOfMinute = slidingSum(minute, ({ tokens }) => tokens)
  const tokensOfDay = slidingSum(day, ({ tokens }) => tokens)
  let running = 0
  let busy = 0
  let countedUntil = 0

  const see = (name: keyof typeof peaks, value: number, at: number) => {
    peaks[name] = Math.max(peaks[name], value)
    const limit = limits[name]
    if (limit !== undefined && value > limit) broken.push(`${value} ${name} at ${at}`)
  }

  const count = (at: number, change: number) => {
    busy += running * (at - countedUntil)
    countedUntil = at
    running += change
  }

  const arrive = (at: number, tokens: number) => {
    const arrival = { at, tokens }
    arrivals.push(arrival)
    count(at, 1)
    see("concurrency", running, at)
    see("requestsPerMinute", requests(arrival), at)
    see("tokensPerMinute", tokensOfMinute(arrival), at)
    see("tokensPerDay", tokensOfDay(arrival), at)
  }

  return {
    arrivals,
    broken,
    peaks,
    /** The total milliseconds that calls have run. */
    busyUntil: (at: number) => {
      count(at, 0)
      return busy
    },
    /** A call that arrives at the host after up to 900 milliseconds, and takes a while to return. */
    call: (tokens: number, serviceMillis: number, chance: Chance) =>
      Effect.gen(function* () {
        yield* Effect.sleep(Duration.millis(between(chance, 0, 900)))
        arrive(yield* Clock.currentTimeMillis, tokens)
        yield* Effect.ensuring(
          Effect.sleep(Duration.millis(serviceMillis)),
          Effect.map(Clock.currentTimeMillis, (at) => count(at, -1))
        )
        yield* Effect.sleep(Duration.millis(between(chance, 0, 50)))
      })
  }
}
