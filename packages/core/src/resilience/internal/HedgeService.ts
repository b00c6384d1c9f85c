/** The key of the hedge stage of a client, which is looked up without loading its implementation. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Stage from "../../pipeline/Stage.ts"
import type { State } from "../Hedge.ts"

// The key names the public module.
// @effect-diagnostics deterministicKeys:off

/**
 * The hedge stage of a client. Clients that share the service share its
 * latencies and its budget.
 *
 * @category services
 * @since 0.1.0
 */
export class Hedge extends Context.Service<Hedge, Stage.Stage & { readonly state: Effect.Effect<State> }>()(
  "@kimi-effect/core/resilience/Hedge"
) {}
