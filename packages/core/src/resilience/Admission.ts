/**
 * Lets attempts through as fast as the account's limits allow, and makes the
 * others wait: one decision over concurrency, requests and tokens per minute,
 * and tokens per day.
 *
 * **Details**
 *
 * - It counts as Kimi does: an attempt's prompt and the most that it may
 *   generate, when it begins, and never given back. A stream holds its place
 *   until it ends.
 * - Who waits goes in order of priority, and tenants take turns; both are
 *   options of the caller's fiber (`CallOptions`).
 * - A wait is bounded in time and the queue in length, each with its own
 *   error, which carries an estimate of the wait. A call that leaves while it
 *   waits has taken nothing.
 * - A refusal by the host lowers the pace, and a limit that it names is
 *   believed; answers restore the pace.
 *
 * **Gotchas**
 *
 * - Retry belongs outside: the host counts attempts, not calls.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redis from "effect/persistence/Redis"
import type * as Stream from "effect/Stream"
import type { ConfigurationError } from "../errors/ConfigurationErrors.ts"
import type { KimiError } from "../errors/KimiError.ts"
import type { AdmissionError } from "../errors/OperationErrors.ts"
import type { CircuitOpenError } from "../errors/ResilienceErrors.ts"
import type * as KimiConfig from "../KimiConfig.ts"
import { ChatResponse } from "../models/ChatResponse.ts"
import type { StreamEvent } from "../models/StreamEvent.ts"
import * as OptionRules from "../OptionRules.ts"
import type { AccountState, Ask, Changes as DoorChanges, Door, Outcome, Patience } from "./admission/Door.ts"
import * as LocalDoor from "./admission/LocalDoor.ts"
import * as RedisDoor from "./admission/RedisDoor.ts"
import { off } from "./Pipeline.ts"
import { holding } from "./stream/StreamGuard.ts"
import { type RateLimits, tiers } from "./RateLimits.ts"

type EntryError = AdmissionError | CircuitOpenError
type Words = { readonly [name: string]: string }

/**
 * The limits of accounts.
 *
 * @category services
 * @since 0.1.0
 */
export class Admission extends Context.Service<
  Admission,
  {
    /** Makes an attempt when the account's limits have room for it. */
    readonly guard: (
      ask: Ask
    ) => <A, E extends KimiError, R>(attempt: Effect.Effect<A, E, R>) => Effect.Effect<A, E | EntryError, R>
    /** The same for a stream, which holds its place until it ends. */
    readonly guardStream: (
      ask: Ask
    ) => <E extends KimiError, R>(
      attempt: Stream.Stream<StreamEvent, E, R>
    ) => Stream.Stream<StreamEvent, E | EntryError, R>
    /** What is in use of every account, by its name. */
    readonly states: Effect.Effect<ReadonlyMap<string, AccountState>>
    /** The options in words for people. */
    readonly options: Words
    /**
     * Changes limits and patience in place. What was counted stays counted and
     * calls that run keep their places: where they are more than a lower limit
     * allows, nobody is let in until it fits. Calls that wait are looked at
     * anew, with the patience that they came with.
     */
    readonly change: (changes: Changes) => Effect.Effect<void, ConfigurationError>
  }
>()("@kimi-effect/core/resilience/Admission") {}

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** The limits of every account, or of each by its name. Unknown by default. */
  readonly limits?: RateLimits | ((account: string) => RateLimits) | undefined
  /** Longest wait for a place. Defaults to 2 minutes. */
  readonly maxWait?: Duration.Input | undefined
  /** Calls of one priority that may wait for one account. Defaults to 10,000. */
  readonly maxQueue?: number | undefined
  /** Added to every window of time, because two calls may reach the host closer together than they were sent. Defaults to 1 second. */
  readonly margin?: Duration.Input | undefined
}

/**
 * What may change while calls run. What is absent stays as it is.
 *
 * @category options
 * @since 0.1.0
 */
export interface Changes extends Pick<Options, "maxWait" | "maxQueue"> {
  /** The limits of every account, or of each by its name; `undefined` leaves an account those that it has. */
  readonly limits?: RateLimits | ((account: string) => RateLimits | undefined) | undefined
}

/**
 * The limits that a configuration gives: those of its tier, and in their place
 * those that it names.
 *
 * @category options
 * @since 0.1.0
 */
export const limitsOf = (config: KimiConfig.Values): RateLimits => {
  const tier: RateLimits = config.tier === undefined ? {} : tiers[config.tier]
  return {
    concurrency: config.maxConcurrency ?? tier.concurrency,
    requestsPerMinute: config.requestsPerMinute ?? tier.requestsPerMinute,
    tokensPerMinute: config.tokensPerMinute ?? tier.tokensPerMinute,
    tokensPerDay: config.tokensPerDay ?? tier.tokensPerDay
  }
}

/** How much closer together two calls may come in than they were sent. */
const defaultMargin = Duration.seconds(1)

