/** Which attempts fail, by a seed: the attempts of a call meet the same failures from every client. */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { failureRate } from "./workload.ts"

/** What a host has received. */
export interface Received {
  readonly attempts: number
  /** Calls of which at least one attempt failed. */
  readonly callsWithFailure: number
}

/** The failures of one host. */
export interface Failures {
  /** Counts an attempt of a call, and whether it fails. */
  readonly isNext: (call: number) => boolean
  readonly received: () => Received
}

const maxAttempts = 16

/** The failures of calls with the numbers from 0. */
export const make = (seed: string, calls: number): Effect.Effect<Failures> =>
  Effect.gen(function* () {
    const drawn = new Uint8Array(calls * maxAttempts)
    for (let i = 0; i < drawn.length; i++) drawn[i] = (yield* Random.next) < failureRate ? 1 : 0
    const attempts = new Uint8Array(calls)
    const failed = new Set<number>()
    let received = 0
    return {
      isNext: (call: number) => {
        received++
        const attempt = attempts[call] ?? 0
        attempts[call] = (attempt + 1) % maxAttempts
        if (drawn[call * maxAttempts + attempt] !== 1) return false
        failed.add(call)
        return true
      },
      received: () => ({ attempts: received, callsWithFailure: failed.size })
    }
  }).pipe(Random.withSeed(`${seed} failures`))
