/** The circuits on Redis. Loaded by `CircuitBreaker.layerRedis`, so that a client without Redis does not contain them. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Redis } from "../../../Redis.ts"
import type { RedisValues } from "./CircuitOptions.ts"
import type { Circuits } from "./Circuits.ts"
import * as RedisCircuits from "./RedisCircuits.ts"
import * as RedisCircuitStore from "./RedisCircuitStore.ts"

/** Makes them from checked options. */
export const make = (options: RedisValues): Effect.Effect<Circuits, never, Redis | Scope.Scope> =>
  Effect.flatMap(RedisCircuitStore.make(options), (store) => RedisCircuits.make(options, store))
