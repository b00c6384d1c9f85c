/** A team whose orchestrator gives three tasks to sub-agents, and its swarm in a journal. */
import * as Journal from "@kimi-effect/client/journal/Journal"
import { MockProvider, type Script } from "@kimi-effect/testing"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { TestClock } from "effect/testing"
import * as MemoryStore from "../../../src/journal/internal/MemoryStore.ts"
import * as OnStore from "../../../src/journal/internal/OnStore.ts"
import type { Store } from "../../../src/journal/internal/Store.ts"
import { answering, assign, calls, create, isOrchestrator, stepOf, taskOf } from "./swarm.ts"

/** Each sub-agent uses a tool once. There are nine responses in all. */
export const team = answering((request) => {
  if (isOrchestrator(request)) {
    if (stepOf(request) === 0) return calls(create("a"))
    return stepOf(request) === 1 ? calls(...["1", "2", "3"].map((task) => assign("a", task))) : "All done"
  }
  return stepOf(request) === 0 ? calls(["look", { at: taskOf(request) }]) : `${taskOf(request)} is done`
})

/** A client at a scripted host, and a journal on a store that `change` changes. */
export const journaled = (script: Script.Script = team, change: (store: Store) => Store = (store) => store) =>
  Layer.merge(
    MockProvider.layerClient({ script }, { model: "kimi-k3" }),
    Layer.effect(
      Journal.Journal,
      Effect.flatMap(MemoryStore.make, (store) => OnStore.make(change(store), {}))
    )
  )

/** Responses that the host has given. */
export const succeeded = Effect.flatMap(MockProvider.MockProvider, ({ statistics }) =>
  Effect.map(statistics, (all) => all.succeeded)
)

/** Runs for some virtual time, and is interrupted. */
export const during = <A, E, R>(effect: Effect.Effect<A, E, R>, millis: number) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    yield* TestClock.adjust(millis)
    yield* Fiber.interrupt(fiber)
  })

/** Moments during the run of the team, in each of its phases. */
export const moments = Array.from({ length: 12 }, (_, index) => index * 500 + 250)
