/**
 * Stops calling a host that fails, and detects its recovery by single probes.
 *
 * Every key (account and model) has its own circuit; `Circuit` is its state
 * machine. The facts of an error decide whether it is a failure: network errors,
 * timeouts, 5xx and overload are, rate limits and other 4xx are not, and an
 * interrupted call is not counted and releases its probe.
 *
 * **Details**
 *
 * - The outcome of a stream is how it ends, and it is slow when its first content
 *   was late. A consumer that leaves early is not counted.
 * - The open duration follows a schedule, which is reset when the circuit
 *   closes. A longer wait that a failure requested takes precedence, including
 *   that of a failure before the one that opened the circuit.
 * - `layerMemory` keeps circuits in this process, `layerRedis` shares them
 *   between processes.
 *
 * **Gotchas**
 *
 * - Retry belongs outside: a rejection is not retryable, and ends the retries.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { loadModule } from "../internal/ModuleLoader.ts"
import type { ConfigurationError } from "../errors/ConfigurationErrors.ts"
import * as OptionRules from "../internal/OptionRules.ts"
import type { Redis } from "../Redis.ts"
import * as CircuitOptions from "./internal/circuit/CircuitOptions.ts"
import type { Circuits } from "./internal/circuit/Circuits.ts"
import * as LocalCircuits from "./internal/circuit/LocalCircuits.ts"
import { accountModelKey } from "../pipeline/Call.ts"
import * as Stage from "../pipeline/Stage.ts"
import * as CircuitGuard from "./internal/circuit/CircuitGuard.ts"
import * as ErrorClassifier from "./internal/ErrorClassifier.ts"

export {
  defaults,
  fromConfig as optionsFromConfig,
  type Options,
  redisDefaults,
  redisFromConfig as redisOptionsFromConfig,
  type RedisOptions,
  type RedisValues,
  type TripPolicy,
  type Values
} from "./internal/circuit/CircuitOptions.ts"
export type { Transition } from "./internal/circuit/Circuits.ts"

/**
 * The circuits of a client.
 *
 * @category services
 * @since 0.1.0
 */
export class CircuitBreaker extends Context.Service<CircuitBreaker, Circuits>()(
  "@kimi-effect/core/resilience/CircuitBreaker"
) {}

/**
 * Circuits in this process. Fails with all invalid options.
 *
 * @category constructors
 * @since 0.1.0
 */
export function make(): Effect.Effect<CircuitBreaker["Service"]>
export function make(
  options: Partial<CircuitOptions.Options>
): Effect.Effect<CircuitBreaker["Service"], ConfigurationError>
export function make(
  options: Partial<CircuitOptions.Options> = {}
): Effect.Effect<CircuitBreaker["Service"], ConfigurationError> {
  return Effect.flatMap(CircuitOptions.resolve(options), LocalCircuits.make)
}

/**
 * Circuits in this process.
 *
 * @category layers
 * @since 0.1.0
 */
export function layerMemory(): Layer.Layer<CircuitBreaker>
export function layerMemory(options: Partial<CircuitOptions.Options>): Layer.Layer<CircuitBreaker, ConfigurationError>
export function layerMemory(
  options: Partial<CircuitOptions.Options> = {}
): Layer.Layer<CircuitBreaker, ConfigurationError> {
  return OptionRules.layerOf("CircuitBreaker", options, (options) => Layer.effect(CircuitBreaker, make(options)))
}

/**
 * The same as `layerMemory`.
 *
 * @alias layerMemory
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: typeof layerMemory = layerMemory

const makeRedisLayer = (options: CircuitOptions.RedisValues): Layer.Layer<CircuitBreaker, never, Redis> =>
  Layer.effect(
    CircuitBreaker,
    Effect.flatMap(
      loadModule(() => import("./internal/circuit/RedisCircuitBreaker.ts")),
      ({ make }) => make(options)
    )
  )

/**
 * Circuits in Redis, shared by all processes that use the same Redis and key
 * prefix: Effect's own breaker behind this service. See `RedisCircuits` for
 * what is shared and what is local to each process. While Redis is unavailable
 * calls are made without circuits, each at the cost of at most one `timeout`;
 * a warning is logged once.
 *
 * @category layers
 * @since 0.1.0
 */
export function layerRedis(): Layer.Layer<CircuitBreaker, never, Redis>
export function layerRedis(
  options: Partial<CircuitOptions.RedisOptions>
): Layer.Layer<CircuitBreaker, ConfigurationError, Redis>
export function layerRedis(
  options: Partial<CircuitOptions.RedisOptions> = {}
): Layer.Layer<CircuitBreaker, ConfigurationError, Redis> {
  return OptionRules.layerOf("CircuitBreaker", options, (options) =>
    Layer.unwrap(Effect.map(CircuitOptions.resolveRedis(options), makeRedisLayer))
  )
}

const disabled: CircuitBreaker["Service"] = {
  guard: () => (attempt) => attempt,
  acquire: () => Effect.succeed({ record: () => Effect.void }),
  slowAfter: Duration.infinity,
  watch: () => () => undefined,
  states: Effect.succeed(new Map()),
  restore: () => Effect.void,
  isolate: () => Effect.void,
  forceOpen: () => Effect.void,
  forceClosed: () => Effect.void,
  reset: () => Effect.void,
  transitions: Stream.empty,
  options: { is: "off" }
}

/**
 * No circuits: every call is made.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerOff: Layer.Layer<CircuitBreaker> = Layer.succeed(CircuitBreaker, disabled)

/**
 * The stage of the pipeline. Each account and model has its own circuit.
 *
 * @category stages
 * @since 0.1.0
 */
export const stage = (circuits: CircuitBreaker["Service"]): Stage.Stage =>
  circuits === disabled
    ? Stage.off("breaker")
    : Stage.make("breaker", {
        effect: (inner) => (call) => circuits.guard(accountModelKey(call), ErrorClassifier.ofKimiErrors)(inner(call)),
        stream: (inner) => (call) => CircuitGuard.guardStream(circuits, accountModelKey(call))(inner(call)),
        options: { by: "account and model", ...circuits.options }
      })
