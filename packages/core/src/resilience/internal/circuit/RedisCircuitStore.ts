/**
 * The store of Effect's own circuit breaker on our `Redis`, so that circuits
 * use the same connection as everything else.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as EffectBreaker from "effect/persistence/CircuitBreaker"
import * as EffectRedis from "effect/persistence/Redis"
import type * as Scope from "effect/Scope"
import * as Redis from "../../../Redis.ts"
import type { RedisValues } from "./CircuitOptions.ts"
import type { Store } from "./RedisCircuitPermits.ts"

/** The breaker's store only runs scripts. */
const unsupported = Effect.fail(
  new EffectRedis.RedisError({ cause: new Error("only commands and scripts are supported") })
)

const toEffectRedis = (
  redis: Redis.Redis["Service"]
): Effect.Effect<EffectRedis.Redis["Service"], never, Scope.Scope> =>
  EffectRedis.make({
    send: (command, ...args) =>
      Effect.mapError(redis.send(command, ...args), (cause) => new EffectRedis.RedisError({ cause })),
    subscribe: () => unsupported,
    connect: unsupported
  })

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = ({
  idleTimeToLive,
  keyPrefix,
  probeLease
}: RedisValues): Effect.Effect<Store, never, Redis.Redis | Scope.Scope> =>
  Effect.gen(function* () {
    const redis = yield* Redis.Redis
    const store = EffectBreaker.layerStoreRedis({ idleTimeToLive, prefix: keyPrefix, probeLease })
    const services = yield* Layer.build(Layer.provide(store, Layer.effect(EffectRedis.Redis, toEffectRedis(redis))))
    return {
      circuits: Context.get(services, EffectBreaker.CircuitBreakerStore),
      remove: (key) => redis.send("DEL", `${keyPrefix}${key}`)
    }
  })
