/** Records a session as a cassette, and compares what a day of such sessions would cost in two tiers. */
import * as KimiClient from "@kimi-effect/client/KimiClient"
import * as Cassette from "@kimi-effect/testing/Cassette"
import * as CassetteStore from "@kimi-effect/testing/CassetteStore"
import * as MockProvider from "@kimi-effect/testing/MockProvider"
import * as Simulator from "@kimi-effect/testing/Simulator"
import * as Traffic from "@kimi-effect/testing/Traffic"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"

/** An application calls Kimi; here, a host in memory that needs 300 milliseconds for its first token. */
const client = KimiClient.layer({ apiKey: Redacted.make("sk-example") }).pipe(
  Layer.provide(Cassette.layer({ name: "session", mode: "record", recordTiming: true })),
  Layer.provide(MockProvider.layerHttp({ latency: "300 millis", tokensPerSecond: 200 })),
  // Without the variable `CI`, with which a cassette only replays.
  Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({})))
)

const session = Effect.gen(function* () {
  const kimi = yield* KimiClient.KimiClient
  yield* kimi.chat({ messages: [{ role: "user", content: "What is an eclipse?" }] })
  yield* Stream.runDrain(kimi.stream({ messages: [{ role: "user", content: "Explain it to a child." }] }))
})

const program = Effect.gen(function* () {
  yield* Effect.provide(session, client)
  const traffic = yield* Traffic.fromCassette(yield* Cassette.read("session"), { calls: 2_000, duration: "2 hours" })
  const comparison = yield* Simulator.compare({
    seed: 1,
    traffic,
    host: traffic.host,
    configurations: [Simulator.tier(0), Simulator.tier(2)]
  })
  yield* Console.log(Simulator.toTable(comparison))
})

await Effect.runPromise(Effect.provide(program, CassetteStore.layerMemory()))
