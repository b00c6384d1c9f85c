/** `kimi batch shared`, and the flags of `kimi batch run` for it. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import { jsonFlag, optionFlags } from "../optionFlags.ts"
import { pathFlag } from "../pathParams.ts"
import { schemaFlag } from "../schemaFlag.ts"
import { textArgument, textFlag } from "../textParams.ts"

export const loadShared = loadModule(() => import("../handlers/batchShared.ts"))

const schema = schemaFlag("a shared batch")

const expectedId = "the id of a shared batch, which is not empty"

export const sharedFlags = {
  shared: textFlag("shared", expectedId).pipe(
    Flag.withDescription(
      "Shares the batch under this id with other processes that run the same command, through the PostgreSQL of DATABASE_URL."
    ),
    Flag.withMetavar("id"),
    Flag.optional
  ),
  schema
}

export const shared = Command.make(
  "shared",
  {
    id: textArgument("id", expectedId).pipe(Argument.withDescription("The id that kimi batch run --shared was given.")),
    schema,
    cancel: Flag.Boolean("cancel").pipe(
      Flag.withDescription(
        "Ends the batch: its processes complete the rows in flight and leave. One that is complete keeps its results."
      ),
      Flag.withDefault(false)
    ),
    write: pathFlag("write").pipe(
      Flag.withDescription("Writes the results so far, in the order of the input."),
      Flag.withMetavar("output"),
      Flag.optional
    ),
    json: jsonFlag,
    options: optionFlags
  },
  (input) => Effect.flatMap(loadShared, ({ show }) => show(input))
).pipe(
  Command.withDescription(
    "Shows how far a batch is that several processes share through the PostgreSQL of DATABASE_URL. Needs no key."
  )
)
