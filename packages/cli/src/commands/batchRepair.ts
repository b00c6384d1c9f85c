/** `kimi batch repair` */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import { jsonFlag } from "../optionFlags.ts"
import { pathArgument } from "../pathParams.ts"

const load = loadModule(() => import("../handlers/batchRepair.ts"))

export const repair = Command.make(
  "repair",
  {
    output: pathArgument("output").pipe(
      Argument.withDescription("The damaged file of the answers, which stays as it is.")
    ),
    to: pathArgument("to").pipe(
      Argument.withDescription("The new file of the answers, which does not exist; compressed if it ends with .gz.")
    ),
    json: jsonFlag
  },
  (input) => Effect.flatMap(load, ({ repair }) => repair(input))
).pipe(
  Command.withDescription(
    "Writes every whole row of a damaged output into a new one, with which kimi batch run continues: it requests only the rows that are lost. Rows of a run whose input was changed meanwhile are left out. A compressed output consists of members of about 256 KiB of rows: a damaged member is lost as a whole, but for one that was cut off at the end, whose rows before the cut are kept. Do not run the damaged output any further. Needs neither a key nor a network."
  ),
  Command.withExamples([
    {
      command: "kimi batch repair answers.jsonl.gz answers.repaired.jsonl.gz",
      description: "Keep what can be decompressed"
    }
  ])
)
