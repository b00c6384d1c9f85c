/**
 * A schedule: calls of several clients and tenants with the times at which they
 * start and are interrupted, what the hosts do in each attempt, and jumps of the
 * time of day. It is plain data, so that a failing one can be shrunk, printed
 * and run again.
 *
 * Times are in milliseconds.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"

/**
 * The errors with which a host fails before the first content.
 *
 * @category constants
 * @since 0.1.0
 */
export const failures = [
  "OverloadedError",
  "RateLimitError",
  "QuotaExceededError",
  "AuthenticationError",
  "InvalidRequestError",
  "ModelNotFoundError",
  "ServerError",
  "ServiceUnavailableError",
  "ConnectionLostError"
] as const

/**
 * How a response ends before its last word. With `silence` the connection stays
 * open and nothing follows.
 *
 * @category constants
 * @since 0.1.0
 */
export const breaks = [
  "StreamInterruptedError",
  "StreamTruncatedError",
  "StreamFailedError",
  "OverloadedError",
  "silence"
] as const

/**
 * What a host does in one attempt: responds as a whole, fails before the first
 * content, breaks after some words, or never responds.
 *
 * @category models
 * @since 0.1.0
 */
export interface HostAction {
  readonly kind: "whole" | "failure" | "break" | "silence"
  readonly failure: (typeof failures)[number]
  readonly break: (typeof breaks)[number]
  /** Words of the response, or words before the break. Each is one token. */
  readonly words: number
  /** Time before the response begins. */
  readonly delay: number
  /** Time before each word. */
  readonly pace: number
}

/**
 * One call.
 *
 * @category models
 * @since 0.1.0
 */
export interface ScheduledCall {
  /** The index of the client that makes the call. */
  readonly client: number
  readonly tenant: string
  readonly priority: "interactive" | "batch" | "swarm"
  readonly kind: "chat" | "stream"
  /** Calls with the same number have equal prompts; the prompt of -1 is unique. */
  readonly prompt: number
  readonly startsAt: number
  /** The number of events after which the caller leaves the stream; -1 for the end. */
  readonly takes: number
  /** The time after its start at which the call is interrupted; -1 for never. */
  readonly leavesAfter: number
  /** The time that the caller takes for each event. */
  readonly pace: number
  /** What the hosts do in the attempts of this call, in their order. Later attempts succeed. */
  readonly actions: ReadonlyArray<HostAction>
}

/**
 * The options of the clients and of the services that they share.
 *
 * @category models
 * @since 0.1.0
 */
export interface Settings {
  /** The number of clients. Each has its own default model. */
  readonly clients: number
  readonly recovery: "continue" | "regenerate" | "off"
  readonly maxRecoveries: number
  readonly maxAttempts: number
  /** The longest time of a call; 0 for no limit. */
  readonly deadline: number
  readonly isHedged: boolean
  readonly isCached: boolean
  /** The steps of the fallback plan, each at most once: another model, another account, another host. */
  readonly fallback: ReadonlyArray<"model" | "account" | "host">
  /** Concurrent attempts of an account. */
  readonly concurrency: number
  readonly requestsPerMinute: number
  /** The cap of the budget in dollars. Under a small one only a few attempts can be paid. */
  readonly cap: string
  /** Failures in a row that open a circuit. */
  readonly consecutiveFailures: number
}

/**
 * A change of the time of day, without a change of the monotonic time.
 *
 * @category models
 * @since 0.1.0
 */
export interface ClockJump {
  readonly at: number
  readonly by: number
}

/**
 * @category models
 * @since 0.1.0
 */
export interface CallSchedule {
  /** The seed that made it, and of the randomness of the clients. */
  readonly seed: string
  readonly settings: Settings
  readonly calls: ReadonlyArray<ScheduledCall>
  readonly jumps: ReadonlyArray<ClockJump>
}

