/** The key of the accounting of a client, which is looked up without loading its implementation. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { AttemptUsage, Entry } from "../Accounting.ts"

// The key names the public module.
// @effect-diagnostics deterministicKeys:off

/**
 * The usage records of a client.
 *
 * @category services
 * @since 0.1.0
 */
export class Accounting extends Context.Service<
  Accounting,
  {
    /** Records the usage of an attempt. */
    readonly record: (attempt: AttemptUsage) => Effect.Effect<void>
    /** All entries, oldest first. */
    readonly entries: Effect.Effect<ReadonlyArray<Entry>>
  }
>()("@kimi-effect/core/money/Accounting") {}
