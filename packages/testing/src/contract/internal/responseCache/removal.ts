/** What is removed, and what expires. */
import * as CacheControl from "@kimi-effect/core/CacheControl"
import * as Effect from "effect/Effect"
import { equal } from "../expect.ts"
import { call, callOf, makeHost, type Subject, through } from "./Subject.ts"

const other = callOf("Bye", { model: "kimi-k2.6" })

export const register = ({ isExact, sleep, test }: Subject): void => {
  test("removes only the response of a key", (cache) =>
    Effect.gen(function* () {
      const host = makeHost()
      const ask = through(cache, host.attempt)
      yield* ask(call)
      yield* ask(other)
      yield* cache.remove(yield* cache.keyOf(call))
      equal([(yield* ask(call)).text, (yield* ask(other)).text], ["answer 3", "answer 2"])
    }))

  test("removes only the responses with a tag", (cache) =>
    Effect.gen(function* () {
      const ask = through(cache, makeHost().attempt)
      yield* CacheControl.provide({ tags: ["nightly"] })(ask(call))
      yield* ask(other)
      yield* cache.removeTag("nightly")
      equal([(yield* ask(call)).text, (yield* ask(other)).text], ["answer 3", "answer 2"])
    }))

  test("removes only the responses of a model", (cache) =>
    Effect.gen(function* () {
      const ask = through(cache, makeHost().attempt)
      yield* ask(call)
      yield* ask(other)
      yield* cache.removeModel("kimi-k3")
      equal([(yield* ask(call)).text, (yield* ask(other)).text], ["answer 3", "answer 2"])
    }))

  test("clears all responses", (cache) =>
    Effect.gen(function* () {
      const ask = through(cache, makeHost().attempt)
      yield* ask(call)
      yield* ask(other)
      yield* cache.clear
      equal([(yield* ask(call)).text, (yield* ask(other)).text], ["answer 3", "answer 4"])
    }))

  test("gives only equal calls the same key", (cache) =>
    Effect.gen(function* () {
      const key = yield* cache.keyOf(call)
      equal(yield* cache.keyOf(callOf("Hello")), key)
      const longer = callOf("Hello", { messages: [...call.request.messages, { role: "user", content: "Bye" }] })
      equal((yield* cache.keyOf(longer)) === key, false)
    }))

  test("does not answer from a response that has expired", (cache) =>
    Effect.gen(function* () {
      const ask = through(cache, makeHost().attempt)
      const briefly = CacheControl.provide({ timeToLive: "50 millis" })
      yield* briefly(ask())
      yield* sleep(isExact ? 50 : 100)
      equal((yield* ask()).text, "answer 2")
    }))

  if (isExact) {
    test("answers from a response until it expires", (cache) =>
      Effect.gen(function* () {
        const ask = through(cache, makeHost().attempt)
        yield* ask()
        yield* sleep(3_599_999)
        equal((yield* ask()).text, "answer 1")
        yield* sleep(1)
        equal((yield* ask()).text === "answer 1", false)
      }))
  }
}
