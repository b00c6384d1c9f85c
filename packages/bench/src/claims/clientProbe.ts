/** One client of the claims scenario: makes the calls and replies with how they ended. */
import { KimiClient } from "@kimi-effect/client"
import { Accounting } from "@kimi-effect/core"
import * as BigDecimal from "effect/BigDecimal"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import { messagesOf } from "../retry/Contestant.ts"
import { model } from "../transport/Contestant.ts"
import { layerOf } from "./clients.ts"
import { type Client, inFlight, prompts, type Result } from "./workload.ts"

/** Prompts by Zipf's law: the second is half as frequent as the first, the third a third. */
const draw = (calls: number) =>
  Effect.gen(function* () {
    const bounds: Array<number> = []
    let sum = 0
    for (let rank = 1; rank <= prompts; rank++) bounds.push((sum += 1 / rank))
    const drawn: Array<number> = []
    for (let i = 0; i < calls; i++) {
      const at = (yield* Random.next) * sum
      drawn.push(bounds.findIndex((bound) => at < bound))
    }
    return drawn
  })

const usd = (amounts: Accounting.AmountsByCurrency): number =>
  BigDecimal.toNumberUnsafe(amounts.get("USD") ?? BigDecimal.fromBigInt(0n))

const measure = (client: Client, seed: string, calls: number) =>
  Effect.gen(function* () {
    const kimi = yield* KimiClient.KimiClient
    const accounting = yield* Accounting.Accounting
    // Only a cache gains from repeated prompts; without one each call has its own, so that the host distinguishes calls.
    const drawn = yield* Random.withSeed(draw(calls), `${seed} prompts`)
    const numbers = client === "v2 cached" ? drawn : drawn.map((_, call) => call)
    const latencies: Array<number> = []
    const call = (number: number) =>
      Effect.suspend(() => {
        const startedAt = performance.now()
        return Effect.match(kimi.chat({ model, messages: messagesOf(number) }), {
          onSuccess: () => latencies.push(performance.now() - startedAt),
          onFailure: () => 0
        })
      })
    const startedAt = performance.now()
    yield* Effect.forEach(numbers, call, { concurrency: inFlight, discard: true })
    const seconds = (performance.now() - startedAt) / 1_000
    const { cached, costs, savedByCache } = Accounting.total(yield* accounting.entries)
    const saved = usd(savedByCache)
    const result: Result = {
      latencies,
      succeeded: latencies.length,
      seconds,
      hitRate: cached / calls,
      saved: saved / (usd(costs) + saved)
    }
    return result
  })

const [name, seed = "", baseUrl = "", calls = ""] = process.argv.slice(2)

if (process.send !== undefined) {
  const client = name as Client
  const kimi = layerOf(client, baseUrl)
  const program = Effect.provide(measure(client, seed, Number(calls)), Layer.provideMerge(kimi, Accounting.layer))
  process.send(await Effect.runPromise(program))
}
