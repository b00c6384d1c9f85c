/** Swarms in a journal: flags of `kimi swarm`, and `kimi swarm status`, `resume` and `cancel`. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import * as Numbers from "../numberFlags.ts"
import { jsonFlag, optionFlags } from "../optionFlags.ts"
import { pathFlag } from "../pathParams.ts"
import { schemaFlag } from "../schemaFlag.ts"
import { textArgument, textFlag } from "../textParams.ts"

const load = loadModule(() => import("../handlers/swarmJournal.ts"))

export const html = pathFlag("html").pipe(
  Flag.withDescription("Writes the timeline of the agents as a page. Replaces no file but a page."),
  Flag.withMetavar("file"),
  Flag.optional
)

const journalFlag = pathFlag("journal").pipe(
  Flag.withDescription(
    "Records the swarm, so that it can be continued: the path of a file, or for several machines the address of a PostgreSQL server without a password, or postgres for the address in DATABASE_URL."
  ),
  Flag.withMetavar("file or address")
)

const schema = schemaFlag("the journal")

const expectedId = "the id of a swarm, which is not empty"

/** Flags of a run. */
export const runFlags = {
  journal: Flag.optional(journalFlag),
  id: textFlag("id", expectedId).pipe(
    Flag.withDescription(
      "The id of the swarm in its journal. Defaults to one that is made from the task, so that the same command continues it."
    ),
    Flag.optional
  ),
  schema
}

const common = {
  id: textArgument("id", expectedId).pipe(
    Argument.withDescription(
      "The id of the swarm, which kimi swarm writes to stderr. One that begins with - is given after --, as the last argument."
    )
  ),
  journal: journalFlag,
  schema,
  json: jsonFlag,
  options: optionFlags
}

export const status = Command.make("status", common, (input) =>
  Effect.flatMap(load, (handlers) => handlers.status(input))
).pipe(
  Command.withDescription(
    "Shows how far a swarm in a journal is, also while it runs. It is only read; needs neither a key nor the host."
  )
)

const cost = Flag.String("cost").pipe(
  Flag.withDescription("The most that the swarm may cost, in place of the amount that it began with."),
  Flag.withMetavar("amount"),
  Numbers.amount,
  Flag.optional
)

export const resume = Command.make("resume", { ...common, cost, html }, (input) =>
  Effect.flatMap(load, (handlers) => handlers.resume(input))
).pipe(
  Command.withDescription(
    "Continues a swarm in a journal with its task: after Ctrl-C, the end of its process, or a suspension. What was answered is not requested again. While another process works on it, this one takes part. Give the same model."
  ),
  Command.withExamples([
    { command: "kimi swarm resume audit --journal audit.db", description: "Continue a swarm that was interrupted" }
  ])
)

export const cancel = Command.make("cancel", common, (input) =>
  Effect.flatMap(load, (handlers) => handlers.cancel(input))
).pipe(
  Command.withDescription(
    "Ends a swarm in a journal in all its processes. It cannot be continued; a swarm that is finished keeps its result. Needs no key."
  )
)
