/** Which calls are answered from the cache. */
import * as CacheControl from "@kimi-effect/core/CacheControl"
import { ServerError } from "@kimi-effect/core/ProviderErrors"
import * as Effect from "effect/Effect"
import { equal, failureOf } from "../expect.ts"
import { asTenant, call, callOf, makeHost, responseOf, type Subject, through } from "./Subject.ts"

const truncated = responseOf("answer", {
  choices: [{ index: 0, message: { role: "assistant", content: "answer" }, finish_reason: "length" }]
})

const registerModes = ({ test }: Pick<Subject, "test">): void => {
  test("caches the response of a refreshing call", (cache) =>
    Effect.gen(function* () {
      const ask = through(cache, makeHost().attempt)
      yield* ask()
      equal((yield* CacheControl.provide({ mode: "refresh" })(ask())).text, "answer 2")
      equal((yield* ask()).text, "answer 2")
    }))

  test("caches nothing of a bypassing call", (cache) =>
    Effect.gen(function* () {
      const ask = through(cache, makeHost().attempt)
      yield* ask()
      equal((yield* CacheControl.provide({ mode: "bypass" })(ask())).text, "answer 2")
      equal((yield* ask()).text, "answer 1")
    }))

  test("fails a call that is only to be answered from the cache", (cache) =>
    Effect.gen(function* () {
      const host = makeHost()
      const onlyIfCached = CacheControl.provide({ mode: "onlyIfCached" })(through(cache, host.attempt)())
      equal((yield* failureOf(onlyIfCached, "the call was made"))._tag, "CacheMissError")
      equal(host.requests(), 0)
    }))
}

export const register = ({ test }: Pick<Subject, "test">): void => {
  test("answers an equal call without the host", (cache) =>
    Effect.gen(function* () {
      const host = makeHost()
      const ask = through(cache, host.attempt)
      yield* ask()
      yield* ask()
      equal(host.requests(), 1)
    }))

  test("marks a response from the cache", (cache) =>
    Effect.gen(function* () {
      const ask = through(cache, makeHost().attempt)
      equal((yield* ask()).isCached, false)
      equal((yield* ask()).isCached, true)
    }))

  const differences = [
    ["messages", callOf("Bye")],
    ["model", callOf("Hello", { model: "kimi-k2.6" })],
    ["sampling", callOf("Hello", { max_completion_tokens: 100 })],
    ["host", callOf("Hello", {}, "openrouter")]
  ] as const
  for (const [what, other] of differences) {
    test(`makes a call that differs in its ${what}`, (cache) =>
      Effect.gen(function* () {
        const ask = through(cache, makeHost().attempt)
        yield* ask()
        equal((yield* ask(other)).text, "answer 2")
      }))
  }

  test("makes the equal call of another tenant", (cache) =>
    Effect.gen(function* () {
      const ask = through(cache, makeHost().attempt)
      yield* asTenant("acme")(ask())
      equal((yield* asTenant("globex")(ask())).text, "answer 2")
    }))

  test("does not cache failures", (cache) =>
    Effect.gen(function* () {
      const broken = new ServerError({ message: "broken" })
      let isBroken = true
      const ask = through(cache, () =>
        Effect.suspend(() => (isBroken ? Effect.fail(broken) : Effect.succeed(responseOf("answer 1"))))
      )
      yield* Effect.exit(ask(call))
      isBroken = false
      equal((yield* ask(call)).text, "answer 1")
    }))

  test("does not cache truncated responses", (cache) =>
    Effect.gen(function* () {
      const host = makeHost(() => Effect.succeed(truncated))
      const ask = through(cache, host.attempt)
      yield* ask()
      yield* ask()
      equal(host.requests(), 2)
    }))

  registerModes({ test })
}
