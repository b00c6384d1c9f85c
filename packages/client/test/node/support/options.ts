/** Options that cannot be used. */
import { assert } from "@effect/vitest"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { Effect, Layer } from "effect"

/** The names in the configuration error of a layer; any other result fails the test. */
export const namesOf = <A, E>(layer: Layer.Layer<A, ConfigurationError | E>) =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(Effect.scoped(Layer.build(layer)))
    assert.isTrue(typeof error === "object" && error !== null && "issues" in error)
    return (error as ConfigurationError).issues.map(({ name }) => name)
  })

/** Options as a program without types has them. */
export const untyped = (json: string) => JSON.parse(json)