const outcomeOf = <A, E extends KimiError>(exit: Exit.Exit<A, E>): Outcome => {
  if (Exit.isSuccess(exit)) return "success"
  if (Cause.hasInterrupts(exit.cause)) return "left"
  return Option.getOrElse(Cause.findErrorOption(exit.cause), () => "left" as const)
}

const limitsInWords = (limits: RateLimits): Words => {
  const known = Object.entries(limits).filter(([, limit]) => limit !== undefined)
  return known.length === 0
    ? { limits: "unknown" }
    : Object.fromEntries(known.map(([name, limit]) => [name, String(limit)]))
}

const inWords = (limits: RateLimits | "by account", { maxQueue, maxWait }: Patience): Words => ({
  ...(limits === "by account" ? { limits } : limitsInWords(limits)),
  "max wait": Duration.format(maxWait),
  "max queue": String(maxQueue)
})

/**
 * Puts attempts behind a door. `options` say in words what it goes by.
 *
 * @category constructors
 * @since 0.1.0
 */
export const behind = ({ change, enter, states }: Door, options: Words = {}): Admission["Service"] => {
  return {
    options,
    change: (changes) => {
      const { limits, maxQueue, maxWait } = changes
      return Effect.flatMap(check(rulesOf(changes)), () =>
        change({
          ...(limits === undefined ? {} : { limitsOf: typeof limits === "function" ? limits : () => limits }),
          ...(maxQueue === undefined ? {} : { maxQueue }),
          ...(maxWait === undefined ? {} : { maxWait: Duration.fromInputUnsafe(maxWait) })
        })
      )
    },
    guard: (ask) => (attempt) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(enter(ask, restore), (place) =>
          Effect.onExit(restore(attempt), (exit) => {
            if (Exit.isSuccess(exit) && exit.value instanceof ChatResponse && exit.value.rateStatus !== undefined) {
              place.observe(exit.value.rateStatus)
            }
            return place.leave(outcomeOf(exit))
          })
        )
      ),
    guardStream: (ask) =>
      holding((restore) =>
        Effect.map(enter(ask, restore), (place) => ({
          onEvents: ([first]) => {
            if (first._tag === "Start" && first.rateStatus !== undefined) place.observe(first.rateStatus)
          },
          onEnd: (exit) => place.leave(outcomeOf(exit))
        }))
      ),
    states
  }
}

const { count, timeInMillis, timeOrZero } = OptionRules

const limitNames: ReadonlyArray<string> = [
  "concurrency",
  "requestsPerMinute",
  "tokensPerMinute",
  "tokensPerDay"
] satisfies ReadonlyArray<keyof RateLimits>

/** A limit that is misspelt would be none. */
const limitsRules = (limits: Changes["limits"]): ReadonlyArray<OptionRules.Rule> => {
  if (limits === undefined || typeof limits === "function") return []
  const known = limitNames.join(", ")
  if (typeof limits !== "object" || limits === null) return [["limits", false, `an object with ${known}`]]
  return Object.entries(limits).map(([name, limit]) =>
    limitNames.includes(name) ? count(name, limit) : [name, false, `one of the limits ${known}`]
  )
}

const rulesOf = ({
  limits,
  margin,
  maxQueue,
  maxWait
}: Changes & Pick<Options, "margin">): ReadonlyArray<OptionRules.Rule> => [
  ...limitsRules(limits),
  count("maxQueue", maxQueue),
  timeOrZero("margin", margin),
  timeOrZero("maxWait", maxWait)
]

const check = (rules: ReadonlyArray<OptionRules.Rule>): Effect.Effect<void, ConfigurationError> =>
  OptionRules.check("Admission", rules)

const optionsInWords = (options: Options): Words =>
  inWords(typeof options.limits === "function" ? "by account" : (options.limits ?? {}), doorOptions(options))

const doorOptions = ({ limits = {}, margin = defaultMargin, maxQueue = 10_000, maxWait = "2 minutes" }: Options) => ({
  limitsOf: typeof limits === "function" ? limits : () => limits,
  margin: Duration.fromInputUnsafe(margin),
  maxQueue,
  maxWait: Duration.fromInputUnsafe(maxWait)
})

/**
 * Limits in this process.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options = {}): Effect.Effect<Admission["Service"], ConfigurationError> =>
  Effect.flatMap(
    Effect.suspend(() => check(rulesOf(options))),
    () => Effect.map(LocalDoor.make(doorOptions(options)), (door) => behind(door, optionsInWords(options)))
  )

/**
 * Limits in this process that follow a configuration.
 *
 * @category models
 * @since 0.1.0
 */
export interface Following extends Pick<LocalDoor.LocalDoor, "forget"> {
  /** The limits, which say the options of a configuration in words. */
  readonly admissionOf: (config: KimiConfig.Values) => Admission["Service"]
  /** Takes the options of another configuration. Accounts that it does not know keep their limits. */
  readonly follow: (
    config: KimiConfig.Values,
    configOf: (account: string) => KimiConfig.Values | undefined
  ) => Effect.Effect<void>
}

