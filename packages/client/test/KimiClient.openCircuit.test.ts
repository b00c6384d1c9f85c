/** How long a client reports that a circuit stays open, on a host that fails, a test clock and a time of day that is set. */
import { assert, describe, it } from "@effect/vitest"
import * as CircuitBreaker from "@kimi-effect/core/CircuitBreaker"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import { ServerError } from "@kimi-effect/core/ProviderErrors"
import { Context, Duration, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { jumps, withWallClock } from "../../../test/support/wallClock.ts"
import { ChatTransport } from "../src/ChatTransport.ts"
import { HostApi } from "../src/HostApi.ts"
import * as KimiClient from "../src/KimiClient.ts"
import { providers } from "../src/Provider.ts"
import { hello } from "./node/support/kimi.ts"
import { hostApiOf, transportOf } from "./support/hosts.ts"

/** A client of a host that always fails. */
const failing = (circuits: Layer.Layer<CircuitBreaker.CircuitBreaker, unknown>) => {
  const host = Layer.merge(
    Layer.succeed(ChatTransport, transportOf({ chat: () => Effect.fail(new ServerError({ message: "broken" })) })),
    Layer.succeed(
      HostApi,
      hostApiOf(providers.custom, () => Effect.never)
    )
  )
  const config = KimiConfig.layer({ provider: "custom", baseUrl: "http://localhost/v1", maxAttempts: 1 })
  const layer = KimiClient.layerTransport.pipe(Layer.provide(host), Layer.provide(circuits), Layer.provide(config))
  return Effect.map(Layer.build(layer), Context.get(KimiClient.KimiClient))
}

const twoSeconds = CircuitBreaker.layer({ consecutiveFailures: 2, openDuration: "2 seconds" })

type Client = KimiClient.KimiClient["Service"]

/** The error of a call, and the wait that it reports. */
const call = (client: Client) =>
  Effect.map(Effect.flip(client.chat(hello)), ({ _tag, retryAfter }) => [
    _tag,
    retryAfter === undefined ? undefined : Duration.toMillis(retryAfter)
  ])

const open = (client: Client) => Effect.replicateEffect(call(client), 2, { discard: true })

describe("the open duration that a client reports", () => {
  for (const [name, jump] of jumps) {
    it.effect(`counts down while the clock is set ${name}`, () =>
      withWallClock((set) =>
        Effect.gen(function* () {
          const client = yield* failing(twoSeconds)
          yield* open(client)
          set(jump)
          assert.deepStrictEqual(yield* call(client), ["CircuitOpenError", 2_000])
          yield* TestClock.adjust("1500 millis")
          assert.deepStrictEqual(yield* call(client), ["CircuitOpenError", 500])
        })
      )
    )

    it.effect(`is over after that time when the clock was set ${name}`, () =>
      withWallClock((set) =>
        Effect.gen(function* () {
          const client = yield* failing(twoSeconds)
          yield* open(client)
          set(jump)
          yield* TestClock.adjust("2 seconds")
          assert.deepStrictEqual(yield* call(client), ["ServerError", undefined])
        })
      )
    )

    it.effect(`starts again after a failed probe when the clock was set ${name}`, () =>
      withWallClock((set) =>
        Effect.gen(function* () {
          const client = yield* failing(twoSeconds)
          yield* open(client)
          set(jump)
          yield* TestClock.adjust("2 seconds")
          yield* call(client)
          assert.deepStrictEqual(yield* call(client), ["CircuitOpenError", 2_000])
        })
      )
    )
  }

  /** The wait after each of four failed probes, with the options of a configuration. */
  const waitsOf = (options: Partial<KimiConfig.Values>) =>
    Effect.gen(function* () {
      const values = {
        ...KimiConfig.defaults,
        breakerFailures: 2,
        breakerOpenDuration: Duration.seconds(2),
        ...options
      }
      const client = yield* failing(CircuitBreaker.layer(CircuitBreaker.optionsFromConfig(values)))
      yield* open(client)
      const waits: Array<number> = []
      for (let i = 0; i < 4; i++) {
        const [, wait = 0] = yield* call(client)
        waits.push(Number(wait))
        yield* TestClock.adjust(Duration.millis(Math.ceil(Number(wait))))
        yield* call(client)
      }
      return waits
    })

  it.effect("doubles with every failed probe, of which half is random", () =>
    Effect.gen(function* () {
      const waits = yield* waitsOf({})
      waits.forEach((wait, i) => {
        const longest = 2_000 * 2 ** i
        assert.isTrue(wait >= longest / 2 && wait <= longest, `${wait} of ${longest} milliseconds`)
      })
    })
  )

  it.effect("never exceeds the longest one", () =>
    Effect.gen(function* () {
      const waits = yield* waitsOf({ breakerMaxOpenDuration: Duration.seconds(2) })
      assert.isTrue(
        waits.every((wait) => wait >= 1_000 && wait <= 2_000),
        waits.join(", ")
      )
    })
  )
})
