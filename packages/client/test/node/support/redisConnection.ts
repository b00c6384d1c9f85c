/** What tests of connections to Redis have in common. Time is that of a `TestClock`, sockets are real. */
import { Effect } from "effect"
import type * as Redis from "../../../src/node/Redis.ts"
import { afterPing, type Behavior } from "./fakeRedis.ts"

/** A server that accepts connections and never replies. */
export const hanging: Behavior = {}

/** A server that replies with the first argument of a command. */
export const echo: Behavior = afterPing(({ reply }, [, argument = ""]) => reply(`+${argument}\r\n`))

export const fork = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

export const stateOf = (redis: Redis.Redis["Service"]) =>
  Effect.map(redis.status ?? Effect.die("no status"), ({ state }) => state)

/** A turn of the event loop, in which the sockets of this process progress. */
export const turn: Effect.Effect<void> = Effect.callback((resume) => void setImmediate(() => resume(Effect.void)))

export const untilState = (redis: Redis.Redis["Service"], state: Redis.Status["state"]) =>
  Effect.repeat(Effect.andThen(turn, stateOf(redis)), { until: (now) => now === state })