const changesOf = (
  config: KimiConfig.Values,
  configOf: (account: string) => KimiConfig.Values | undefined
): Required<DoorChanges> => ({
  limitsOf: (account) => {
    const own = configOf(account)
    return own === undefined ? undefined : limitsOf(own)
  },
  maxQueue: config.admissionMaxQueue,
  maxWait: config.admissionMaxWait
})

/**
 * Limits in this process with the options of a configuration that may change.
 *
 * @category constructors
 * @since 0.1.0
 */
export const following = (config: KimiConfig.Values): Effect.Effect<Following> =>
  Effect.map(
    LocalDoor.make({
      limitsOf: () => limitsOf(config),
      margin: defaultMargin,
      maxQueue: config.admissionMaxQueue,
      maxWait: config.admissionMaxWait
    }),
    (door) => ({
      admissionOf: (now) =>
        behind(door, inWords(limitsOf(now), { maxQueue: now.admissionMaxQueue, maxWait: now.admissionMaxWait })),
      follow: (next, configOf) => door.change(changesOf(next, configOf)),
      forget: door.forget
    })
  )

/**
 * Limits in this process, with the options of a configuration. The accounts of
 * other hosts may have configurations of their own.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromConfig = (
  config: KimiConfig.Values,
  configOf: (account: string) => KimiConfig.Values = () => config
): Effect.Effect<Admission["Service"]> => {
  const patience = { maxQueue: config.admissionMaxQueue, maxWait: config.admissionMaxWait }
  return Effect.map(
    LocalDoor.make({ limitsOf: (account) => limitsOf(configOf(account)), margin: defaultMargin, ...patience }),
    (door) => behind(door, inWords(limitsOf(config), patience))
  )
}

/**
 * Limits in this process.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options?: Options): Layer.Layer<Admission, ConfigurationError> =>
  Layer.effect(Admission, make(options))

/**
 * @category options
 * @since 0.1.0
 */
export interface RedisOptions extends Options {
  /** Before every key in Redis. Defaults to `kimi:admission:`. */
  readonly prefix?: string | undefined
  /**
   * Part of the limits that this process keeps to while Redis is away, over 0
   * to 1: one by the number of processes. A call that is larger than it goes
   * alone. Defaults to 0.5.
   */
  readonly share?: number | undefined
  /** Longest wait for an answer of Redis. Defaults to 250 milliseconds. */
  readonly timeout?: Duration.Input | undefined
  /** How long Redis is left alone after it failed. Defaults to 1 second. */
  readonly cooldown?: Duration.Input | undefined
  /** How long the places of a process that died are held; those of a living one are renewed. Defaults to 30 seconds. */
  readonly lease?: Duration.Input | undefined
}

/**
 * Limits that all processes with the same Redis share: all four dimensions,
 * decided in one step. Priorities and tenants take turns within a process, and
 * processes take turns with each other.
 *
 * **Details**
 *
 * - A call that need not wait costs one round trip to Redis, and one more in
 *   the background when it ends.
 * - While Redis is away, which is said once, a process keeps to its share of
 *   the limits, and for a minute after that. At first it takes only its share
 *   of what was left when it last heard of the others.
 *
 * **Gotchas**
 *
 * - What others took after a process has last heard of them it cannot know: one
 *   that was idle may exceed the limits together with one that was over its
 *   share when Redis went away, for a minute at most, or until calls end that
 *   run longer.
 * - The same Redis must be told the same limits by everybody.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerRedis = (options: RedisOptions = {}): Layer.Layer<Admission, ConfigurationError, Redis.Redis> =>
  Layer.effect(
    Admission,
    Effect.suspend(() => {
      const {
        cooldown = "1 second",
        lease = "30 seconds",
        prefix = "kimi:admission:",
        share = 0.5,
        timeout = "250 millis"
      } = options
      const checked = check([
        ...rulesOf(options),
        timeOrZero("cooldown", cooldown),
        timeInMillis("lease", lease),
        timeInMillis("timeout", timeout),
        OptionRules.part("share", share)
      ])
      return Effect.map(
        Effect.andThen(checked, () =>
          RedisDoor.make({
            ...doorOptions(options),
            prefix,
            share,
            cooldown: Duration.fromInputUnsafe(cooldown),
            lease: Duration.fromInputUnsafe(lease),
            timeout: Duration.fromInputUnsafe(timeout)
          })
        ),
        (door) => behind(door, { ...optionsInWords(options), shared: `on Redis under ${prefix}`, share: String(share) })
      )
    })
  )

/**
 * No limits: every attempt is made at once, whatever the host says.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerOff: Layer.Layer<Admission> = Layer.succeed(Admission, {
  guard: () => (attempt) => attempt,
  guardStream: () => (attempt) => attempt,
  states: Effect.succeed(new Map()),
  options: off.options,
  change: () => Effect.void
})
