/** Circuits under the control of an operator, and what can be observed. */
import type * as CircuitBreaker from "@kimi-effect/core/CircuitBreaker"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { eventually, settle, start } from "../eventually.ts"
import { equal } from "../expect.ts"
import { fail, failures, key, open, openDuration, otherKey, rejectionOf, type Subject, succeed } from "./Subject.ts"

const registerControl = ({ sleep, test }: Subject): void => {
  test("rejects every call of an isolated circuit until it is reset", (circuits) =>
    Effect.gen(function* () {
      yield* circuits.isolate(key)
      yield* sleep(1_000)
      equal((yield* rejectionOf(circuits)).state, "isolated")
      yield* circuits.reset(key)
      equal(yield* succeed(circuits), "answer")
    }))

  test("opens a circuit on request", (circuits) =>
    Effect.gen(function* () {
      yield* circuits.forceOpen(key)
      equal((yield* rejectionOf(circuits)).state, "open")
    }))

  test("permits every call of a circuit that is forced closed", (circuits) =>
    Effect.gen(function* () {
      yield* open(circuits)
      yield* circuits.forceClosed(key)
      yield* fail(circuits, 2 * failures)
      equal(yield* succeed(circuits), "answer")
    }))

  test("closes an open circuit that is reset", (circuits) =>
    Effect.gen(function* () {
      yield* open(circuits)
      yield* circuits.reset(key)
      equal(yield* succeed(circuits), "answer")
    }))

  test("restores an open circuit", (circuits) =>
    Effect.gen(function* () {
      const until = (yield* Clock.currentTimeMillis) + Duration.toMillis(openDuration)
      yield* circuits.restore(new Map([[key, { _tag: "Open", epoch: 1, until }]]))
      equal((yield* rejectionOf(circuits)).state, "open")
    }))
}

export const register = (subject: Subject): void => {
  registerControl(subject)
  const { test } = subject

  test("reports the state of every circuit in use", (circuits) =>
    Effect.gen(function* () {
      yield* open(circuits)
      yield* Effect.exit(succeed(circuits, otherKey))
      const states = yield* circuits.states
      equal(
        [...states].map(([name, { _tag }]) => `${name} ${_tag}`).toSorted(),
        [`${key} Open`, `${otherKey} Closed`].toSorted()
      )
    }))

  test("permits a watched call whose circuit stays closed", (circuits) =>
    Effect.gen(function* () {
      const rejected = circuits.watch(key)
      yield* fail(circuits, failures - 1)
      equal(rejected(), undefined)
    }))

  test("rejects a watched call whose circuit opens", (circuits) =>
    Effect.gen(function* () {
      yield* succeed(circuits)
      const rejected = circuits.watch(key)
      yield* open(circuits)
      equal(rejected()?.state, "open")
    }))

  test("emits each change of state once", (circuits) =>
    Effect.gen(function* () {
      const seen: Array<CircuitBreaker.Transition> = []
      yield* start(Stream.runForEach(circuits.transitions, (transition) => Effect.sync(() => seen.push(transition))))
      yield* settle
      yield* open(circuits)
      yield* Effect.exit(succeed(circuits))
      yield* eventually(
        Effect.sync(() => seen.length > 0),
        "a transition is emitted"
      )
      yield* settle
      equal(
        seen.map((transition) => [transition.key, transition.from, transition.to]),
        [[key, "Closed", "Open"]]
      )
    }))
}
