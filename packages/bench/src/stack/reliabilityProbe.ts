/** The success rate and latency of one client with default settings on a host that fails. */
import { KimiClient } from "@kimi-effect/client"
import { KimiNode } from "@kimi-effect/client/node"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import OpenAI from "openai"
import { apiKey, messages, model } from "../transport/Contestant.ts"

/** The contestants. */
export const names = ["kimi-effect", "openai"] as const

export type Name = (typeof names)[number]

export interface Result {
  readonly succeeded: number
  /** Mean milliseconds of all calls. */
  readonly mean: number
  /** The 99th percentile in milliseconds. */
  readonly p99: number
}

const inFlight = 64

/** Makes the calls with limited concurrency. */
const measure = async (calls: number, call: () => Promise<boolean>): Promise<Result> => {
  const times: Array<number> = []
  let succeeded = 0
  let left = calls
  const worker = async () => {
    while (left-- > 0) {
      const start = performance.now()
      if (await call()) succeeded++
      times.push(performance.now() - start)
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

const contestants: { readonly [N in Name]: (baseUrl: string, calls: number) => Promise<Result> } = {
  "kimi-effect": (baseUrl, calls) =>
    Effect.runPromise(
      Effect.gen(function* () {
        const kimi = yield* KimiClient.KimiClient
        const run = Effect.runPromiseWith(yield* Effect.context<never>())
        return yield* Effect.promise(() => measure(calls, () => run(Effect.isSuccess(kimi.chat({ model, messages })))))
      }).pipe(Effect.provide(KimiNode.layer({ apiKey: Redacted.make(apiKey), baseUrl })))
    ),
  openai: (baseURL, calls) => {
    const client = new OpenAI({ baseURL, apiKey })
    return measure(calls, () =>
      client.chat.completions.create({ model, messages }).then(
        () => true,
        () => false
      )
    )
  }
}

const [name, baseUrl = "", calls = ""] = process.argv.slice(2)

if (process.send !== undefined) process.send(await contestants[name as Name](baseUrl, Number(calls)))
