/** A layer of services that a configuration turns on. */
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"

export type ServiceLayer = Layer.Layer<never, ConfigurationError>

/** The layer, where its service is not provided. */
export const unlessProvided = <I, S>(key: Context.Key<I, S>, layer: ServiceLayer): ServiceLayer =>
  Layer.unwrap(Effect.map(Effect.serviceOption(key), (provided) => (Option.isSome(provided) ? Layer.empty : layer)))
