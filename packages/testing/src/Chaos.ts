/**
 * Faults at given rates in a real client, to see that an application survives
 * them: in a test environment, or in a rehearsal against the real host.
 *
 * `layer` inserts a stage directly above the transport. So it works with every
 * client, also those that build their own HTTP client; retries, circuits,
 * budgets and telemetry treat a fault like one of the host; and `describe()`
 * shows it.
 *
 * **Example** (One attempt in ten is refused, and one in fifty hangs)
 *
 * ```ts
 * const client = KimiNode.layerConfig().pipe(
 *   Layer.provide(Chaos.layer({ failures: { OverloadedError: 0.1, FirstTokenTimeoutError: 0.02 } }))
 * )
 * ```
 *
 * **Details**
 *
 * - An attempt that fails is not sent to the host, and costs nothing. Only
 *   faults within a stream are: the host's own stream breaks after its first
 *   events, so that a recovery continues what the caller has received.
 * - The errors are those that the client makes of the host's response, decoded
 *   by the same code.
 * - Time is the `Clock`. Chance is the `Random` of the layer, or `seed`.
 *
 * @since 0.1.0
 */
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as Pipeline from "@kimi-effect/core/Pipeline"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import { make as makeStage } from "./internal/mock/chaosStage.ts"
import * as Playback from "./internal/mock/playback.ts"
import * as Settings from "./internal/mock/Settings.ts"

/**
 * The faults and their rates.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options extends Pick<Settings.Options, "failures" | "seed"> {
  /** Additional time before every attempt: always the same, or a distribution of milliseconds. Defaults to none. */
  readonly latency?: Settings.Options["latency"]
  /** Events of a stream that arrive before it breaks. Defaults to 2. */
  readonly afterEvents?: number | undefined
}

/** The decoders of every host, so that errors name the host of the call. */
const makePlaybacks = Effect.map(
  Effect.forEach(KimiConfig.providerIds, (provider) =>
    Effect.map(
      Effect.provide(
        Playback.make,
        KimiConfig.layer({ apiKey: Redacted.make("sk-chaos"), provider, baseUrl: "https://chaos.example/v1" })
      ),
      (playback) => [provider, playback] as const
    )
  ),
  (playbacks) => {
    const byProvider = new Map<string, Playback.Playback>(playbacks)
    return (provider: string): Playback.Playback => byProvider.get(provider) ?? playbacks[0][1]
  }
)

const optionNames: Record<keyof Options, true> = { afterEvents: true, failures: true, latency: true, seed: true }

const issuesOf = (options: Options): ConfigurationError["issues"] => {
  const { afterEvents = 0 } = options
  const isCount = Number.isSafeInteger(afterEvents) && afterEvents >= 0
  return [
    ...Settings.unknownNames(options, optionNames),
    ...(isCount ? [] : [{ name: "afterEvents", expected: "a whole number of at least 0" }])
  ]
}

/**
 * Injects faults into the attempts of the clients that it is provided to.
 * Invalid options fail with a `ConfigurationError` that lists all issues.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<never, ConfigurationError> =>
  OptionRules.layerOf("Chaos", options, (options) =>
    Layer.unwrap(
      Effect.gen(function* () {
        const { afterEvents, failures, latency, seed } = options
        yield* Settings.check({ failures, latency }, issuesOf(options))
        const playbackOf = yield* makePlaybacks
        const own = Effect.service(Random.Random)
        const random = yield* seed === undefined ? own : Random.withSeed(own, seed)
        return Pipeline.layer(
          Pipeline.insertAfter("timeout", makeStage({ afterEvents, failures, latency }, playbackOf, random))
        )
      })
    )
  )
