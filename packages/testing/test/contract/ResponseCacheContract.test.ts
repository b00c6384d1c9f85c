import { describe } from "@effect/vitest"
import * as ResponseCache from "@kimi-effect/core/ResponseCache"
import { Effect, Layer } from "effect"
import * as ResponseCacheContract from "../../src/contract/ResponseCacheContract.ts"
import { make } from "./faulty/responseCache.ts"
import { makeOff } from "./faulty/responseCacheOff.ts"
import { testContract } from "./support/faults.ts"

describe("ResponseCacheContract.suite", () => {
  testContract((it, broken) =>
    ResponseCacheContract.suite(it, (settings) => Layer.effect(ResponseCache.ResponseCache, make(settings, broken)))
  )
})

describe("ResponseCacheContract.suiteOff", () => {
  testContract((it, broken) =>
    ResponseCacheContract.suiteOff(
      it,
      Layer.effect(ResponseCache.ResponseCache, Effect.map(ResponseCache.ResponseCache, makeOff(broken))).pipe(
        Layer.provide(ResponseCache.layerOff)
      )
    )
  )
})
