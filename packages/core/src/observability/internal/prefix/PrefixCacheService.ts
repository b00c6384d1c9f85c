/** The service of `PrefixCache`, which is loaded without its observer. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { CacheBreak, Statistics } from "../../PrefixCache.ts"

// The key names the public module.
// @effect-diagnostics deterministicKeys:off

/**
 * @category services
 * @since 0.1.0
 */
export class PrefixCache extends Context.Service<
  PrefixCache,
  {
    /** Breaks from now on. A consumer that is more than 256 events behind loses the oldest. */
    readonly events: Stream.Stream<CacheBreak>
    readonly statistics: Effect.Effect<Statistics>
  }
>()("@kimi-effect/core/observability/PrefixCache") {}
