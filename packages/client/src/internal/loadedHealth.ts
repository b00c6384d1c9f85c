/** The health of a client, whose checks are loaded by the first report. */
import type { Health } from "@kimi-effect/core/Health"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { HealthInputs } from "./health.ts"

/** Loads the checks. */
const load = (inputs: HealthInputs): Effect.Effect<Health["Service"]> =>
  Effect.flatMap(
    loadModule(() => import("./health.ts")),
    ({ make }) => make(inputs)
  )

const replaceWith =
  (context: Context.Context<never>): ((given: Context.Context<never>) => Context.Context<never>) =>
  () =>
    context

/** The checks have the services in the context of the client, not those of the first caller. */
export const make = (inputs: HealthInputs): Effect.Effect<Health["Service"]> =>
  Effect.gen(function* () {
    const context: Context.Context<never> = yield* Effect.context<never>()
    const loaded = Effect.updateContext(load(inputs), replaceWith(context))
    // The result is cached, so an interrupted caller must not interrupt it for the others.
    const health = yield* Effect.cached(Effect.uninterruptible(loaded))
    return { report: Effect.flatMap(health, ({ report }) => report) }
  })
