/** A cache that is off. */
import * as CacheControl from "@kimi-effect/core/CacheControl"
import * as Effect from "effect/Effect"
import { equal, failureOf } from "../expect.ts"
import { makeHost, type Subject, through } from "./Subject.ts"

export const register = (test: Subject["test"]): void => {
  test("makes every call", (cache) =>
    Effect.gen(function* () {
      const host = makeHost()
      const ask = through(cache, host.attempt)
      yield* ask()
      yield* ask()
      equal(host.requests(), 2)
    }))

  test("marks no response", (cache) =>
    Effect.gen(function* () {
      const ask = through(cache, makeHost().attempt)
      equal([(yield* ask()).isCached, (yield* ask()).isCached], [false, false])
    }))

  test("fails a call that is only to be answered from the cache", (cache) =>
    Effect.gen(function* () {
      const host = makeHost()
      const onlyIfCached = CacheControl.provide({ mode: "onlyIfCached" })(through(cache, host.attempt)())
      equal((yield* failureOf(onlyIfCached, "the call was made"))._tag, "CacheMissError")
    }))
}
