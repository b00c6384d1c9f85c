/** The journals of commands: in a file, or in PostgreSQL. */
import type { Journal } from "@kimi-effect/client/journal/Journal"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import type { JournalStoreError } from "@kimi-effect/core/JournalErrors"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as FileSystem from "effect/FileSystem"
import { type CommandError, wrongFlag } from "./commandError.ts"
import * as configuration from "./configuration.ts"
import * as InputFile from "./inputFile.ts"
import type { Given } from "./optionFlags.ts"

const variable = "DATABASE_URL"

const isUrl = (text: string): boolean => /^postgres(?:ql)?:\/\//.test(text)

const isOtherUrl = (text: string): boolean => /^[a-z][a-z\d+.-]+:\/\//i.test(text) && !isUrl(text)

/** As the stores of options are named, in place of a path. */
const isBlankStore = (text: string): boolean => /^(?:sqlite|file):\s*$/.test(text)

const isAddress = (text: string): boolean => isUrl(text) && URL.canParse(text)

const expectedAddress = "the address of a PostgreSQL server, which begins with postgres:// or postgresql://"

const postgres = (url: string | Redacted.Redacted<string>, schema: Option.Option<string>) =>
  Effect.map(
    loadModule(() => import("@kimi-effect/client/postgres/Journal")),
    ({ layerPostgres }) => layerPostgres({ url, schema: Option.getOrUndefined(schema) })
  )

/** The URL has a password, so it is not an argument: every user of the system can see those. */
export const layerPostgres = (given: Given, schema: Option.Option<string>) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const { provider } = yield* configuration.loadWithoutKey(given)
      const url = yield* Config.Redacted(variable).pipe(
        Effect.provideService(ConfigProvider.ConfigProvider, provider),
        Effect.filterOrFail((text) => isAddress(Redacted.value(text))),
        Effect.mapError(() =>
          ConfigurationError.of([
            { name: variable, expected: `${expectedAddress}, in the environment or in the --dotenv` }
          ])
        )
      )
      return yield* postgres(url, schema)
    })
  )

/** Where a command keeps its journal, from its flags. */
export interface JournalFlags {
  readonly journal: string
  readonly schema: Option.Option<string>
}

/** A journal in a file, or in PostgreSQL: by its address without a password, or by that of `DATABASE_URL`. */
export const layer = (
  given: Given,
  { journal, schema }: JournalFlags,
  mode: "create" | "existing"
): Layer.Layer<
  Journal,
  CommandError | ConfigurationError | JournalStoreError,
  FileSystem.FileSystem | Layer.Services<ReturnType<typeof layerPostgres>>
> => {
  if (journal === "postgres") return layerPostgres(given, schema)
  const made = Effect.gen(function* () {
    if (isUrl(journal)) {
      if (!isAddress(journal)) return yield* Effect.fail(wrongFlag("--journal", expectedAddress))
      if (new URL(journal).password !== "") {
        const expected = `an address without a password, or postgres for the one in ${variable}`
        return yield* Effect.fail(wrongFlag("--journal", expected))
      }
      return yield* postgres(journal, schema)
    }
    // As a path, it would create folders of its parts, and its password would be their name.
    if (isOtherUrl(journal) || isBlankStore(journal))
      return yield* Effect.fail(wrongFlag("--journal", `the path of a file, or ${expectedAddress}`))
    // The journal would be in another place than the one that is meant.
    if (Option.isSome(schema)) return yield* Effect.fail(wrongFlag("--schema", "a --journal in PostgreSQL"))
    if (mode === "existing") yield* InputFile.check(journal)
    const { layerSqlite } = yield* loadModule(() => import("@kimi-effect/client/node/Journal"))
    return layerSqlite({ filename: journal })
  })
  return Layer.unwrap(made)
}
