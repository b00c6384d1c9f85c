/** `kimi cost` */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { handler } from "../handler.ts"
import * as Numbers from "../numberFlags.ts"
import { batchInputFlags } from "../batchInputFlags.ts"
import { jsonFlag, optionFlags } from "../optionFlags.ts"
import { pathArgument } from "../pathParams.ts"

export const cost = Command.make(
  "cost",
  {
    file: pathArgument("file").pipe(
      Argument.withDescription(
        "The input of kimi batch run, which is read as it is there; with --text, a prompt on each line. - is standard input."
      )
    ),
    text: Flag.Boolean("text").pipe(
      Flag.withDescription("Each line of the file is a prompt; not with the flags of columns and formats."),
      Flag.withDefault(false)
    ),
    read: batchInputFlags,
    outputTokens: Numbers.wholeNumber("output-tokens").pipe(
      Flag.withDescription("Tokens of a likely response. Default: 500."),
      Numbers.positive,
      Flag.withDefault(500)
    ),
    batch: Flag.Boolean("batch").pipe(
      Flag.withDescription(
        "At the price of the host's batches. Rows of a model of which the host runs no batches would fail, and are not in the amounts."
      ),
      Flag.withDefault(false)
    ),
    json: jsonFlag,
    options: optionFlags
  },
  handler(() => import("../handlers/cost.ts"))
).pipe(
  Command.withDescription(
    "Computes what the requests of a file will cost before they are sent: likely, and at the worst. Rows that are equal to a recent one are requested once, and likely paid for once; lines of --text are each paid for. Works without a network. Exits with 1 if lines are no rows, which are counted and not in the amounts."
  ),
  Command.withExamples([
    { command: "kimi cost requests.jsonl", description: "Likely and worst cost" },
    { command: "kimi cost prompts.txt --text --output-tokens 200", description: "Plain prompts with short responses" }
  ])
)
