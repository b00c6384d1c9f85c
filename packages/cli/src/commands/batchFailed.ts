/** `kimi batch failed` */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import { jsonFlag } from "../optionFlags.ts"
import { pathArgument } from "../pathParams.ts"
import { tagFlag } from "../rowTags.ts"

const load = loadModule(() => import("../handlers/batchFailed.ts"))

export const failed = Command.make(
  "failed",
  {
    output: pathArgument("output").pipe(Argument.withDescription("The file of the answers.")),
    tag: tagFlag("tag").pipe(
      Flag.withDescription("Only rows with an error of this tag. May be repeated."),
      Flag.withMetavar("tag"),
      Flag.between(0, 100)
    ),
    json: jsonFlag
  },
  (input) => Effect.flatMap(load, ({ failed }) => failed(input))
).pipe(
  Command.withDescription(
    "Lists the failed rows of an output with their errors, of a running batch too. Needs neither a key nor a network."
  )
)
