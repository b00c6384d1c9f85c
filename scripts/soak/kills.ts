/** Kills during a round: of another process that uses the same stores, and of Redis. */
import { type ChildProcess, fork } from "node:child_process"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { PrivateRedis } from "../../packages/client/test/node/support/redis.ts"

const kill = (child: ChildProcess): Effect.Effect<void> =>
  Effect.callback((resume) => {
    if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
    child.once("exit", () => resume(Effect.void))
    child.kill("SIGKILL")
  })

const redisOutage = "1 second"

/**
 * Starts another process, kills it after two fifths of the round while it makes
 * calls, and kills and restarts Redis after three fifths. The process ends with
 * the scope at the latest.
 */
export const during = (
  args: ReadonlyArray<string>,
  redis: PrivateRedis,
  roundSeconds: number
): Effect.Effect<void, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const victim = yield* Effect.acquireRelease(
      Effect.sync(() =>
        fork(new URL("victim.ts", import.meta.url), [...args], { stdio: ["ignore", "inherit", "inherit", "ipc"] })
      ),
      kill
    )
    yield* Effect.sleep(`${(roundSeconds * 2) / 5} seconds`)
    yield* kill(victim)
    yield* Effect.sleep(`${roundSeconds / 5} seconds`)
    yield* Effect.andThen(redis.kill, Effect.andThen(Effect.sleep(redisOutage), redis.restart))
  })
