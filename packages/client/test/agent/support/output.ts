/** Runs structured output with a provider in memory. */
import { MockProvider, type Script } from "@kimi-effect/testing"
import { assert } from "@effect/vitest"
import { Effect, Exit, Option } from "effect"
import type { KimiClient } from "../../../src/KimiClient.ts"

/** Runs an effect with a provider that answers so, and returns its exit with the requests. */
export const play = <A, E>(
  script: Script.Script,
  effect: Effect.Effect<A, E, KimiClient>,
  config?: Parameters<typeof MockProvider.layerClient>[1]
) =>
  Effect.gen(function* () {
    const mock = yield* MockProvider.MockProvider
    const exit = yield* Effect.exit(effect)
    return { exit, requests: (yield* mock.requests).map(({ request }) => request) }
  }).pipe(Effect.provide(MockProvider.layerClient({ script }, config)))

export const succeeded = <A, E>(exit: Exit.Exit<A, E>): A =>
  Exit.isSuccess(exit) ? exit.value : assert.fail(String(exit))

export const failed = <A, E>(exit: Exit.Exit<A, E>): E => Option.getOrThrow(Exit.findErrorOption(exit))
