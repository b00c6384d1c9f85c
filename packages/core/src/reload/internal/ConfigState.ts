/**
 * The state of a live configuration, and how a change is applied to it.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as PubSub from "effect/PubSub"
import * as References from "effect/References"
import * as Result from "effect/Result"
import { ConfigurationError } from "../../errors/ConfigurationErrors.ts"
import type { Restore } from "../../pipeline/internal/StreamGuard.ts"
import type { ReloadEvent } from "../ReloadEvent.ts"
import * as Settings from "../Settings.ts"

/**
 * New settings as one participant is prepared for them: it uses them from
 * `commit` on, or never if they are discarded because another rejected them.
 *
 * @category models
 * @since 0.1.0
 */
export interface PreparedChange {
  readonly commit: Effect.Effect<void>
  readonly discard: Effect.Effect<void>
}

/**
 * A user of the configuration. It prepares for new settings, without using them
 * yet, or fails with every reason why it cannot.
 *
 * @category models
 * @since 0.1.0
 */
export type Participant = (settings: Settings.Settings) => Effect.Effect<PreparedChange, ConfigurationError>

/**
 * The source of settings: it reads them with the options that code has set.
 *
 * @category models
 * @since 0.1.0
 */
export type Source = (set: Settings.Options) => Effect.Effect<Settings.Settings, ConfigurationError>

/** Prepares all participants or none: the error names every reason of each. To be called in an uninterruptible region. */
const prepareAll = Effect.fnUntraced(function* (
  participants: Iterable<Participant>,
  settings: Settings.Settings,
  restore: Restore
): Effect.fn.Return<ReadonlyArray<PreparedChange>, ConfigurationError> {
  const prepared: Array<PreparedChange> = []
  const discard = Effect.suspend(() => Effect.forEach(prepared, ({ discard }) => discard, { discard: true }))
  const issues: Array<ConfigurationError["issues"][number]> = []
  for (const participant of participants) {
    const result = yield* Effect.result(restore(participant(settings))).pipe(Effect.onError(() => discard))
    if (Result.isSuccess(result)) prepared.push(result.success)
    else issues.push(...result.failure.issues)
  }
  if (issues.length === 0) return prepared
  yield* discard
  return yield* Effect.fail(ConfigurationError.of(issues))
})

/** The names of changed options, and those that take effect after a restart. */
const describeChange = (changed: ReadonlyArray<string>): string => {
  const restart = Settings.restartOptions(changed)
  return `The configuration changed: ${changed.join(", ")}${
    restart.length === 0 ? "" : `; a restart is needed for ${restart.join(", ")}`
  }`
}

const log = (event: ReloadEvent): Effect.Effect<void> =>
  event._tag === "Reloaded"
    ? Effect.logInfo(describeChange(event.changed))
    : Effect.logWarning(
        `A configuration change was rejected, and the previous configuration stays in use:\n${event.issues
          .map(({ expected, name }) => `  ${name}: expected ${expected}`)
          .join("\n")}`
      )

/**
 * @category models
 * @since 0.1.0
 */
export class ConfigState {
  readonly participants = new Set<Participant>()
  readonly #source: Source
  readonly #events: PubSub.PubSub<ReloadEvent>
  #current: Settings.Settings
  #set: Settings.Options
  #rejection: ConfigurationError["issues"] | undefined

  constructor(source: Source, events: PubSub.PubSub<ReloadEvent>, current: Settings.Settings, set: Settings.Options) {
    this.#source = source
    this.#events = events
    this.#current = current
    this.#set = set
  }

  get current(): Settings.Settings {
    return this.#current
  }

  /** The options that code has set. */
  get set(): Settings.Options {
    return this.#set
  }

  /** The issues of the latest rejected change, until a change is applied. */
  get rejection(): ConfigurationError["issues"] | undefined {
    return this.#rejection
  }

  /**
   * Applies a change to all participants or to none, and returns the names of
   * the options that changed. To be called in an uninterruptible region.
   */
  change(set: () => Settings.Options, restore: Restore): Effect.Effect<ReadonlyArray<string>, ConfigurationError> {
    return Effect.catch(
      Effect.suspend(() => this.#apply(set(), restore)),
      (error) => this.#reject(error)
    )
  }

  readonly #apply = Effect.fnUntraced({ self: this }, function* (set: Settings.Options, restore: Restore) {
    const next = yield* restore(this.#source(set))
    const changed = Settings.changedOptions(this.#current, next)
    if (changed.length > 0) {
      const prepared = yield* prepareAll(this.participants, next, restore)
      this.#current = next
      for (const { commit } of prepared) yield* commit
      yield* this.#publish({ _tag: "Reloaded", changed, at: yield* Clock.currentTimeMillis })
    }
    this.#set = set
    this.#rejection = undefined
    return changed
  })

  readonly #reject = Effect.fnUntraced({ self: this }, function* (error: ConfigurationError) {
    if (!Equal.equals(this.#rejection, error.issues)) {
      this.#rejection = error.issues
      yield* this.#publish({ _tag: "Rejected", issues: error.issues, at: yield* Clock.currentTimeMillis })
    }
    return yield* Effect.fail(error)
  })

  #publish(event: ReloadEvent): Effect.Effect<unknown> {
    return Effect.andThen(
      Effect.flatMap(References.MinimumLogLevel, (level) =>
        Effect.provideService(log(event), References.MinimumLogLevel, this.#current.config.logLevel ?? level)
      ),
      PubSub.publish(this.#events, event)
    )
  }
}
