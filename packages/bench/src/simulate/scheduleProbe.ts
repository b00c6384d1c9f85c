/** Searches random schedules of 50 calls and sends the duration. Fails when one violates a law. */
import * as ScheduleSearch from "@kimi-effect/testing/ScheduleSearch"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

const measure = async (runs: number): Promise<number> => {
  const startedAt = performance.now()
  const found = await Effect.runPromise(ScheduleSearch.search({ seed: 1, runs, calls: 50 }))
  if (Option.isSome(found)) throw new Error(ScheduleSearch.format(found.value))
  return (performance.now() - startedAt) / 1_000
}

const [runs] = process.argv.slice(2).map(Number)

if (process.send !== undefined && runs !== undefined) process.send(await measure(runs))
