/** A host that answers with the question, for batches. */
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import { MockProvider, Reply, type Script } from "@kimi-effect/testing"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import type * as KimiClient from "../../src/KimiClient.ts"

export const ask = (content: string) => ({ messages: [{ role: "user" as const, content }] })

export const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

export const questions = (count: number) => numbers(count).map((number) => ask(`${number}`))

/** Answers with the question, after as many seconds as the number in it. */
const echo = (request: ModelRequest): Script.Answer | Effect.Effect<Script.Answer> => {
  const content = request.messages.at(-1)?.content
  const text = typeof content === "string" ? content : ""
  if (text.startsWith("fail")) return Reply.modelNotFound()
  if (text.startsWith("broke")) return Reply.quotaExceeded()
  return Effect.as(Effect.sleep(`${Number.parseInt(text, 10) || 0} seconds`), text)
}

export const withHost = <A, E>(program: Effect.Effect<A, E, KimiClient.KimiClient | MockProvider.MockProvider>) =>
  program.pipe(Effect.provide(MockProvider.layerClient({ script: echo })))

/** Lets time pass until the effect ends. */
export const passing = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    yield* TestClock.adjust("1 hour")
    return yield* Fiber.join(fiber)
  })

export const linesOf = (outcomes: ReadonlyArray<{ readonly line: number }>) => outcomes.map(({ line }) => line)
