/** One contestant: the success rate and the latencies of its calls. */
import { load, type Name } from "./contestants.ts"

export interface Result {
  /** As a fraction. */
  readonly succeeded: number
  /** Mean milliseconds of all calls. */
  readonly mean: number
  /** The 99th percentile in milliseconds. */
  readonly p99: number
}

const inFlight = 64

const measure = async (calls: number, call: () => Promise<unknown>): Promise<Result> => {
  const times: Array<number> = []
  let succeeded = 0
  let left = calls
  const worker = async () => {
    while (left-- > 0) {
      const startedAt = performance.now()
      await call().then(
        () => succeeded++,
        () => undefined
      )
      times.push(performance.now() - startedAt)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
  times.sort((a, b) => a - b)
  return {
    succeeded: succeeded / calls,
    mean: times.reduce((a, b) => a + b, 0) / calls,
    p99: times[Math.floor(calls * 0.99)] ?? Number.NaN
  }
}

const [name, baseUrl = "", calls = ""] = process.argv.slice(2)

if (process.send !== undefined) {
  const contestant = await load(name as Name, baseUrl)
  const result = await measure(Number(calls), contestant.chat)
  await contestant.close()
  process.send(result)
}
