import { Duration, Effect } from "effect"
import * as Redis from "effect/persistence/Redis"
import * as FileCacheStore from "../../../src/node/FileCacheStore.ts"
import * as RedisCacheStore from "../../../src/node/RedisCacheStore.ts"
import * as SqliteCacheStore from "../../../src/node/SqliteCacheStore.ts"
import { connect, reachable, uniquePrefix } from "../support/redis.ts"
import { file, folder } from "./support/places.ts"
import { storeContract } from "./support/storeContract.ts"

storeContract({
  name: "sqlite",
  place: file,
  open: (path) => SqliteCacheStore.make({ path }),
  clock: "Effect"
})

storeContract({
  name: "file system",
  place: folder,
  open: (path) => FileCacheStore.make({ path }),
  clock: "Effect"
})

/** A store with a connection of its own. */
const onRedis = (prefix: string) =>
  Effect.gen(function* () {
    const redis = yield* connect()
    // A busy machine is no outage.
    const store = RedisCacheStore.make({ keyPrefix: prefix, timeout: Duration.seconds(10) })
    return yield* Effect.provideService(store, Redis.Redis, redis)
  })

storeContract({
  name: "redis",
  place: Effect.acquireRelease(Effect.sync(uniquePrefix), (prefix) =>
    Effect.ignore(Effect.scoped(Effect.flatMap(onRedis(prefix), (store) => store.clear)))
  ),
  open: onRedis,
  clock: "Server",
  isSkipped: !reachable
})
