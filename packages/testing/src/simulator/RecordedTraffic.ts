/**
 * The traffic of a real day: the times, models and sizes of calls that were
 * made, without their content.
 *
 * @since 0.1.0
 */
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type { Interaction } from "../cassette/Interaction.ts"
import { AuditReader } from "../internal/simulator/AuditReader.ts"
import * as CassetteModel from "../internal/simulator/cassetteModel.ts"
import type * as VirtualHost from "./VirtualHost.ts"

/**
 * One call that was made.
 *
 * @category models
 * @since 0.1.0
 */
export interface RecordedCall {
  /** Unix milliseconds. */
  readonly startedAt: number
  readonly isStream: boolean
  readonly model: string
  readonly promptTokens: number
  /** Length of the response in tokens. */
  readonly outputTokens: number
  /** `max_completion_tokens` of the request, which the host counts at admission. Defaults to 2,048, and is at least `outputTokens`. */
  readonly maxCompletionTokens?: number | undefined
  /** Calls of one model and tenant with the same name have equal prompts, which only matters to a cache. Absent for a unique prompt. */
  readonly prompt?: string | undefined
  readonly tenant?: string | undefined
  readonly job?: string | undefined
  readonly agent?: string | undefined
}

/**
 * What a log contains in addition to usable calls.
 *
 * @category models
 * @since 0.1.0
 */
export interface Ignored {
  /** Lines that are not those of an audit log, such as one that was cut short by a full disk. */
  readonly damaged: number
  /** Lines that repeat one with the same id. */
  readonly repeated: number
  /** Calls that the log reports as dropped. */
  readonly dropped: number
}

/**
 * @category models
 * @since 0.1.0
 */
export interface RecordedTraffic {
  /** In the order of their start. At least one. */
  readonly calls: ReadonlyArray<RecordedCall>
  /** Calls without usage, because they failed. Their sizes are the medians of their model. */
  readonly unsized: number
  readonly ignored: Ignored
}

/**
 * Reads the lines of an audit log (`AuditLog` of `@kimi-effect/client/node`).
 *
 * **Details**
 *
 * - The prompt of a call that was answered from a cache equals that of the calls
 *   with the same model, tenant and usage. All other prompts are unique.
 * - A call that failed has no usage: its sizes are the medians of its model, or
 *   of all calls if its model has none.
 * - Damaged and repeated lines are ignored and counted. Without any call, or
 *   without any usage, it fails with a `ConfigurationError`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromAudit = (lines: Iterable<string>): Effect.Effect<RecordedTraffic, ConfigurationError> =>
  Effect.suspend(() => {
    const reader = new AuditReader()
    for (const line of lines) reader.add(line)
    return reader.traffic
  })

/**
 * How the calls of a cassette become the traffic of a time. A cassette has no
 * dates, because they would change with every recording.
 *
 * @category options
 * @since 0.1.0
 */
export interface CassetteOptions {
  /** Total number of calls: those of the cassette in rotation. Defaults to one of each. */
  readonly calls?: number | undefined
  /** Time over which the calls are spread. Defaults to 24 hours. */
  readonly duration?: Duration.Input | undefined
  /** Relative rate of calls in each of the equal parts of the time. Defaults to the 24 hours of a working day. */
  readonly weights?: ReadonlyArray<number> | undefined
  /** Start of the time in ISO 8601. Defaults to `2026-11-23T00:00:00Z`. */
  readonly start?: string | undefined
  /** Seed of the times of the calls. Defaults to the same times in each run. */
  readonly seed?: string | number | undefined
}

/**
 * The traffic of a cassette, with the pace of its host.
 *
 * @category models
 * @since 0.1.0
 */
export interface CassetteTraffic extends RecordedTraffic {
  /** Options for the host of a simulation. Empty unless the cassette was recorded with `recordTiming`. */
  readonly host: Pick<VirtualHost.Options, "firstToken" | "tokensPerSecond">
}

/**
 * Makes traffic from a cassette (`Cassette.read`): the models and sizes of its
 * chat completions, and the latencies of its host.
 *
 * **Details**
 *
 * - Calls arrive at random times, as those of random traffic do. The same request
 *   recorded several times is several calls with equal prompts; each further
 *   round of the rotation has its own prompts.
 * - A request that failed before it was answered is one call. One that was never
 *   answered has no usage: its sizes are the medians of its model, and `unsized`
 *   counts it.
 * - `host` has the median and the 95th percentile of the time to the first token
 *   and of the tokens per second. They are those of streams. A cassette without
 *   streams has only the times of whole responses; then the first token takes a
 *   millisecond, and the speed is that of the whole.
 * - Without a chat completion that has usage, it fails with a `ConfigurationError`.
 *
 * **Example** (A recorded session a thousand times a day)
 *
 * ```ts
 * const program = Effect.gen(function* () {
 *   const traffic = yield* Traffic.fromCassette(yield* Cassette.read("session"), { calls: 1_000 })
 *   const comparison = yield* Simulator.compare({
 *     seed: 1,
 *     traffic,
 *     host: traffic.host,
 *     configurations: [Simulator.tier(1), Simulator.tier(2)]
 *   })
 *   yield* Console.log(Simulator.toTable(comparison))
 * })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromCassette = (
  cassette: { readonly interactions: ReadonlyArray<Interaction> },
  options: CassetteOptions = {}
): Effect.Effect<CassetteTraffic, ConfigurationError> =>
  Effect.flatMap(Random.withSeed(Effect.service(Random.Random), options.seed ?? "cassette"), (random) =>
    CassetteModel.make(cassette.interactions, options, random)
  )

const isCount = (value: number): boolean => Number.isInteger(value) && value >= 0

const isValid = ({ maxCompletionTokens = 0, model, outputTokens, promptTokens, startedAt }: RecordedCall): boolean =>
  Number.isFinite(startedAt) && model !== "" && [promptTokens, outputTokens, maxCompletionTokens].every(isCount)

/**
 * Traffic from calls of any other source, such as the logs of a gateway. Fails with a `ConfigurationError` that lists all invalid calls.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromCalls = (calls: ReadonlyArray<RecordedCall>): Effect.Effect<RecordedTraffic, ConfigurationError> =>
  Effect.suspend(() => {
    const issues = calls.flatMap((call, index) =>
      isValid(call)
        ? []
        : [{ name: `calls[${index}]`, expected: "a time, the name of a model, and whole numbers of tokens" }]
    )
    if (calls.length === 0) issues.push({ name: "calls", expected: "at least one call" })
    if (issues.length > 0) return Effect.fail(ConfigurationError.of(issues))
    return Effect.succeed({
      calls: calls.toSorted((a, b) => a.startedAt - b.startedAt),
      unsized: 0,
      ignored: { damaged: 0, repeated: 0, dropped: 0 }
    })
  })
