/** `kimi cost` */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { handler } from "../handler.ts"
import { jsonFlag, optionFlags } from "../optionFlags.ts"

export const cost = Command.make(
  "cost",
  {
    file: Argument.String("file").pipe(
      Argument.withDescription(
        "JSON Lines of chat requests, or of requests in the batch form; with --text, a prompt on each line."
      )
    ),
    text: Flag.Boolean("text").pipe(
      Flag.withDescription("Each line of the file is a prompt."),
      Flag.withDefault(false)
    ),
    outputTokens: Flag.Int("output-tokens").pipe(
      Flag.withDescription("Tokens of a likely response. Default: 500."),
      Flag.withDefault(500)
    ),
    batch: Flag.Boolean("batch").pipe(
      Flag.withDescription("At the price of the host's batches."),
      Flag.withDefault(false)
    ),
    json: jsonFlag,
    options: optionFlags
  },
  handler(() => import("../handlers/cost.ts"))
).pipe(
  Command.withDescription(
    "Computes what the requests of a file will cost before they are sent: likely, and at the worst. Works without a network."
  ),
  Command.withShortDescription("Compute what requests will cost"),
  Command.withExamples([
    { command: "kimi cost requests.jsonl", description: "Likely and worst cost" },
    { command: "kimi cost prompts.txt --text --output-tokens 200", description: "Plain prompts with short responses" }
  ])
)
