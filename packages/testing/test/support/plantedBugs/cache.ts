/** Caches with a bug. */
import * as CallOptions from "@kimi-effect/core/CallOptions"
import * as ResponseCache from "@kimi-effect/core/ResponseCache"
import { Effect, Layer, Stream } from "effect"
import type { Subject } from "../../../src/ScheduleSearch.ts"
import * as ServiceOptions from "../../../src/schedule/ServiceOptions.ts"

/** The tenant is not a part of the key. */
export const wrongTenant: Subject = {
  services: () =>
    Layer.effect(
      ResponseCache.ResponseCache,
      Effect.map(ResponseCache.ResponseCache, (cache) => ({
        ...cache,
        stage: (dependencies) => {
          const stage = cache.stage(dependencies)
          const shared = CallOptions.provide({ tenant: "" })
          return {
            ...stage,
            effect: (inner) => (call) =>
              Effect.flatMap(CallOptions.CallOptions, ({ tenant }) =>
                shared(stage.effect((again) => CallOptions.provide({ tenant })(inner(again)))(call))
              ),
            stream: (inner) => (call) =>
              Stream.unwrap(
                Effect.map(CallOptions.CallOptions, ({ tenant }) =>
                  CallOptions.provideStream({ tenant: "" })(
                    stage.stream((again) => CallOptions.provideStream({ tenant })(inner(again)))(call)
                  )
                )
              )
          }
        }
      }))
    )
}

/** The cache outlives the scope of its refreshes, which end at once. */
export const lostRefresh: Subject = {
  services: (settings) =>
    settings.isCached
      ? Layer.effect(
          ResponseCache.ResponseCache,
          Effect.scoped(Effect.orDie(ResponseCache.makeMemory(ServiceOptions.cache)))
        )
      : Layer.empty
}
