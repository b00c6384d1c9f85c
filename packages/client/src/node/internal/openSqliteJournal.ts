/** Makes a journal in a SQLite file. It is loaded by the first one. */
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import type { JournalStoreError } from "@kimi-effect/core/JournalErrors"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as OnStore from "../../journal/internal/OnStore.ts"
import type * as Core from "../../journal/Journal.ts"
import type { SqliteOptions } from "../Journal.ts"
import * as SqliteJournalStore from "./SqliteJournalStore.ts"

export const makeSqlite = (
  options: SqliteOptions
): Effect.Effect<Core.Journal["Service"], ConfigurationError | JournalStoreError, Scope.Scope> =>
  Effect.gen(function* () {
    const { durability = "process", filename } = options
    yield* OptionRules.check("Journal", [
      ...OnStore.rulesOf(options),
      [
        "filename",
        typeof filename === "string" && filename.trim() !== "" && !filename.startsWith(":") && !filename.includes("\0"),
        "the path of a file"
      ],
      OptionRules.oneOf("durability", durability, ["process", "power"])
    ])
    return yield* OnStore.make(yield* SqliteJournalStore.make(filename, durability), options)
  })
