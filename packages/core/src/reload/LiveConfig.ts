/**
 * A configuration that may change while it is used.
 *
 * A change is validated whole: by the options themselves, then by everyone who
 * follows the configuration. Only when all accept is it swapped in, for all at
 * once; else the last good one stays, and an event says every reason.
 *
 * **Details**
 *
 * - Changes come from the source, which is read again on `reload`, and from
 *   code by `set`, whose options win over the source's until they are set to
 *   `undefined`. One change is dealt with after the other.
 * - Events hold the names of options and never a value. Each is logged once;
 *   a source that stays broken in the same way is told of once.
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
import * as Context from "effect/Context"
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
import * as PriceTable from "../money/PriceTable.ts"
import { ConfigState, type Participant, type Source } from "./internal/ConfigState.ts"
import type { ReloadEvent } from "./ReloadEvent.ts"
import * as Settings from "./Settings.ts"

export type { Participant, PreparedChange, Source } from "./internal/ConfigState.ts"

/**
 * @category services
 * @since 0.1.0
 */
export class LiveConfig extends Context.Service<
  LiveConfig,
  {
    /** The settings that hold now. */
    readonly current: Effect.Effect<Settings.Settings>
    /** Why the latest change cannot be used; nothing where it can. */
    readonly rejection: Effect.Effect<ConfigurationError["issues"] | undefined>
    /** Every change from now on, taken or refused. */
    readonly events: Stream.Stream<ReloadEvent>
    /** Reads the source again and gives the names of the options that changed. */
    readonly reload: Effect.Effect<ReadonlyArray<string>, ConfigurationError>
    /** Changes options in code, over those of the source. `undefined` gives an option back to the source. */
    readonly set: (options: Settings.Options) => Effect.Effect<ReadonlyArray<string>, ConfigurationError>
    /** Takes part in every change as long as the scope lives, beginning with the settings that hold now. */
    readonly register: (participant: Participant) => Effect.Effect<void, ConfigurationError, Scope.Scope>
  }
>()("@kimi-effect/core/reload/LiveConfig") {}

/**
 * A configuration from any source. It fails when what the source gives first
 * cannot be used.
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
 * Options given in code, to be changed by `set`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Settings.Options): Layer.Layer<LiveConfig, ConfigurationError> =>
  Layer.effect(
    LiveConfig,
    make((set) => Settings.make({ ...options, ...set }))
  )

/**
 * Runs an effect with the prices of the configuration as they are now: what a
 * program counts itself, outside of calls. Calls have them of their own accord.
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
 * When a source is read again by itself.
 *
 * @category options
 * @since 0.1.0
 */
export interface RefreshOptions {
  /** Time between two reads. By default the source is read again on `reload` only. */
  readonly interval?: Duration.Input | undefined
}

/**
 * Reads the source of a configuration again and again, as long as the scope
 * lives. What cannot be used is told by an event, and does not end it.
 *
 * @category combinators
 * @since 0.1.0
 */
export const refresh = (
  { reload }: Pick<LiveConfig["Service"], "reload">,
  every: Duration.Input
): Effect.Effect<void, ConfigurationError, Scope.Scope> =>
  Option.match(
    Option.filter(Duration.fromInput(every), (time) => Duration.toMillis(time) >= 1),
    {
      onNone: () =>
        Effect.fail(ConfigurationError.of([{ name: "interval", expected: "a duration of a millisecond or more" }])),
      onSome: (time) => Effect.asVoid(Effect.forkScoped(Effect.schedule(Effect.ignore(reload), Schedule.spaced(time))))
    }
  )

/**
 * The options of the current `ConfigProvider`, which is asked again for every
 * `reload`; those in `overrides` win.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerConfig = (
  overrides: Settings.Options = {},
  { interval: every }: RefreshOptions = {}
): Layer.Layer<LiveConfig, ConfigurationError> =>
  Layer.effect(
    LiveConfig,
    Effect.gen(function* () {
      const provider = yield* ConfigProvider.ConfigProvider
      const live = yield* make((set) =>
        Effect.provideService(Settings.fromConfig({ ...overrides, ...set }), ConfigProvider.ConfigProvider, provider)
      )
      if (every !== undefined) yield* refresh(live, every)
      return live
    })
  )
