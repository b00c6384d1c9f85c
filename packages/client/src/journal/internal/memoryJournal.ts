/** Makes a journal in memory. It is loaded by the first one. */
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Journal, Options } from "../Journal.ts"
import * as MemoryStore from "./MemoryStore.ts"
import * as OnStore from "./OnStore.ts"

export const makeMemory = (options: Options): Effect.Effect<Journal["Service"], ConfigurationError, Scope.Scope> =>
  OptionRules.check("Journal", OnStore.rulesOf(options)).pipe(
    Effect.andThen(MemoryStore.make),
    Effect.flatMap((store) => OnStore.make(store, options))
  )
