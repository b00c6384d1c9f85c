/** The connections to Redis that a configuration opens, for the health of the client. */
import type { Redis } from "@kimi-effect/core/Redis"
import * as Context from "effect/Context"

/** They are added when they are made. */
export const RedisConnections: Context.Reference<ReadonlySet<Redis["Service"]>> = Context.Reference<
  ReadonlySet<Redis["Service"]>
>("@kimi-effect/client/internal/RedisConnections", { defaultValue: () => new Set() })
