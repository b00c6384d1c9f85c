/** Uses a mock client and runs a simulation with a cache, for `scripts/browser.ts`. */
import { KimiClient } from "@kimi-effect/client"
import { ResponseCache } from "@kimi-effect/core"
import { MockProvider, Simulator } from "@kimi-effect/testing"
import * as Effect from "effect/Effect"

const program = Effect.gen(function* () {
  const kimi = yield* KimiClient.KimiClient
  const { text } = yield* kimi.chat({ messages: [{ role: "user", content: "Hi" }] })
  const { calls } = yield* Simulator.run({
    seed: 1,
    duration: "10 minutes",
    traffic: { calls: 40 },
    layers: ResponseCache.layerMemory()
  })
  return `${text}, ${calls.succeeded} of ${calls.calls} calls succeeded`
}).pipe(Effect.provide(MockProvider.layerClient({ script: ["Hello!"] })))

export const run = (): Promise<string> => Effect.runPromise(program)
