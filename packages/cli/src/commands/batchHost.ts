/** Batches at the host: flags of `kimi batch run`, `kimi batch status`, `kimi batch resume`, and `kimi batch cancel`. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import * as Numbers from "../numberFlags.ts"
import { jsonFlag, optionFlags } from "../optionFlags.ts"
import { pathArgument } from "../pathParams.ts"

export const loadHost = loadModule(() => import("../handlers/batchHost.ts"))
const loadState = loadModule(() => import("../handlers/batchHostState.ts"))

const window = Flag.String("window").pipe(
  Flag.withDescription("Time within which the host ends a batch, from 12 hours to 7 days. Default: 24 hours."),
  Flag.withMetavar("time"),
  Numbers.time,
  Flag.optional
)

const interval = Flag.String("poll").pipe(
  Flag.withDescription("First pause between polls of a batch; it grows to 5 minutes. Default: 10 seconds."),
  Flag.withMetavar("time"),
  Numbers.time,
  Flag.optional
)

/** Flags of a run. */
export const hostFlags = {
  mode: Flag.Literals("mode", ["local", "host", "auto"]).pipe(
    Flag.withDescription(
      "Where the rows run: in this process, at the host at 60 % of the price within hours or days, or where it costs less and ends before the deadline. Default: local."
    ),
    Flag.withDefault("local" as const)
  ),
  window,
  deadline: Flag.String("deadline").pipe(
    Flag.withDescription(
      'Time within which the results are needed, such as "2 days": rows that run in this process are stopped then. With --mode host at least 12 hours.'
    ),
    Flag.withMetavar("time"),
    Numbers.time,
    Flag.optional
  ),
  poll: interval
}

const target = pathArgument("target").pipe(
  Argument.withDescription("The file of the answers, or the id of a batch at the host.")
)

export const status = Command.make("status", { target, json: jsonFlag, options: optionFlags }, (input) =>
  Effect.flatMap(loadState, ({ status }) => status(input))
).pipe(
  Command.withDescription(
    "Counts the rows of an output, and shows whether its batch runs, can be continued, is at the host or is finished, which needs neither a key nor a network; or asks the host for a batch by its id."
  )
)

export const list = Command.make("list", { json: jsonFlag, options: optionFlags }, (input) =>
  Effect.flatMap(loadState, ({ list }) => list(input))
).pipe(
  Command.withDescription(
    "Lists the newest 100 batches of the account at the host with their ids, which kimi batch resume collects."
  )
)

export const resume = Command.make(
  "resume",
  {
    target,
    output: pathArgument("output").pipe(
      Argument.withDescription("The JSONL file of the answers of a batch that is named by its id."),
      Argument.optional
    ),
    poll: interval,
    json: jsonFlag,
    options: optionFlags
  },
  (input) => Effect.flatMap(loadHost, ({ resume }) => resume(input))
).pipe(
  Command.withDescription(
    "Follows a batch at the host to its end and writes its answers: that of a job, which was started with --mode, or any batch by its id, also of another program. Lines of a batch by its id are those of the file at the host."
  ),
  Command.withExamples([
    { command: "kimi batch resume answers.jsonl", description: "Collect the batch of a job" },
    { command: "kimi batch resume batch-123 answers.jsonl", description: "Collect a batch by its id" }
  ])
)

export const cancel = Command.make("cancel", { target, json: jsonFlag, options: optionFlags }, (input) =>
  Effect.flatMap(loadState, ({ cancel }) => cancel(input))
).pipe(
  Command.withDescription(
    "Asks the host to cancel a batch. Rows that were run are billed: kimi batch resume writes their answers."
  )
)

export const forget = Command.make(
  "forget",
  {
    output: pathArgument("output").pipe(Argument.withDescription("The file of the answers of a job.")),
    force: Flag.Boolean("force").pipe(
      Flag.withDescription(
        "Forgets the batch without asking the host, which needs no key, also if its record is missing or damaged. Rows that the host runs nevertheless are paid twice."
      ),
      Flag.withDefault(false)
    ),
    json: jsonFlag,
    options: optionFlags
  },
  (input) => Effect.flatMap(loadState, ({ forget }) => forget(input))
).pipe(
  Command.withDescription(
    "Forgets the batch of a job that the host has lost or has ended without results, so that kimi batch run sends its rows again. The host is asked first: a batch that it has is not forgotten, nor is one of another account, whose file the host does not know either."
  )
)