/**
 * The size of random schedules.
 *
 * @category options
 * @since 0.1.0
 */
export interface Size {
  /** Number of calls. Defaults to 50. */
  readonly calls?: number | undefined
  /** Time within which calls start. Defaults to 10,000. */
  readonly span?: number | undefined
}

/**
 * The default of every option.
 *
 * @category options
 * @since 0.1.0
 */
export const defaults = { calls: 50, span: 10_000 } as const satisfies Required<Size>

const hour = 3_600_000

/** Draws members of a schedule. An entry that occurs twice is twice as likely. */
class Draw {
  readonly #random: Random.Random

  constructor(random: Random.Random) {
    this.#random = random
  }

  of<const A>(entries: readonly [A, ...ReadonlyArray<A>]): A {
    return entries[Math.floor(this.#random.nextDoubleUnsafe() * entries.length)] ?? entries[0]
  }

  integer(below: number): number {
    return Math.floor(this.#random.nextDoubleUnsafe() * below)
  }

  list<A>(maxLength: number, make: () => A): ReadonlyArray<A> {
    return Array.from({ length: this.integer(maxLength + 1) }, make)
  }
}

const drawSettings = (draw: Draw): Settings => ({
  clients: draw.of([1, 2, 3]),
  recovery: draw.of(["continue", "continue", "regenerate", "off"]),
  maxRecoveries: draw.of([1, 2]),
  maxAttempts: draw.of([1, 2, 3]),
  deadline: draw.of([0, 0, 3_000]),
  isHedged: draw.of([false, false, true]),
  isCached: draw.of([true, true, false]),
  fallback: [...new Set(draw.list(3, () => draw.of(["model", "account", "host"])))],
  concurrency: draw.of([1, 2, 4, 16]),
  requestsPerMinute: draw.of([30, 1_000, 1_000]),
  cap: draw.of(["1000", "1000", "0.01"]),
  consecutiveFailures: draw.of([2, 4, 8])
})

const drawAction = (draw: Draw): HostAction => ({
  kind: draw.of(["break", "break", "failure", "failure", "failure", "whole", "whole", "silence"]),
  failure: draw.of(failures),
  break: draw.of(breaks),
  words: draw.of([1, 2, 3, 8]),
  delay: draw.of([0, 20, 20, 700]),
  pace: draw.of([0, 5, 5, 400])
})

const drawCall = (draw: Draw, { clients }: Settings, span: number): ScheduledCall => ({
  client: draw.integer(clients),
  tenant: draw.of(["acme", "globex", "initech"]),
  priority: draw.of(["interactive", "interactive", "batch", "swarm"]),
  kind: draw.of(["stream", "stream", "chat"]),
  prompt: draw.of([-1, -1, 0, 1]),
  startsAt: draw.integer(span),
  takes: draw.of([-1, -1, -1, -1, -1, 0, 2, 4]),
  leavesAfter: draw.of([-1, -1, -1, -1, -1, 0, 5, 30, 710, 2_000]),
  pace: draw.of([0, 0, 3, 100]),
  actions: draw.list(3, () => drawAction(draw))
})

/**
 * The random schedule of a seed. The same seed and size make the same schedule.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (seed: string | number, size: Size = {}): Effect.Effect<CallSchedule> =>
  Effect.map(Random.withSeed(Effect.service(Random.Random), `${seed}/schedule`), (random) => {
    const { calls = defaults.calls, span = defaults.span } = size
    const draw = new Draw(random)
    const settings = drawSettings(draw)
    return {
      seed: String(seed),
      settings,
      calls: Array.from({ length: calls }, () => drawCall(draw, settings, span)).toSorted(
        (a, b) => a.startsAt - b.startsAt
      ),
      jumps: draw
        .list(2, () => ({ at: draw.integer(span), by: draw.of([-hour, hour, -60_000, 60_000]) }))
        .toSorted((a, b) => a.at - b.at)
    }
  })
