/** `kimi batch` */
import { existsSync } from "node:fs"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import { batchInputFlags } from "../batchInputFlags.ts"
import * as Numbers from "../numberFlags.ts"
import { wrongFlag } from "../commandError.ts"
import { jsonFlag, optionFlags } from "../optionFlags.ts"
import { failed } from "./batchFailed.ts"
import { cancel, forget, hostFlags, list, loadHost, resume, status } from "./batchHost.ts"
import { repair } from "./batchRepair.ts"
import { loadShared, shared, sharedFlags } from "./batchShared.ts"
import { pathArgument } from "../pathParams.ts"
import { tagFlag } from "../rowTags.ts"

const load = loadModule(() => import("../handlers/batch.ts"))

const output = pathArgument("output").pipe(
  Argument.withDescription(
    "The JSONL file of the answers, one line for each row; compressed if it ends with .gz. - is standard output."
  )
)

const run = Command.make(
  "run",
  {
    input: pathArgument("input").pipe(
      Argument.withDescription(
        "The JSONL or CSV file of the requests or prompts, which may be compressed as .gz. - is standard input."
      )
    ),
    output,
    rows: Flag.Int("rows").pipe(
      Flag.withDescription("Rows in flight in this process. Default: 16."),
      Numbers.positive,
      Flag.optional
    ),
    read: batchInputFlags,
    sharing: sharedFlags,
    host: hostFlags,
    rerun: tagFlag("rerun").pipe(
      Flag.withDescription("Runs failed rows again, by the tag of their error. May be repeated."),
      Flag.withMetavar("tag"),
      Flag.between(0, 100)
    ),
    json: jsonFlag,
    options: optionFlags
  },
  ({ host, rows, sharing: { schema, shared }, ...given }) =>
    Effect.gen(function* () {
      const input = { ...given, rows: Option.getOrElse(rows, () => 16) }
      if (Option.isSome(schema) && Option.isNone(shared)) {
        return yield* Effect.fail(wrongFlag("--schema", "a --shared, whose batch is in PostgreSQL"))
      }
      if (host.mode === "host" && Option.isSome(rows)) {
        return yield* Effect.fail(wrongFlag("--rows", "a --mode of local or auto: the host runs all rows of a batch"))
      }
      // A job that has been at the host may have a batch there, whose rows would be paid twice.
      if (host.mode !== "local" || existsSync(`${input.output}.host.json`)) {
        return yield* (yield* loadHost).run({ ...input, isShared: Option.isSome(shared) }, host)
      }
      // Without a word, the rows would run here at the full price.
      if (Option.isSome(host.window)) return yield* Effect.fail(wrongFlag("--window", "a --mode of host or auto"))
      if (Option.isSome(host.poll)) return yield* Effect.fail(wrongFlag("--poll", "a --mode of host or auto"))
      const { deadline } = host
      if (Option.isNone(shared)) return yield* (yield* load).run({ ...input, deadline })
      if (Option.isSome(deadline)) return yield* Effect.fail(wrongFlag("--deadline", "no --shared"))
      return yield* (yield* loadShared).run({ ...input, id: shared.value, schema })
    })
).pipe(
  Command.withDescription(
    "Runs the requests of a file, or continues where it ended: the same command resumes it. With standard output as the output, the result is written to stderr. Exits with 1 if the batch was stopped by its deadline, rows have failed or lines are no rows, and with the code of the error that has stopped it, such as 11 for a key that the host refuses."
  ),
  Command.withExamples([
    { command: "kimi batch run questions.jsonl answers.jsonl", description: "Run a file, or continue it" },
    {
      command: 'kimi batch run reviews.csv answers.jsonl.gz --template "Is this positive? {review}"',
      description: "Make prompts of the columns of a table"
    },
    {
      command: "kimi batch run questions.jsonl answers.jsonl --shared november",
      description: "Run this on several machines, with DATABASE_URL in the environment of each"
    },
    {
      command: "kimi batch run questions.jsonl answers.jsonl --mode auto --deadline '2 days'",
      description: "Run at the host at a lower price, if that is early enough"
    },
    {
      command: "kimi batch run questions.jsonl answers.jsonl --rerun TotalTimeoutError",
      description: "Run the rows again that took too long"
    }
  ])
)

export const batch = Command.make("batch").pipe(
  Command.withDescription("Runs the requests of a file, which can be interrupted and continued."),
  Command.withShortDescription("Run the requests of a file"),
  Command.withSubcommands([run, status, list, resume, cancel, forget, failed, repair, shared])
)
