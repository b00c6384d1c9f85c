/**
 * `CircuitBreaker` of `@kimi-effect/core`, whose `layerRedis` connects by
 * itself.
 *
 * @since 0.1.0
 */
import * as Core from "@kimi-effect/core/CircuitBreaker"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import * as Layer from "effect/Layer"
import * as Redis from "./Redis.ts"

export * from "@kimi-effect/core/CircuitBreaker"

/**
 * Circuits in Redis, shared by all processes, on a connection of this layer.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerRedis = (
  options: Partial<Core.RedisOptions> & Pick<Redis.ConnectionOptions, "url">
): Layer.Layer<Core.CircuitBreaker, ConfigurationError> =>
  OptionRules.layerOf("CircuitBreaker", options, ({ url, ...options }) =>
    Layer.provide(Core.layerRedis(options), Redis.layer({ url }))
  )
