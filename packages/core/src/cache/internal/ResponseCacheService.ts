/** The key of the response cache, which is looked up without loading its implementation. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { CacheStoreError } from "../../errors/CacheErrors.ts"
import type { Call } from "../../pipeline/Call.ts"
import type * as Stage from "../../pipeline/Stage.ts"
import type { Statistics } from "../ResponseCache.ts"
import type * as CacheStage from "./CacheStage.ts"

// The key names the public module.
// @effect-diagnostics deterministicKeys:off

/**
 * A cache of responses. Clients that share the service share its responses.
 *
 * @category services
 * @since 0.1.0
 */
export class ResponseCache extends Context.Service<
  ResponseCache,
  {
    /**
     * The stage of the pipeline: it responds from the cache, and makes the
     * calls for which the cache has no response.
     */
    readonly stage: (dependencies?: CacheStage.Options) => Stage.Stage
    /** The key of a call with the options of this fiber. */
    readonly keyOf: (call: Call, origin?: string) => Effect.Effect<string>
    /** Removes the entry of a key. The response of a running call for it is not cached. */
    readonly remove: (key: string) => Effect.Effect<void, CacheStoreError>
    /** Removes all entries with a tag. */
    readonly removeTag: (tag: string) => Effect.Effect<void, CacheStoreError>
    /** Removes all responses of a model. */
    readonly removeModel: (model: string) => Effect.Effect<void, CacheStoreError>
    /** Removes everything. */
    readonly clear: Effect.Effect<void, CacheStoreError>
    readonly statistics: Effect.Effect<Statistics>
    /** The options as readable text. */
    readonly options: { readonly [name: string]: string }
  }
>()("@kimi-effect/core/cache/ResponseCache") {}
