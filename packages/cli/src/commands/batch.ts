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
import { type UsageError, wrongFlag } from "../commandError.ts"
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

/** Rules of a run in this process, which stop it. */
const stopFlags = {
  cost: Flag.String("cost").pipe(
    Flag.withDescription(
      "Stops when the rows of this run have cost so much, such as '5 USD'. Rows in flight may cost more: --budget refuses rows before."
    ),
    Flag.withMetavar("amount"),
    Numbers.amount,
    Flag.optional
  ),
  errorRate: Numbers.number("error-rate").pipe(
    Flag.withDescription(
      "Stops when more than this share of at least 20 rows has failed, such as 0.1. Default: never."
    ),
    Flag.withMetavar("share"),
    Numbers.share,
    Flag.optional
  )
}

const orderFlag = Flag.Literals("order", ["completion", "input"]).pipe(
  Flag.withDescription("The order of the lines: as the rows are done, or that of the input. Default: completion."),
  Flag.optional
)

interface Given {
  readonly host: {
    readonly mode: "local" | "host" | "auto"
    readonly window: Option.Option<unknown>
    readonly poll: Option.Option<unknown>
    readonly deadline: Option.Option<unknown>
  }
  readonly isOfHost: boolean
  readonly isShared: boolean
  readonly order: Option.Option<"completion" | "input">
  readonly rows: Option.Option<number>
  readonly schema: Option.Option<string>
  readonly stop: { readonly cost: Option.Option<unknown>; readonly errorRate: Option.Option<unknown> }
}

/** Flags of which each needs what is not given. Without a word, they would have no effect. */
const misplaced = ({ host, isOfHost, isShared, order, rows, schema, stop }: Given): UsageError | undefined => {
  const needs: ReadonlyArray<readonly [flag: string, given: Option.Option<unknown>, isMet: boolean, needed: string]> = [
    ["--schema", schema, isShared, "a --shared, whose batch is in PostgreSQL"],
    ["--rows", rows, host.mode !== "host", "a --mode of local or auto: the host runs all rows of a batch"],
    ["--order", order, !isOfHost && !isShared, "a batch that runs in this process alone"],
    ["--cost", stop.cost, !isOfHost && !isShared, "a batch that runs in this process alone: --budget limits others"],
    ["--error-rate", stop.errorRate, !isOfHost && !isShared, "a batch that runs in this process alone"],
    ["--window", host.window, isOfHost, "a --mode of host or auto"],
    ["--poll", host.poll, isOfHost, "a --mode of host or auto"],
    ["--deadline", host.deadline, isOfHost || !isShared, "no --shared"]
  ]
  const wrong = needs.find(([, given, isMet]) => Option.isSome(given) && !isMet)
  return wrong === undefined ? undefined : wrongFlag(wrong[0], wrong[3])
}

const run = Command.make(
  "run",
  {
    input: pathArgument("input").pipe(
      Argument.withDescription(
        "The JSONL or CSV file of the requests or prompts, which may be compressed as .gz. - is standard input."
      )
    ),
    output,
    rows: Numbers.wholeNumber("rows").pipe(
      Flag.withDescription("Rows in flight in this process. Default: 16."),
      Numbers.positive,
      Flag.optional
    ),
    order: orderFlag,
    read: batchInputFlags,
    sharing: sharedFlags,
    host: hostFlags,
    rerun: tagFlag("rerun").pipe(
      Flag.withDescription("Runs failed rows again, by the tag of their error. May be repeated."),
      Flag.withMetavar("tag"),
      Flag.between(0, 100)
    ),
    stop: stopFlags,
    json: jsonFlag,
    options: optionFlags
  },
  ({ host, order, rows, sharing: { schema, shared }, stop, ...given }) =>
    Effect.gen(function* () {
      const input = { ...given, rows: Option.getOrElse(rows, () => 16) }
      // A job that has been at the host may have a batch there, whose rows would be paid twice.
      const isOfHost = host.mode !== "local" || existsSync(`${input.output}.host.json`)
      const wrong = misplaced({ host, isOfHost, isShared: Option.isSome(shared), order, rows, schema, stop })
      if (wrong !== undefined) return yield* Effect.fail(wrong)
      if (isOfHost) return yield* (yield* loadHost).run({ ...input, isShared: Option.isSome(shared) }, host)
      if (Option.isSome(shared)) return yield* (yield* loadShared).run({ ...input, id: shared.value, schema })
      return yield* (yield* load).run({ ...input, order, stop: { ...stop, deadline: host.deadline } })
    })
).pipe(
  Command.withDescription(
    "Runs the requests of a file, or continues where it ended: the same command resumes it. With standard output as the output, the result is written to stderr. Exits with 1 if the batch was stopped by its deadline, --cost or --error-rate, rows have failed or lines are no rows, and with the code of the error that has stopped it, such as 11 for a key that the host refuses."
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
  Command.withSubcommands([run, status, list, resume, cancel, forget, failed, repair, shared])
)
