/** Flags that describe the input of a batch. */
import { hostReasoningEfforts, reasoningEfforts } from "@kimi-effect/core/ModelCatalog"
import * as Flag from "effect/cli/Flag"
import * as Numbers from "./numberFlags.ts"
import { textFlag } from "./textParams.ts"

export const batchInputFlags = {
  format: Flag.Literals("format", ["jsonl", "csv"]).pipe(
    Flag.withDescription("The format of the input. Default: csv for .csv and .tsv files, and else jsonl."),
    Flag.optional
  ),
  separator: Flag.String("separator").pipe(
    Flag.withDescription(
      "The separator of a CSV input. Not with a .jsonl file, unless --format is csv. Default: a tab for .tsv files, and else a comma."
    ),
    Flag.withMetavar("character"),
    Flag.optional
  ),
  column: textFlag("column", "a name that is not empty").pipe(
    Flag.withDescription(
      "The member or column of each row with the prompt, if the lines are not requests. Not with --template."
    ),
    Flag.optional
  ),
  template: textFlag("template", "a text with a column in braces, such as {text}").pipe(
    Flag.withDescription('A prompt with columns in braces, such as "Summarize {title}: {text}".'),
    Flag.withMetavar("text"),
    Flag.optional
  ),
  idColumn: textFlag("id-column", "a name that is not empty").pipe(
    Flag.withDescription("The column with the ids of rows. Default: id or custom_id, and else the line."),
    Flag.withMetavar("column"),
    Flag.optional
  ),
  system: textFlag("system").pipe(
    Flag.withDescription("The system message of each prompt."),
    Flag.withMetavar("text"),
    Flag.optional
  ),
  maxTokens: Numbers.wholeNumber("max-tokens").pipe(
    Flag.withDescription("The most tokens of each response to a prompt, reasoning included."),
    Numbers.positive,
    Flag.optional
  ),
  effort: Flag.Literals("effort", hostReasoningEfforts).pipe(
    Flag.withDescription(
      `Thinking effort for each prompt of K3 models: ${reasoningEfforts.join(", ")}. Hosts other than Moonshot have further ones.`
    ),
    Flag.optional
  )
}
