/** Requests of which a host could have read more from its prefix cache. */
import * as Pipeline from "@kimi-effect/core/Pipeline"
import * as PrefixCache from "@kimi-effect/core/PrefixCache"
import * as Stage from "@kimi-effect/core/Stage"
import { Effect, Layer, Metric, Result } from "effect"
import { responseOf, usageOf } from "../../support/responses.ts"
import { hello } from "./kimi.ts"

/** Two requests whose tools differ, at a host that reads nothing from its cache. */
export const breakPrefix = (registry: Metric.MetricRegistry) =>
  Effect.gen(function* () {
    const context = yield* Effect.provideService(Layer.build(PrefixCache.layer()), Metric.MetricRegistry, registry)
    const edits = yield* Effect.provide(Pipeline.currentEdits, context)
    const stages = Result.getOrThrow(Pipeline.applyEdits([Stage.off("accounting")], edits))
    const attempt = Pipeline.effect(stages, () => Effect.succeed(responseOf({ usage: usageOf(2_000, 10) })))
    for (const name of ["first", "second"]) {
      const tools = [{ type: "function", function: { name } }] as const
      const request = { ...hello, model: "kimi-k3", prompt_cache_key: "session", tools }
      yield* attempt({ account: "moonshot", provider: "moonshot", request })
    }
  }).pipe(Effect.scoped, Effect.orDie)
