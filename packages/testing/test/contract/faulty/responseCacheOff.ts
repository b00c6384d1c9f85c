/** A cache that is off but for one law: `broken` names it. */
import { CacheControl } from "@kimi-effect/core/CacheControl"
import { ChatResponse } from "@kimi-effect/core/ChatResponse"
import type { ResponseCache } from "@kimi-effect/core/ResponseCache"
import * as Stage from "@kimi-effect/core/Stage"
import { Context, Effect } from "effect"

type Service = ResponseCache["Service"]

export const makeOff =
  (broken?: string) =>
  (cache: Service): Service => {
    const breaks = (law: string) => law === broken
    const off = cache.stage()
    let known: ChatResponse | undefined
    return {
      ...cache,
      stage: () =>
        Stage.make("cache", {
          effect: (inner) => (call) =>
            Effect.withFiber(({ context }) => {
              const { mode } = Context.get(context, CacheControl)
              if (mode === "onlyIfCached" && breaks("fails a call that is only to be answered from the cache")) {
                return inner(call)
              }
              if (known !== undefined && breaks("makes every call")) return Effect.succeed(known)
              return Effect.map(off.effect(inner)(call), (response) => {
                known = response
                return breaks("marks no response")
                  ? new ChatResponse({ ...response, cached: { level: "memory", age: 0, isStale: false } })
                  : response
              })
            })
        })
    }
  }
