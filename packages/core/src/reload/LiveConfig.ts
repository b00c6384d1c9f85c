/**
 * A configuration that can change at run time.
 *
 * A change is validated as a whole: first the options, then by every registered
 * participant. If all accept it, it is applied for all at once. Otherwise the
 * previous configuration stays in use, and an event lists every reason.
 *
 * **Details**
 *
 * - Changes come from the source, which is read again on `reload`, and from code
 *   through `set`, whose options override the source until they are set to
 *   `undefined`. Changes are processed one after another.
 * - Events hold the names of options and never a value. Each is logged once; a
 *   source that stays invalid in the same way is reported once.
 *
 * **Example** (A key from a secret manager)
 *
 * ```ts
 * const rotate = Effect.gen(function* () {
 *   const config = yield* LiveConfig.LiveConfig
 *   yield* config.set({ apiKey: yield* freshKey })
 * }).pipe(Effect.repeat(Schedule.spaced("1 hour")))
 * ```
 *
 * @since 0.1.0
 */
import * as ConfigProvider from "effect/ConfigProvider"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import { ConfigurationError } from "../errors/ConfigurationErrors.ts"
import * as OptionRules from "../internal/OptionRules.ts"
import * as KimiConfig from "../KimiConfig.ts"
import * as PriceTable from "../money/PriceTable.ts"
import { ConfigState, type Source } from "./internal/ConfigState.ts"
import type { ReloadEvent } from "./ReloadEvent.ts"
import * as Settings from "./Settings.ts"
import { LiveConfig } from "./internal/LiveConfigService.ts"

export { LiveConfig } from "./internal/LiveConfigService.ts"

export type { Participant, PreparedChange, Source } from "./internal/ConfigState.ts"

/**
/**
 * Makes a configuration from any source. Fails if the initial settings of the
 * source are invalid.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (
  source: Source
): Effect.fn.Return<LiveConfig["Service"], ConfigurationError> {
  const events = yield* PubSub.sliding<ReloadEvent>(256)
  const lock = yield* Semaphore.make(1)
  const set: Settings.Options = {}
  const state = new ConfigState(source, events, yield* source(set), set)

  /** All participants get the same settings: an interrupt takes effect before the change or after it. */
  const change = (options: () => Settings.Options) =>
    lock.withPermit(Effect.uninterruptibleMask((restore) => state.change(options, restore)))

  return {
    current: Effect.sync(() => state.current),
    rejection: Effect.sync(() => state.rejection),
    events: Stream.fromPubSub(events),
    reload: change(() => state.set),
    set: (options) => change(() => ({ ...state.set, ...options })),
    register: (participant) =>
      lock.withPermit(
        Effect.uninterruptibleMask((restore) =>
          Effect.gen(function* () {
            const { commit } = yield* restore(participant(state.current))
            yield* commit
            state.participants.add(participant)
            yield* Effect.addFinalizer(() => Effect.sync(() => state.participants.delete(participant)))
          })
        )
      )
  }
})

/**
 * A configuration from options in code, which `set` can change.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Settings.Options): Layer.Layer<LiveConfig, ConfigurationError> =>
  OptionRules.layerOf("LiveConfig", options, (options) =>
    Layer.effect(
      LiveConfig,
      make((set) => Settings.make({ ...options, ...set }))
    )
  )

/**
 * Runs an effect with the current prices of the configuration, for costs that a
 * program computes itself. Calls use these prices anyway.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withPrices = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R | LiveConfig> =>
  Effect.flatMap(
    Effect.flatMap(LiveConfig, ({ current }) => current),
    PriceTable.provideIfUnset(effect)
  )

/**
 * When a source is read again automatically.
 *
 * @category options
 * @since 0.1.0
 */
export interface RefreshOptions {
  /** Time between two reads. By default the source is read again on `reload` only. */
  readonly interval?: Duration.Input | undefined
}

/**
 * Reads the source of a configuration repeatedly until the scope closes. An
 * invalid change is reported by an event and does not end it.
 *
 * @category combinators
 * @since 0.1.0
 */
export const refresh = (
  { reload }: Pick<LiveConfig["Service"], "reload">,
  interval: Duration.Input
): Effect.Effect<void, ConfigurationError, Scope.Scope> =>
  Option.match(
    Option.filter(Duration.fromInput(interval), (time) => Duration.toMillis(time) >= 1),
    {
      onNone: () =>
        Effect.fail(
          ConfigurationError.of([{ name: "interval", expected: "a finite duration of a millisecond or more" }])
        ),
      onSome: (time) => Effect.asVoid(Effect.forkScoped(Effect.schedule(Effect.ignore(reload), Schedule.spaced(time))))
    }
  )

/**
 * A configuration from the current `ConfigProvider`, which is read again on every
 * `reload`. Options in `overrides` take precedence.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerConfig = (
  overrides: Settings.Options = {},
  { interval }: RefreshOptions = {}
): Layer.Layer<LiveConfig, ConfigurationError> =>
  OptionRules.layerOf("LiveConfig", overrides, (overrides) =>
    Layer.effect(
      LiveConfig,
      Effect.gen(function* () {
        const provider = yield* ConfigProvider.ConfigProvider
        const warn = KimiConfig.makeUnknownVariablesWarning()
        const live = yield* make((set) =>
          Effect.provideService(
            Effect.andThen(warn, Settings.fromConfig({ ...overrides, ...set })),
            ConfigProvider.ConfigProvider,
            provider
          )
        )
        if (interval !== undefined) yield* refresh(live, interval)
        return live
      })
    )
  )
